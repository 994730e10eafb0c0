# SPDX-License-Identifier: Apache-2.0
"""What would the device hear in this recording? See --help."""

import sys

from yamnet_tools.classify import main
from yamnet_tools.cli import run

if __name__ == "__main__":
    sys.exit(run(main))
