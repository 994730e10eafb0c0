# SPDX-License-Identifier: Apache-2.0
"""The firmware's own HTTP server, with ESP-IDF's Linux target: the API behind esp_http_server."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from firmware_http import (
    KITCHEN,
    LIVE,
    Site,
    check_it_tells_what_the_console_tells,
    check_nobody_misses_anything,
    check_what_is_kept_can_be_had,
    listen,
)
from firmware_targets import build, free_port, run_on_linux

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app() -> Path:
    return build("linux", "linux", ["sdkconfig.defaults"])


@contextmanager
def running(app: Path, model_dir: Path, state: Path) -> Iterator[Site]:
    port = free_port()
    with run_on_linux(app, model_dir, KITCHEN, state=state, http_port=port) as console:
        yield Site(port, console.ask("token")["token"], console)


@pytest.fixture
def site(app: Path, model_dir: Path, tmp_path: Path) -> Iterator[Site]:
    with running(app, model_dir, tmp_path) as site:
        yield site


def test_it_tells_what_the_console_tells(site: Site) -> None:
    check_it_tells_what_the_console_tells(site)


def test_what_is_kept_can_be_had(site: Site, tmp_path: Path) -> None:
    clip = check_what_is_kept_can_be_had(site)
    stored = tmp_path / "events" / clip
    assert site.download(clip) == stored.read_bytes()
    with site.ask("DELETE", f"clips/{clip}") as answer:
        assert answer.status == 204
    assert not stored.exists()


def test_it_hears_as_fast_as_it_can_while_others_listen_and_go(site: Site) -> None:
    with listen(site, ["scores"] * 5 + ["audio.wav"] * 3 + ["events?live"]) as listeners:
        for listener in listeners[:4]:
            listener.close()
        site.console.wait_for_log("the recording has ended")
    audio = site.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)


def test_under_load_nobody_misses_anything(model_dir: Path, tmp_path: Path) -> None:
    with running(build("linux-live", "linux", ["sdkconfig.defaults"], LIVE), model_dir, tmp_path) as site:
        check_nobody_misses_anything(site)


def test_bad_clients_harm_nobody(site: Site) -> None:
    endless = b"POST /api/v1/rules/check HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 9999
    for data in (b"GET /", b"\x16\x03\x01\x02", endless):
        with socket.create_connection(("127.0.0.1", site.port), timeout=5) as line:
            line.sendall(data)
    with suppress(OSError), site.ask("GET", "x" * 3000) as answer:
        assert answer.status in (400, 414)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            assert site.json("status")["boot"]["ready"] is True
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("it does not answer any more")


def test_a_restart_is_answered_and_done(site: Site) -> None:
    with site.ask("POST", "restart") as answer:
        assert answer.status == 202
    with pytest.raises(EOFError):
        site.console.wait_for_log("said by nobody", 10)
