# SPDX-License-Identifier: Apache-2.0
"""tools/classify.py: hear a recording on a PC with the device's own code."""

from yamnet_tools.classify.app import main

__all__ = ["main"]
