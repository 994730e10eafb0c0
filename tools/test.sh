#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All checks and tests, from a clean clone on. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup_env.sh dev
PATH="$PWD/.venv/bin:$PATH"
# What some tests need, and skip without: a browser for the page, a broker for MQTT, who watches a fleet.
for program in chromium mosquitto prometheus; do
  PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null && continue
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || continue
  echo "test: installing $program" >&2
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$program"; } >/dev/null 2>&1 ||
    echo "test: $program cannot be had; its tests are skipped" >&2
done
echo "test: style, types, spelling" >&2
pre-commit run --all-files
echo "test: host_tests" >&2
pytest "$@"
