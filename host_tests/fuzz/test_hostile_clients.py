# SPDX-License-Identifier: Apache-2.0
"""Bad clients at real sockets of the PC's server, the device behind it under sanitizers.

That it ends well, without lost memory, is checked at the end. Firmware: firmware/test_http_on_linux.py.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import hostile_clients
import native_build
from small_server import PATIENCE_S, SmallSite, small_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallSite]:
    storage = tmp_path_factory.mktemp("device") / "storage"
    with small_server(storage, native_build.sanitizer_environment(leaks=True)) as server:
        yield server


@pytest.fixture
def site(server: SmallSite) -> Iterator[SmallSite]:
    yield server
    hostile_clients.still_well(server, 30)
    audio = server.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)


def test_hostile_bytes_harm_nobody(site: SmallSite) -> None:
    for _ in range(3):
        hostile_clients.send_all_and_hang_up(site)
    hostile_clients.still_well(site, 10)


def test_hostile_bytes_that_are_left_there_harm_nobody(site: SmallSite) -> None:
    with ExitStack() as stack:
        hostile_clients.leave_all_open(site, stack)
        hostile_clients.still_well(site, 10)


@pytest.mark.parametrize("name", hostile_clients.BYTES)
def test_hostile_bytes_are_refused_or_served(site: SmallSite, name: str) -> None:
    for answer in hostile_clients.answers(site, hostile_clients.BYTES[name], 1.5 * PATIENCE_S):
        assert answer < 500, answer


def test_who_drips_is_given_up(site: SmallSite) -> None:
    assert hostile_clients.drip(site, 10 * PATIENCE_S)


def test_a_body_that_takes_too_long_is_told(site: SmallSite) -> None:
    half = hostile_clients.BYTES["half a body"]
    assert hostile_clients.answers(site, half, 10 * PATIENCE_S) == [408]


def test_200_connections_get_an_answer_each(site: SmallSite) -> None:
    served, busy = hostile_clients.crowd(site, 200)
    assert served >= 50
    assert busy >= 50
    assert served + busy == 200


def test_200_connections_that_say_nothing_are_given_up(site: SmallSite) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(site.open_line())
        hostile_clients.still_well(site, 10 * PATIENCE_S)


def test_listeners_that_read_nothing_are_given_up(site: SmallSite) -> None:
    with ExitStack() as stack:
        for _ in range(70):
            hostile_clients.ask_and_read_nothing(site, "audio.wav", stack)
        hostile_clients.still_well(site, 60 * PATIENCE_S)


@pytest.mark.parametrize("path", ["audio.wav", "scores?mel", "events?live"])
def test_clients_that_go_mid_stream_leave_nothing(site: SmallSite, path: str) -> None:
    hostile_clients.leave_mid_stream(site, path, 10)
    before = site.open_files()
    hostile_clients.leave_mid_stream(site, path, 40)
    time.sleep(1)
    assert site.open_files() < before + 10


def test_what_too_many_are_told_is_a_problem_document(site: SmallSite) -> None:
    with ExitStack() as stack:
        for _ in range(70):
            stack.enter_context(site.open_line())
        with site.ask("GET", "status") as answer:
            assert answer.status == 503
            assert answer.getheader("Content-Type") == "application/problem+json"
            assert "too many" in json.loads(answer.read())["detail"]
