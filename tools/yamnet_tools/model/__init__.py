# SPDX-License-Identifier: Apache-2.0
"""The model: found, cut out of Google's file, proved, written and loaded."""

from yamnet_tools.model.conversion import ConversionResult, convert
from yamnet_tools.model.load import TensorQuantization, YamnetModel, load_model

__all__ = ["ConversionResult", "TensorQuantization", "YamnetModel", "convert", "load_model"]
