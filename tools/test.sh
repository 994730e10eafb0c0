#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All checks and tests, from a clean clone on. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup_env.sh dev
PATH="$PWD/.venv/bin:$PATH"
echo "test: style, types, spelling" >&2
pre-commit run --all-files
echo "test: host_tests" >&2
pytest "$@"
