# SPDX-License-Identifier: Apache-2.0
"""Builds the firmware with ESP-IDF and runs it: on this machine, or in QEMU's ESP32-S3."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from device_core import read_flash_log
from firmware_console import Console
from firmware_files import select_first_app
from shared_work import one_at_a_time

CHECKOUT = Path(__file__).resolve().parents[2]
TEST_KERNELS = Path(__file__).with_name("kernels")
FLASH_BYTES = 16 << 20
TABLE_OFFSET = 0x8000
VIRTUAL_TIME = ("-icount", "shift=3,align=off,sleep=on")
"""Arguments for QEMU: a busy computer slows its clocks instead of what runs by them."""
BOOT_TIMEOUT_S = 1800.0  # QEMU on a busy machine reads flash slowly
YAMNET_OFFSET, YAMNET_BYTES = 0x520000, 0x4C0000  # partitions.csv
STORAGE_OFFSET, STORAGE_BYTES = 0xEA0000, 0x120000
QEMU_DEFAULTS = ("sdkconfig.defaults", "sdkconfig.defaults.esp32s3", "sdkconfig.qemu")


def need_esp_idf() -> None:
    """Skips where there is none."""
    if not os.environ.get("IDF_PATH") or not shutil.which("idf.py"):
        pytest.skip("needs ESP-IDF: source its export.sh (5.5 or later), so that IDF_PATH is set and idf.py is found")


def build(
    name: str,
    target: str,
    defaults: Sequence[str],
    options: str = "",
    *,
    project: Path = CHECKOUT,
    kernels: Path | None = None,
) -> Path:
    """Build a project for `target` in out/firmware/<name>; returns that folder. Skips where there is no ESP-IDF.

    Args:
        defaults: sdkconfig files of the project.
        options: further lines of sdkconfig.
        kernels: a source that takes the place of the shipped kernels; see kernels/.
    """
    need_esp_idf()
    if target == "esp32s3" and not shutil.which("xtensa-esp32s3-elf-gcc"):
        pytest.skip("needs the compiler for the ESP32-S3: ESP-IDF's install.sh esp32s3")
    folder = CHECKOUT / "out" / "firmware" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    extra = folder.with_name(f"{name}.sdkconfig")  # ESP-IDF wants a new build folder to be empty
    files = [str(project / file) for file in defaults] + [str(extra)]
    command = ["idf.py", "-C", str(project), "-B", str(folder), "-D", f"SDKCONFIG={folder / 'sdkconfig'}"]
    command += ["-D", f"SDKCONFIG_DEFAULTS={';'.join(files)}"]
    command += ["-D", f"SOUND_MODEL_TEST_KERNELS={kernels or ''}"]
    if components := os.environ.get("YAMNET_IDF_COMPONENTS"):
        command += ["-D", f"EXTRA_COMPONENT_DIRS={components}"]
    options += (
        f"# of defaults with CRC-32 {zlib.crc32(b''.join((project / file).read_bytes() for file in defaults)):08x}\n"
    )
    with one_at_a_time(folder):
        if not extra.is_file() or extra.read_text() != options or not (folder / "build.ninja").is_file():
            extra.write_text(options)
            if not (folder / "CMakeCache.txt").is_file():
                shutil.rmtree(folder, ignore_errors=True)  # a configuration that failed left it
            _run([*command, "--preview", "set-target", target])
        _run([*command, "build"])
    return folder


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}{done.stderr[-6000:]}"


@contextmanager
def run_on_linux(
    folder: Path,
    model_dir: Path,
    replay: Path | None = None,
    *,
    state: Path | None = None,
    http_port: int | None = None,
) -> Iterator[Console]:
    """The Linux build as a process; the console on its standard input and output.

    Args:
        state: a folder for what outlives the process: NVS in flash.bin, clips and journal in events/.
        http_port: of its HTTP API; by default one that is free.
    """
    with tempfile.TemporaryDirectory() as temporary:
        state = state or Path(temporary)
        flash = state / "flash.bin"
        if not flash.exists():
            _write_empty_flash(folder, flash)
        environment = os.environ | {
            "YAMNET_MODEL_DIR": str(model_dir),
            "YAMNET_REPLAY_WAV": str(replay or ""),
            "YAMNET_FLASH_FILE": str(flash),
            "YAMNET_STORAGE_DIR": str(state / "events"),
            "YAMNET_HTTP_PORT": str(http_port or free_port()),
        }
        with _console([str(folder / "yamnet-esp32s3.elf")], environment, 60.0) as console:
            yield console


def free_port() -> int:
    """A TCP port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _write_empty_flash(folder: Path, flash: Path) -> None:
    image = bytearray(b"\xff" * FLASH_BYTES)
    table = (folder / "partition_table" / "partition-table.bin").read_bytes()
    image[TABLE_OFFSET : TABLE_OFFSET + len(table)] = table
    flash.write_bytes(image)


@contextmanager
def run_in_qemu(
    folder: Path,
    model_dir: Path,
    flash: Path,
    arguments: Sequence[str] = (),
    *,
    model_at: int | None = None,
    storage: bytes = b"",
    http_ports: tuple[int, int] | None = None,
) -> Iterator[Console]:
    """The ESP32-S3 build in QEMU, with the files of `model_dir` in its SPIFFS partition; the console on UART0.

    Args:
        flash: the image of the whole flash; made if it is not there, and changed by what runs.
        arguments: further ones for QEMU.
        model_at: where the model is to lie in flash besides.
        storage: what the partition `storage` of a new image begins with.
        http_ports: of this computer, where its HTTP API is to be found, and of the chip, where it serves it.
    """
    command = _qemu_command(flash)
    if http_ports is not None:
        command += ["-nic", "user,model=open_eth,hostfwd=tcp:127.0.0.1:{}-:{}".format(*http_ports)]
    if not flash.exists():
        write_flash_image(folder, model_dir, flash, model_at, storage)
    with _console([*command, *arguments], dict(os.environ), 600.0) as console:
        yield console


def output_in_qemu(
    folder: Path,
    flash: Path,
    last_lines: Sequence[str],
    arguments: Sequence[str] = (),
    parts: Mapping[int, bytes] | None = None,
) -> list[str]:
    """What an app without a console prints in QEMU, up to the first of `last_lines`.

    Args:
        flash: where the image of the whole flash is put.
        arguments: further ones for QEMU.
        parts: what lies in flash besides the app, by offset.
    """
    command = [*_qemu_command(flash), *arguments]
    image = _app_image(folder)
    for offset, data in (parts or {}).items():
        image[offset : offset + len(data)] = data
    flash.write_bytes(image)
    printed: list[str] = []
    # QEMU stops its UART where standard input ends.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        stop = threading.Timer(BOOT_TIMEOUT_S, process.kill)
        stop.start()
        try:
            assert process.stdout
            for line in process.stdout:
                printed.append(line.rstrip())
                if printed[-1] in last_lines:
                    return printed
        finally:
            stop.cancel()
            process.kill()
    pytest.fail("QEMU ended early:\n" + "\n".join(printed[-40:]))


def _qemu_command(flash: Path) -> list[str]:
    qemu = os.environ.get("YAMNET_QEMU") or shutil.which("qemu-system-xtensa")
    if not qemu:
        pytest.skip("needs Espressif's QEMU: python $IDF_PATH/tools/idf_tools.py install qemu-xtensa")
    command = [qemu, "-machine", "esp32s3", "-m", "8M", "-display", "none", "-monitor", "none", "-no-reboot"]
    command += ["-global", "driver=ssi_psram,property=is_octal,value=true"]
    command += ["-global", "driver=timer.esp32s3.timg,property=wdt_disable,value=true"]
    return [*command, "-drive", f"file={flash},if=mtd,format=raw", "-serial", "stdio"]


def read_storage(flash: Path, folder: Path) -> Path:
    """What is in the partition `storage` of a flash image, as files in the returned folder."""
    image = flash.read_bytes()[STORAGE_OFFSET : STORAGE_OFFSET + STORAGE_BYTES]
    events = folder / "events"
    events.mkdir()
    for name, content in read_flash_log(image).items():
        (events / name).write_bytes(content)
    return events


def write_flash_image(
    folder: Path, model_dir: Path, flash: Path, model_at: int | None = None, storage: bytes = b""
) -> None:
    """Bootloader, partition table, app, model partition, storage and perhaps the model in one image of the flash."""
    image = _app_image(folder)
    spiffs = flash.with_suffix(".spiffs")
    generator = Path(os.environ["IDF_PATH"]) / "components" / "spiffs" / "spiffsgen.py"
    _run([sys.executable, str(generator), str(YAMNET_BYTES), str(model_dir), str(spiffs)])
    image[YAMNET_OFFSET : YAMNET_OFFSET + YAMNET_BYTES] = spiffs.read_bytes()
    image[STORAGE_OFFSET : STORAGE_OFFSET + len(storage)] = storage
    if model_at is not None:
        model = (model_dir / "yamnet.tflite").read_bytes()
        image[model_at : model_at + len(model)] = model
    flash.write_bytes(image)


def _app_image(folder: Path) -> bytearray:
    """Bootloader, partition table and app in an image of the whole flash."""
    image = bytearray(b"\xff" * FLASH_BYTES)
    for line in (folder / "flash_args").read_text().splitlines():
        if line.startswith("0x"):
            offset, name = line.split()
            data = (folder / name).read_bytes()
            image[int(offset, 16) : int(offset, 16) + len(data)] = data
    select_first_app(image)
    return image


@contextmanager
def _console(command: Sequence[str], environment: dict[str, str], timeout_s: float) -> Iterator[Console]:
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdin
    assert process.stdout
    try:
        console = Console(process.stdout.fileno(), process.stdin.fileno(), timeout_s)
        console.wait_until_up(BOOT_TIMEOUT_S)
        yield console
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
