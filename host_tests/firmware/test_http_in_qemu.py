# SPDX-License-Identifier: Apache-2.0
"""The HTTP API of the real ESP32-S3 binary, through the Ethernet of Espressif's QEMU."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firmware_console import Console
from firmware_http import (
    KITCHEN,
    LIVE,
    PAGES,
    Site,
    check_it_tells_what_the_console_tells,
    check_nobody_misses_anything,
    check_what_is_kept_can_be_had,
    listen,
)
from firmware_targets import QEMU_DEFAULTS, VIRTUAL_TIME, build, free_port, run_in_qemu

pytestmark = pytest.mark.slow

MOST_STREAMS = 12
LEAST_BLOCK = 32768  # bytes: what a TLS connection or an update may ask for
NOISE = 2048


@pytest.fixture(scope="module")
def hearing_kitchen(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model partition's files, with KITCHEN to replay."""
    folder = tmp_path_factory.mktemp("kitchen") / "partition"
    shutil.copytree(model_dir, folder)
    shutil.copy(KITCHEN, folder / "replay.wav")
    return folder


@pytest.fixture(scope="module")
def live() -> Path:
    return build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)


@contextmanager
def running(app: Path, model_dir: Path, folder: Path) -> Iterator[Site]:
    port = free_port()
    with run_in_qemu(app, model_dir, folder / "flash.bin", VIRTUAL_TIME, http_port=port) as console:
        yield Site(port, console.ask("token")["token"], console)


@pytest.fixture(scope="module")
def site(live: Path, hearing_kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(live, hearing_kitchen, tmp_path_factory.mktemp("qemu")) as site:
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
    idle = tell_memory("server idle", site.console)
    with listen(site, ["scores"]):
        tell_memory("one page", site.console)
    with listen(site, ["audio.wav"]):
        tell_memory("one audio listener", site.console)
    with listen(site, ["scores"] * PAGES + ["audio.wav"] * (MOST_STREAMS - PAGES)) as listeners:
        full = tell_memory(f"{PAGES} pages, {MOST_STREAMS - PAGES} audio listeners", site.console)
        with site.ask("GET", "scores") as answer:
            assert answer.status == 503
        assert not any(listener.lost for listener in listeners)
    assert full["largest_heap_block"] >= LEAST_BLOCK
    after = tell_memory("all have gone", site.console)
    assert after["free_heap"] >= idle["free_heap"] - NOISE


def tell_memory(when: str, console: Console) -> dict[str, int]:
    """The memory after a few more patches, printed."""
    scored = console.ask("info")["inference"]["patches"]
    while (info := console.ask("info"))["inference"]["patches"] < scored + 6:
        time.sleep(0.5)
    memory: dict[str, int] = info["memory"]
    print(f"{when}: {', '.join(f'{name} {value:,}' for name, value in memory.items())}")
    return memory


def test_under_load_nobody_misses_anything(site: Site) -> None:
    check_nobody_misses_anything(site)


def test_what_is_kept_can_be_had(site: Site) -> None:
    check_what_is_kept_can_be_had(site)
