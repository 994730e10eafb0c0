# SPDX-License-Identifier: Apache-2.0
"""Recommends thresholds for an event rule from recordings. See --help."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.events.tune import main

if __name__ == "__main__":
    sys.exit(run(main))
