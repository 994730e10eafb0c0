#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks after many devices."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.fleet.command import main

if __name__ == "__main__":
    sys.exit(run(main))
