# SPDX-License-Identifier: Apache-2.0
"""Host side of YAMNet on ESP32-S3: model conversion, recordings, inference engines and what they heard."""

from importlib.metadata import version

__version__ = version("yamnet-tools")
