# SPDX-License-Identifier: Apache-2.0
"""Tells how well event rules hear in real rooms: found by signal to noise, false alarms, latency. See --help."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.rooms.command import main

if __name__ == "__main__":
    sys.exit(run(main))
