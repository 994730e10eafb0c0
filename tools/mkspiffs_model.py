#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes out/model/yamnet_spiffs.bin, the content of the device's model partition."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.model_image.command import main

if __name__ == "__main__":
    sys.exit(run(main))
