# SPDX-License-Identifier: Apache-2.0
"""The firmware's own HTTP server, with ESP-IDF's Linux target: the API behind esp_http_server."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from api_client import ApiClient
from firmware_console import Console
from firmware_events import wait_until_kept
from firmware_targets import CHECKOUT, build, free_port, run_on_linux

pytestmark = pytest.mark.slow

KITCHEN = CHECKOUT / "examples" / "audio" / "kitchen.wav"


@pytest.fixture(scope="module")
def app() -> Path:
    return build("linux", "linux", ["sdkconfig.defaults"])


@dataclass
class Site(ApiClient):
    """A running firmware, and its console."""

    console: Console


@pytest.fixture
def site(app: Path, model_dir: Path, tmp_path: Path) -> Iterator[Site]:
    port = free_port()
    with run_on_linux(app, model_dir, KITCHEN, state=tmp_path, http_port=port) as console:
        yield Site(port, console.ask("token")["token"], console)


def test_it_tells_what_the_console_tells(site: Site) -> None:
    with site.ask("GET", "status", Authorization="Bearer wrong") as answer:
        assert (answer.status, answer.getheader("Content-Type")) == (401, "application/problem+json")
    status, info = site.json("status"), site.console.ask("info")
    assert status["model"] == info["model"]
    assert status["selftest"]["passed"] is True
    assert len(site.json("classes")["classes"]) == 521
    lines = site.json("log")["lines"]
    assert any("boot: self-test" in line for line in lines)
    assert not any(" httpd: " in line for line in lines), "the server complains"
    with site.ask("GET", "openapi.json", Authorization="") as answer:
        assert json.loads(answer.read())["openapi"] == "3.1.0"


def test_what_is_kept_can_be_had(site: Site, tmp_path: Path) -> None:
    latest = wait_until_kept(site.console, 1)["latest"]
    told = site.json("events?limit=100")["events"]
    assert all(line in told for line in latest)
    clip = next(entry for entry in site.json("clips")["clips"] if not entry["recording"])
    stored = (tmp_path / "events" / clip["name"]).read_bytes()
    with site.ask("GET", f"clips/{clip['name']}") as answer:
        assert answer.read() == stored
    with site.ask("GET", f"clips/{clip['name']}", Range="bytes=100-199") as answer:
        assert (answer.status, answer.read()) == (206, stored[100:200])
    with site.ask("PUT", f"clips/{clip['name']}/star", {"starred": True}) as answer:
        assert answer.status == 204
    with site.ask("DELETE", f"clips/{clip['name']}") as answer:
        assert answer.status == 204
    assert not (tmp_path / "events" / clip["name"]).exists()


def test_many_listen_while_it_hears_and_it_stays_well(site: Site) -> None:
    listening = [site.ask("GET", path) for path in ["scores"] * 5 + ["audio.wav"] * 3 + ["events?live"]]
    assert [answer.status for answer in listening] == [200] * 9
    site.console.wait_for_log("the recording has ended")
    assert listening[5].read(44)[:4] == b"RIFF"
    for answer in listening[:4]:
        answer.close()
    audio = site.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)


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
