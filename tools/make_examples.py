# SPDX-License-Identifier: Apache-2.0
"""Make the clips in examples/audio. See --help."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.examples import main

if __name__ == "__main__":
    sys.exit(run(main))
