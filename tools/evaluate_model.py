#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says how good models are on labelled recordings."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.evaluate.command import main

if __name__ == "__main__":
    sys.exit(run(main))
