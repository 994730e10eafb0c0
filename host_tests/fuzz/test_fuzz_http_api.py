# SPDX-License-Identifier: Apache-2.0
"""The HTTP API against requests made of openapi.json, under sanitizers; fuzz_http_api.py does the same with more."""

import pytest

import native_build
from fuzz_http_api import run

pytestmark = pytest.mark.slow

REQUESTS = 4000
OFTEN_ENOUGH = {200, 204, 206, 400, 401, 403, 404, 405, 409, 411, 412, 413, 421, 422, 428, 429}
NEVER_DONE = {
    "POST /rules/presets",  # the small model has no such classes
    "POST /storage/{volume}/format",  # a folder needs none
    # The small device has no slots; host_tests/test_updates.py has one with them.
    "PUT /update/firmware",
    "PUT /update/model",
    "POST /update/firmware/back",
    "POST /update/model/back",
}


def test_generated_requests_get_the_described_answers_and_no_memory_is_lost() -> None:
    fuzzer = run(REQUESTS, 1, native_build.sanitizer_environment(leaks=True))
    assert set(fuzzer.statuses) >= OFTEN_ENOUGH
    assert {name for name, (_, done) in fuzzer.operations.items() if not done} <= NEVER_DONE
