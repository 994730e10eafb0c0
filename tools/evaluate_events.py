# SPDX-License-Identifier: Apache-2.0
"""Judges the shipped event presets on labelled recordings. See --help."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.events.evaluate import main

if __name__ == "__main__":
    sys.exit(run(main))
