#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes out/model/yamnet.tflite from Google's int8 YAMNet."""

import sys

from yamnet_tools.cli import run
from yamnet_tools.model.command import main

if __name__ == "__main__":
    sys.exit(run(main))
