# SPDX-License-Identifier: Apache-2.0
"""Updates of the real ESP32-S3 binary by ESP-IDF's bootloader, over the Ethernet of Espressif's QEMU.

QEMU 9.2 crashes when the bootloader writes otadata beside octal PSRAM: this build is for a module with quad PSRAM.
"""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api_client import ApiClient
from firmware_console import Console
from firmware_http import LIVE
from firmware_targets import (
    QEMU_DEFAULTS,
    VIRTUAL_TIME,
    YAMNET_BYTES,
    YAMNET_OFFSET,
    build,
    free_port,
    run_in_qemu,
)
from yamnet_tools.model_image.build import pack
from yamnet_tools.partition_table import Partition
from yamnet_tools.simulated_device.stored import Faults, load_stored
from yamnet_tools.spiffs import Geometry
from yamnet_tools.updating import app_image

pytestmark = pytest.mark.slow

SECOND_OFFSET = YAMNET_OFFSET + YAMNET_BYTES
QUAD = (*VIRTUAL_TIME, "-global", "driver=ssi_psram,property=is_octal,value=false")
VERDICT_S = 900.0
FILES = ("manifest.json", "selftest.bin", "yamnet_class_map.csv", "yamnet.tflite")


@pytest.fixture(scope="module")
def app() -> Path:
    return build(
        "qemu-update", "esp32s3", QEMU_DEFAULTS, LIVE + "CONFIG_SPIRAM_MODE_QUAD=y\nCONFIG_FREERTOS_UNICORE=y\n"
    )


@dataclass
class Chip:
    """A chip that is started again whenever it restarts."""

    app: Path
    model_dir: Path
    flash: Path

    @contextmanager
    def start(self) -> Iterator["Started"]:
        port = free_port()
        with run_in_qemu(self.app, self.model_dir, self.flash, QUAD, http_ports=(port, 80)) as console:
            started = Started(port, console.ask("token")["token"], console)
            started.wait_until_booted()
            yield started

    def crash(self) -> None:
        """A start that does not come up; its reset ends QEMU."""
        with pytest.raises(EOFError), self.start():
            pass


@dataclass
class Started(ApiClient):
    """One start of it."""

    console: Console

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def put(self, kind: str, data: bytes) -> tuple[int, dict[str, Any]]:
        connection = self.connect()
        connection.request("PUT", f"/api/v1/update/{kind}", data, {"Authorization": f"Bearer {self.token}"})
        with connection.getresponse() as answer:
            body = answer.read()
        return answer.status, json.loads(body) if body else {}

    def wait_until_booted(self) -> None:
        deadline = time.monotonic() + VERDICT_S
        while True:
            with suppress(OSError):
                if self.json("status")["uptime_ms"] and self.console.ask("info")["boot"]["ready"]:
                    return
            assert time.monotonic() < deadline, self.console.log[-20:]
            time.sleep(1)

    def wait_for_restart(self) -> None:
        """QEMU ends with the chip's reset."""
        with suppress(EOFError):
            while True:
                self.console.read_line(120)

    def wait_until(self, wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + VERDICT_S
        while not wanted(state := self.json("update")):
            assert time.monotonic() < deadline, (state, self.console.log[-20:])
            time.sleep(2)
        return dict(state)


@pytest.fixture
def chip(app: Path, hearing_kitchen: Path, tmp_path: Path) -> Chip:
    return Chip(app, hearing_kitchen, tmp_path / "flash.bin")


def changed_app(app: Path, version: str, *, broken: bool = False) -> bytes:
    """A build of another version; one that is broken meets an illegal instruction where app_main begins."""
    image = bytearray((app / "yamnet-esp32s3.bin").read_bytes())
    image[48:80] = version.encode().ljust(32, b"\0")
    segments, at = [], 24
    for _ in range(image[1]):
        address, length = (int.from_bytes(image[at + part : at + part + 4], "little") for part in (0, 4))
        segments.append((address, at + 8, length))
        at += 8 + length
    if broken:
        nm = subprocess.run(
            ["xtensa-esp32s3-elf-nm", str(app / "yamnet-esp32s3.elf")], capture_output=True, text=True, check=True
        )
        entry = next(int(line.split()[0], 16) for line in nm.stdout.splitlines() if line.endswith(" T app_main"))
        start = next(
            offset + entry - address for address, offset, size in segments if address <= entry < address + size
        )
        image[start : start + 3] = bytes(3)  # ill
    return app_image.seal(bytes(image[:at]), *(bytes(image[offset:][:size]) for _, offset, size in segments))


def model_image(chip: Chip, faults: Faults | None = None, *, added: bytes = b"") -> bytes:
    """The partition's image; with faults, or with a file more."""
    files = {name: (chip.model_dir / name).read_bytes() for name in (*FILES, "replay.wav")}
    if faults is not None:
        plain = pack([(f"/{name}", files[name]) for name in FILES], PARTITION, Geometry()).data
        files |= load_stored(plain, faults).files
    named = [(f"/{name}", data) for name, data in files.items()] + ([("/note.txt", added)] if added else [])
    return pack(named, PARTITION, Geometry()).data


PARTITION = Partition("yamnet", 1, 0x82, YAMNET_OFFSET, YAMNET_BYTES)


def test_a_second_build_is_tried_and_kept_and_taken_back(chip: Chip, app: Path) -> None:
    with chip.start() as first:
        before = first.json("update")["firmware"]
        assert (before["partition"], before["state"], before["previous"]) == ("ota_0", "confirmed", None)
        heard = first.json("status")["audio"]
        status, problem = first.put("firmware", (app / "yamnet-esp32s3.bin").read_bytes()[:-1])
        assert (status, "cut off" in problem["detail"]) == (422, True)
        audio = first.json("status")["audio"]
        lost = [audio[name] - heard[name] for name in ("gaps", "overruns")]
        print(f"while it was written: {lost[0]} gaps, {lost[1]} overruns")
        assert first.put("firmware", changed_app(app, "second")) == (202, {})
        first.wait_for_restart()
    with chip.start() as second:
        state = second.json("update")
        assert state["firmware"]["version"] == "second"
        assert (state["firmware"]["partition"], state["firmware"]["state"]) == ("ota_1", "trial")
        status, problem = second.put("firmware", changed_app(app, "third"))
        assert (status, "on trial" in problem["detail"]) == (409, True)
        state = second.wait_until(lambda state: state["firmware"]["state"] == "confirmed")
        assert state["last"].endswith("works and is kept")
        assert state["firmware"]["previous"] == {name: before[name] for name in ("version", "sha256")}
        with second.ask("POST", "update/firmware/back") as answer:
            assert answer.status == 202
        second.wait_for_restart()
    with chip.start() as back:
        assert back.json("update")["firmware"]["version"] == before["version"]


def test_a_build_that_crashes_is_rolled_back(chip: Chip, app: Path) -> None:
    with chip.start() as first:
        before = first.json("update")["firmware"]["version"]
        assert first.put("firmware", changed_app(app, "broken", broken=True)) == (202, {})
        first.wait_for_restart()
    chip.crash()
    with chip.start() as back:
        state = back.json("update")
        assert (state["firmware"]["version"], state["firmware"]["state"]) == (before, "confirmed")
        assert state["last"].endswith(f"did not prove itself: {before} is back")
        assert state["firmware"]["previous"] is None


def test_a_model_is_exchanged_and_a_broken_one_is_not(chip: Chip) -> None:
    with chip.start() as first:
        before = first.json("update")["model"]
        damaged = bytearray(model_image(chip))
        damaged[(2 << 20) + 2600] ^= 1  # in a page of the model
        status, problem = first.put("model", bytes(damaged))
        assert (status, "manifest has another" in problem["detail"]) == (422, True)
        assert first.put("model", model_image(chip, Faults(wrong_model=True))) == (202, {})
        first.wait_for_restart()
    with chip.start() as second:
        now = second.json("update")
        assert now["model"]["sha256"] != before["sha256"]
        assert now["model"]["state"] == "confirmed"
        assert now["model"]["previous"] == {name: before[name] for name in ("name", "sha256")}
        assert second.json("status")["boot"]["ready"]
        assert second.put("model", model_image(chip, Faults(failing_selftest=True))) == (202, {})
        second.wait_for_restart()
    chip.crash()  # the self-test fails, and it restarts by itself
    with chip.start() as third:
        state = third.json("update")
        assert state["model"]["sha256"] == now["model"]["sha256"]
        assert "outputs differ" in state["last"]
        assert state["last"].endswith("is back")


def test_power_that_fails_while_a_model_is_written_leaves_the_old_one(chip: Chip) -> None:
    data = model_image(chip, added=b"new")
    for part in (0.02, 0.5, 0.97):
        with chip.start() as started:
            before = started.json("update")["model"]
            line = started.open_line()
            head = f"PUT /api/v1/update/model HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {started.token}\r\n"
            line.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode())
            line.settimeout(600)
            line.sendall(data[: int(part * len(data))])
        # QEMU was killed
        with chip.start() as again:
            state = again.json("update")
            assert state["model"]["sha256"] == before["sha256"]
            assert state["model"]["previous"] is None
    with chip.start() as started:
        assert started.put("model", data) == (202, {})
        started.wait_for_restart()
    with chip.start() as new:
        assert "is kept" in new.json("update")["last"]
        assert chip.flash.read_bytes()[SECOND_OFFSET : SECOND_OFFSET + 4096] != b"\xff" * 4096
