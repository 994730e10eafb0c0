# SPDX-License-Identifier: Apache-2.0
"""The HTTP API of the real ESP32-S3 binary, through the Ethernet of Espressif's QEMU."""

from collections.abc import Iterator
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
LEAST_BLOCK = 24576  # bytes; what is larger than 16 KB comes from PSRAM
NOISE = 2048


@pytest.fixture(scope="module")
def live() -> Path:
    return build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)


@pytest.fixture(scope="module")
def site(live: Path, hearing_kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_in_qemu(live, hearing_kitchen, tmp_path_factory.mktemp("qemu")) as site:
        yield site


def test_it_has_an_address_and_tells_what_the_console_tells(site: Site) -> None:
    assert site.json("status")["network"] == {"interface": "eth", "address": "10.0.2.15", "hostname": "yamnet"}
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
