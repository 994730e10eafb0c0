#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All tests that build and run the firmware without a board: for Linux, in QEMU, and against the simulated device.
# Needs ESP-IDF 5.5 with its export.sh sourced, the compiler for the ESP32-S3 and Espressif's QEMU. Arguments go to each pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

missing() {
  echo "test_firmware: needs $1" >&2
  exit 1
}
[ -n "${IDF_PATH:-}" ] && command -v idf.py >/dev/null || missing "ESP-IDF 5.5: source its export.sh"
command -v xtensa-esp32s3-elf-gcc >/dev/null || missing "the compiler for the chip: ESP-IDF's install.sh esp32s3"
[ -z "${YAMNET_QEMU:-}" ] || PATH="$(dirname "$YAMNET_QEMU"):$PATH"
command -v qemu-system-xtensa >/dev/null || missing "QEMU: python \$IDF_PATH/tools/idf_tools.py install qemu-xtensa"

tools/setup_env.sh dev
pytest=.venv/bin/pytest
failed=0
run() {
  echo "== pytest $*" >&2
  "$pytest" "$@" || failed=1
}
run host_tests/firmware "$@" # also builds what follows
run host_tests/hil --device sim "$@"
run host_tests/hil --device linux --build-dir out/firmware/linux "$@"
run host_tests/hil --device qemu --build-dir out/firmware/qemu "$@"
exit $failed
