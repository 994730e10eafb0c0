# SPDX-License-Identifier: Apache-2.0
"""Teaches a model sounds of one's own, from recordings. See --help."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.sounds.command import main

if __name__ == "__main__":
    sys.exit(run(main))
