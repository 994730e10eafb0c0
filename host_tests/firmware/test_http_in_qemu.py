# SPDX-License-Identifier: Apache-2.0
"""The HTTP API of the real ESP32-S3 binary, through the Ethernet of Espressif's QEMU."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware_http import (
    LIVE,
    PAGE_STREAMS,
    Site,
    check_it_tells_what_the_console_tells,
    check_nobody_misses_anything,
    check_what_is_kept_can_be_had,
    listen,
    site_in_qemu,
    tell_memory,
)
from firmware_targets import QEMU_DEFAULTS, VIRTUAL_TIME, build, run_in_qemu

pytestmark = pytest.mark.slow

MOST_STREAMS = 20
LEAST_BLOCK = 24576  # bytes; what is larger and need not be internal comes from PSRAM
NOISE = 2048


@pytest.fixture(scope="module")
def live() -> Path:
    return build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)


@pytest.fixture(scope="module")
def site(live: Path, hearing_kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_in_qemu(live, hearing_kitchen, tmp_path_factory.mktemp("qemu")) as site:
        yield site


def test_it_has_an_address_and_tells_what_the_console_tells(site: Site) -> None:
    told = site.json("status")["network"]
    assert told.items() >= {"kind": "ethernet", "state": "up", "interface": "eth", "address": "10.0.2.15"}.items()
    assert told["hostname"].startswith("yamnet-")
    check_it_tells_what_the_console_tells(site)


def test_memory_is_left_with_as_many_listeners_as_it_takes(site: Site, hearing_kitchen: Path, tmp_path: Path) -> None:
    """With -s it prints the figures of docs/hardware.md."""
    alone = build("qemu-alone", "esp32s3", QEMU_DEFAULTS, LIVE + "CONFIG_FIRMWARE_NETWORK_NONE=y\n")
    assert b"tcpip_init" not in (alone / "yamnet-esp32s3.elf").read_bytes(), "lwIP is linked for nothing"
    with run_in_qemu(alone, hearing_kitchen, tmp_path / "flash.bin", VIRTUAL_TIME) as console:
        tell_memory("no network", console)
    tell_memory("server idle", site.console)
    with listen(site, PAGE_STREAMS):
        tell_memory("one page", site.console)
    with listen(site, ["audio.wav"]):
        tell_memory("one audio listener", site.console)
    left = []
    for _ in range(2):
        with listen(site, PAGE_STREAMS * 8 + ["audio.wav"] * (MOST_STREAMS - 16)) as listeners:
            full = tell_memory(f"8 pages and {MOST_STREAMS - 16} audio listeners", site.console)
            with site.ask("GET", "scores") as answer:
                assert answer.status == 503
            assert not any(listener.lost for listener in listeners)
        assert full["largest_heap_block"] >= LEAST_BLOCK
        left.append(tell_memory("all have gone", site.console)["free_heap"])
    assert left[1] >= left[0] - NOISE


def test_under_load_nobody_misses_anything(site: Site) -> None:
    check_nobody_misses_anything(site)


def test_what_is_kept_can_be_had(site: Site) -> None:
    check_what_is_kept_can_be_had(site)


def test_the_clock_is_set_by_the_server_that_the_owner_names(site: Site) -> None:
    """QEMU's 10.0.2.2 is this computer."""
    assert site.json("clock")["utc"] is None
    with ntp_server(datetime(2031, 5, 17, 10, tzinfo=UTC)):
        wanted = {"time_zone": "Asia/Kathmandu", "time_server": "10.0.2.2"}
        with site.ask("PUT", "clock", wanted) as answer:
            assert answer.status == 200
        deadline = time.monotonic() + 120
        while (told := site.json("clock"))["utc"] is None:
            assert time.monotonic() < deadline, site.console.log[-20:]
            time.sleep(1)
    assert told["utc"].startswith("2031-05-17T10:0")
    assert told["time_zone"] == "Asia/Kathmandu"


@contextmanager
def ntp_server(now: datetime) -> Iterator[None]:
    """Tells everybody that it is `now` (RFC 4330, section 4). Skips who may not have its port."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        line.bind(("127.0.0.1", 123))
    except OSError as error:
        pytest.skip(f"needs UDP port 123 of this computer: {error.strerror}")
    seconds = int(now.timestamp()) + 2_208_988_800
    end = threading.Event()
    line.settimeout(0.2)

    def serve() -> None:
        while not end.is_set():
            with suppress(TimeoutError):
                asked, peer = line.recvfrom(512)
                times = struct.pack("!8s8sQQ", b"", asked[40:48], seconds << 32, seconds << 32)
                line.sendto(struct.pack("!BBBb8s4s", 0x24, 1, 6, -20, b"", b"TEST") + times, peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        line.close()
