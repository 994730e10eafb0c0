#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the model to a board."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.flashing.command import main

if __name__ == "__main__":
    sys.exit(run(main))
