#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All checks and tests, from a clean clone on. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup_env.sh dev
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v chromium >/dev/null; then
  echo "test: installing chromium, which the page's tests need" >&2
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
    || echo "test: chromium cannot be had; the page's tests are skipped" >&2
fi
PATH="$PWD/.venv/bin:$PATH"
if ! PATH="$PATH:/usr/sbin" command -v mosquitto >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "test: installing a broker for host_tests/test_mqtt_broker.py" >&2
  { apt-get update -qq && apt-get install -y -qq mosquitto; } >/dev/null || echo "test: none to be had; they will skip" >&2
fi
echo "test: style, types, spelling" >&2
pre-commit run --all-files
echo "test: host_tests" >&2
pytest "$@"
