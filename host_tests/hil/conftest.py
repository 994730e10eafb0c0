# SPDX-License-Identifier: Apache-2.0
"""One fixture, `device`, for the simulated device, the firmware on this machine, in QEMU and on a board:
`--device sim|linux|qemu|esp`.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from firmware_files import select_first_app
from firmware_targets import free_port
from hil.dut_line import DutLine
from hil.host_side import RealPatch, host_patches
from hil.linux_device import LinuxDevice
from yamnet_tools.device import Counters, Device, find_port
from yamnet_tools.engines import Engine, open_engine
from yamnet_tools.errors import DeviceError
from yamnet_tools.flashing.merge import merge
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model_image.command import main as make_image
from yamnet_tools.partition_table import TABLE_OFFSET
from yamnet_tools.paths import CHECKOUT, DEFAULT_MODEL, MODEL_IMAGE

SERVICES = {"sim": "serial", "linux": "serial", "qemu": "idf,qemu", "esp": "esp,idf"}
TARGETS = {"linux": "linux", "qemu": "esp32s3", "esp": "esp32s3"}
READY_S = {"sim": 30.0, "linux": 60.0, "qemu": 600.0, "esp": 30.0}
REPLAYED = CHECKOUT / "examples" / "audio" / "sine_440hz.wav"
"""What the firmware hears where there is no microphone."""

LINUX_FLASH_BYTES = 16 << 20
REAL_PATCHES = 200
LOG_LINES_SHOWN = 20
LOG_LINE_SHOWN = 200
ANSWER_S = {"sim": 30.0, "linux": 30.0, "qemu": 120.0, "esp": 10.0}
QEMU_OPTIONS = (
    "-m 8M -global driver=ssi_psram,property=is_octal,value=true "
    "-global driver=timer.esp32s3.timg,property=wdt_disable,value=true"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--device",
        choices=sorted(SERVICES),
        default="sim",
        help="what the hardware tests talk to: the simulated device (default), the firmware as ESP-IDF builds it for "
        "Linux, QEMU, or a board",
    )


@pytest.fixture(scope="session")
def device_kind(request: pytest.FixtureRequest, build_folder: Path) -> str:
    """What the tests talk to; skips where it cannot be had."""
    # A run of all tests loads this file after the command line was read: the simulated device is what it is for.
    kind: str = request.config.getoption("--device", default="sim")
    if kind != "sim" and _built_for(build_folder) != TARGETS[kind]:
        pytest.skip(
            f"--device {kind} needs an ESP-IDF build for {TARGETS[kind]} in {build_folder} "
            f"(`idf.py set-target {TARGETS[kind]} && idf.py build`, or --build-dir DIR)"
        )
    if kind == "qemu" and shutil.which("qemu-system-xtensa") is None:
        pytest.skip("--device qemu needs qemu-system-xtensa (`idf_tools.py install qemu-xtensa`)")
    if kind == "esp" and not MODEL_IMAGE.is_file():
        pytest.skip("--device esp needs the model on the board: run `python tools/flash_model.py` first")
    return kind


def _built_for(folder: Path) -> str | None:
    """The target of a finished ESP-IDF build."""
    try:
        described = json.loads((folder / "project_description.json").read_text())
        return str(described["target"]) if (folder / described["app_elf"]).is_file() else None
    except (OSError, ValueError, KeyError):
        return None


@pytest.fixture(scope="session")
def build_folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--build-dir") or CHECKOUT / "build")


@pytest.fixture(scope="session")
def model_image(request: pytest.FixtureRequest, device_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image that the device's model partition holds; a board must have been flashed with out/model's."""
    if device_kind == "esp":
        return MODEL_IMAGE
    folder = tmp_path_factory.mktemp("model") / "converted"
    shutil.copytree(request.getfixturevalue("converted_model").parent, folder)
    model = folder / "yamnet.tflite"
    image = folder / "yamnet_spiffs.bin"
    heard = ["--add", str(shutil.copy(REPLAYED, folder / "replay.wav"))] if device_kind in TARGETS else []
    assert make_image(["--model", str(model), "--out", str(image), *heard]) == 0
    return image


@pytest.fixture(scope="session")
def model(model_image: Path, device_kind: str) -> YamnetModel:
    return load_model(DEFAULT_MODEL if device_kind == "esp" else model_image.with_name("yamnet.tflite"))


@pytest.fixture(scope="session")
def engine(model: YamnetModel) -> Engine:
    return open_engine("tflm", model)


@pytest.fixture(scope="session")
def simulator(model_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of a simulated device that runs on its own, as a board does."""
    script = CHECKOUT / "tools" / "simulate_device.py"
    errors = tmp_path_factory.mktemp("simulator") / "stderr.txt"
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, script, "--image", model_image], stdout=subprocess.PIPE, stderr=stream, text=True
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("simulated device at "), f"the simulated device did not start: {errors.read_text()}"
    yield said.split()[-1]
    process.terminate()
    assert process.wait(timeout=10) == 0, errors.read_text()


@pytest.fixture(scope="session")
def linux_device(model_image: Path, build_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The port of the firmware's Linux build, which keeps its flash over restarts."""
    folder = tmp_path_factory.mktemp("linux")
    assert make_image(["--extract", str(model_image), str(folder / "model")]) == 0
    (folder / "storage").mkdir()
    table = (build_folder / "partition_table" / "partition-table.bin").read_bytes()
    flash = (b"\xff" * TABLE_OFFSET + table).ljust(LINUX_FLASH_BYTES, b"\xff")
    (folder / "flash.bin").write_bytes(flash)
    elf = build_folder / json.loads((build_folder / "project_description.json").read_text())["app_elf"]
    environment = {
        "YAMNET_MODEL_DIR": str(folder / "model"),
        "YAMNET_REPLAY_WAV": str(folder / "model" / "replay.wav"),
        "YAMNET_STORAGE_DIR": str(folder / "storage"),
        "YAMNET_FLASH_FILE": str(folder / "flash.bin"),
        "YAMNET_HTTP_PORT": str(free_port()),
    }
    with closing(LinuxDevice(elf.resolve(), environment)) as running:
        yield running.address


@pytest.fixture
def embedded_services(device_kind: str) -> str:
    return SERVICES[device_kind]


@pytest.fixture
def port(request: pytest.FixtureRequest, device_kind: str) -> str | None:
    named: str | None = request.config.getoption("--port", default=None)
    if device_kind == "esp" and named is None:
        try:
            return find_port()
        except DeviceError as error:
            pytest.fail(f"--device esp: {error}", pytrace=False)
    own = {"sim": "simulator", "linux": "linux_device"}.get(device_kind)
    if own is None or named is not None:
        return named
    address: str = request.getfixturevalue(own)
    return address


@pytest.fixture
def app_path() -> str:
    return str(CHECKOUT)


@pytest.fixture
def build_dir(build_folder: Path) -> str:
    return str(build_folder.resolve())


@pytest.fixture(scope="session")
def whole_flash(build_folder: Path, model_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of the flash chip for QEMU: bootloader, table, app and model."""
    path = tmp_path_factory.mktemp("flash") / "flash_image.bin"
    merge(build_folder, model_image, path, fill_flash=True)
    flash = bytearray(path.read_bytes())
    select_first_app(flash)
    path.write_bytes(flash)
    return path


@pytest.fixture
def qemu_image_path(request: pytest.FixtureRequest, device_kind: str, tmp_path: Path) -> str | None:
    if device_kind != "qemu":
        return None
    # QEMU writes to its flash: each start gets a fresh one.
    return str(shutil.copy(request.getfixturevalue("whole_flash"), tmp_path / "flash_image.bin"))


@pytest.fixture
def skip_regenerate_image() -> bool:
    return True


@pytest.fixture
def qemu_extra_args(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--qemu-extra-args") or QEMU_OPTIONS)


@pytest.fixture
def ready_s(device_kind: str) -> float:
    """How long a start may take."""
    return READY_S[device_kind]


@pytest.fixture
def device(dut: Any, device_kind: str, ready_s: float) -> Iterator[Device]:
    """A device that answers. Closing checks nothing: a test says what it expects of the counters."""
    line = DutLine(dut)
    with Device(line, timeout_s=ANSWER_S[device_kind]) as opened:
        if device_kind != "sim":  # that one is never switched on by opening it
            opened.wait_until_booted(ready_s)
            opened.counters = Counters()
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with each failure where everything that the device said lies, and what it said last."""
    report = yield
    dut = getattr(item, "funcargs", {}).get("dut")
    if report.failed and dut is not None and hasattr(report.longrepr, "addsection"):
        log = Path(dut.logfile)
        last = log.read_text(errors="backslashreplace").splitlines()[-LOG_LINES_SHOWN:]
        text = "\n".join([f"{log}, its end:", *(line[:LOG_LINE_SHOWN] for line in last)])
        report.longrepr.addsection("what the device said", text)
    return report


@pytest.fixture(scope="session")
def real_patches(shared_clips: list[Path], model: YamnetModel, engine: Engine) -> list[RealPatch]:
    """200 patches of recordings."""
    patches = list(islice(host_patches(shared_clips, model, engine), REAL_PATCHES))
    if len(patches) < REAL_PATCHES:
        pytest.fail(f"the recordings give {len(patches)} patches, {REAL_PATCHES} are needed")
    return patches
