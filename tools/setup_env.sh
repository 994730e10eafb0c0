#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes .venv with this project and everything its tools and tests need; does nothing when that is up to date.
# Usage: tools/setup_env.sh [EXTRA]...     extras as pyproject.toml names them
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "setup: needs Python 3.11 or newer; \`$python\` is not. Set PYTHON to one that is." >&2
  exit 1
}
command -v c++ >/dev/null || {
  echo "setup: needs a C++23 compiler (g++ 12 or newer), for instance: apt-get install g++" >&2
  exit 1
}

extras=$(IFS=,; echo "$*")
stamp=.venv/installed-${extras:-none}
stamps=("$stamp")
[ $# -gt 0 ] || stamps=(.venv/installed-*)  # the base came with whatever extras are there
for made in "${stamps[@]}"; do
  if [ -e "$made" ] && [ -z "$(find pyproject.toml components tools/device_core -newer "$made" -print -quit)" ]; then
    exit 0
  fi
done
if [ ! -x .venv/bin/python ]; then
  echo "setup: making .venv (the first time takes a minute or two)" >&2
  "$python" -m venv .venv
fi
PYTHONUNBUFFERED=1 .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off \
  --editable ".${extras:+[$extras]}" | while true; do
  if IFS= read -r -t 15 line; then
    :
  elif [ $? -gt 128 ]; then  # nothing came for a while
    echo "setup: still at it, ${SECONDS} s so far" >&2
    continue
  else
    break
  fi
  case $line in
    "Collecting "*) [ -n "${collecting:-}" ] || echo "setup: finding and fetching packages" >&2; collecting=1 ;;
    "Building wheels "*) echo "setup: compiling the device's C++ as a Python module" >&2 ;;
    "Installing collected "*) echo "setup: installing $(wc -w <<<"${line#*: }") packages" >&2 ;;
  esac
done
touch "$stamp"
