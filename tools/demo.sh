#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a clean clone to what the device would hear in an example: environment, model, classification with a plot.
# Usage: tools/demo.sh [CLIP]...
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- examples/audio/kitchen.wav

echo "[1/3] environment" >&2
tools/setup_env.sh
echo "[2/3] model" >&2
.venv/bin/python tools/convert_yamnet.py
echo "[3/3] what the device would hear" >&2
.venv/bin/python tools/classify.py --plot out/demo.png "$@"
echo "This is what the device would hear in $*." >&2
