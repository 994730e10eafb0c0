# SPDX-License-Identifier: Apache-2.0
"""The clips in examples/audio, made by the project itself."""

from yamnet_tools.examples.command import main

__all__ = ["main"]
