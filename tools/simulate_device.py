#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a simulated device."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.simulated_device.command import main

if __name__ == "__main__":
    sys.exit(run(main))
