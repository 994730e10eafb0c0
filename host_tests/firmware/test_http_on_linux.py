# SPDX-License-Identifier: Apache-2.0
"""The firmware's own HTTP server, with ESP-IDF's Linux target: the API behind esp_http_server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import hostile_clients
from firmware_events import wait_until_kept
from firmware_http import (
    KITCHEN,
    LIVE,
    Site,
    check_it_tells_what_the_console_tells,
    check_nobody_misses_anything,
    check_what_is_kept_can_be_had,
    complete_clip,
    listen,
)
from firmware_targets import build, free_port, run_on_linux

pytestmark = pytest.mark.slow

WELL_AGAIN_S = 60
NOT_THERE = (501, 505)
"""What esp_http_server says itself of methods and versions that it has not."""


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


@pytest.fixture(scope="module")
def shared_site(app: Path, model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(app, model_dir, tmp_path_factory.mktemp("firmware")) as site:
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


def test_a_download_whose_clip_goes_is_cut_off_and_not_left_hanging(site: Site) -> None:
    wait_until_kept(site.console, 1)
    clip = complete_clip(site)
    request = f"GET /api/v1/clips/{clip} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {site.token}\r\n\r\n"
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(10)
        line.connect(("127.0.0.1", site.port))
        line.sendall(request.encode())
        head, _, body = line.recv(2048).partition(b"\r\n\r\n")
        promised = int(head.partition(b"Content-Length: ")[2].split()[0])
        with site.ask("DELETE", f"clips/{clip}") as answer:
            assert answer.status == 204
        while piece := line.recv(65536):
            body += piece
    assert len(body) < promised


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
    hostile_clients.send_all_and_hang_up(site)
    hostile_clients.still_well(site, WELL_AGAIN_S)
    with ExitStack() as stack:
        hostile_clients.leave_all_open(site, stack)
        assert not hostile_clients.drip(site, 1)
        hostile_clients.still_well(site, WELL_AGAIN_S)
    for path in ("audio.wav", "scores?mel", "events?live"):
        hostile_clients.leave_mid_stream(site, path, 10)
        hostile_clients.still_well(site, WELL_AGAIN_S)
    served, _ = hostile_clients.crowd(site, 200)
    assert served > 0
    hostile_clients.still_well(site, WELL_AGAIN_S)
    audio = site.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)


@pytest.mark.parametrize("name", hostile_clients.BYTES)
def test_hostile_bytes_are_refused_or_served(shared_site: Site, name: str) -> None:
    statuses = hostile_clients.answers(shared_site, hostile_clients.BYTES[name], 1)
    assert all(status in (503, *NOT_THERE) or status < 500 for status in statuses), statuses
    hostile_clients.still_well(shared_site, WELL_AGAIN_S)


def test_a_restart_is_answered_and_done(site: Site) -> None:
    with site.ask("POST", "restart") as answer:
        assert answer.status == 202
    with pytest.raises(EOFError):
        site.console.wait_for_log("said by nobody", 10)
