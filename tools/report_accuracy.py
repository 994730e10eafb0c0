#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/accuracy.md and docs/model-card.md from measurements."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.evaluate.accuracy_command import main

if __name__ == "__main__":
    sys.exit(run(main))
