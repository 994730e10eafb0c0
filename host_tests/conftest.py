# SPDX-License-Identifier: Apache-2.0
"""Fixtures that find real weights and audio, and skip with the way to get them where there are none."""

import csv
import os
from pathlib import Path
from typing import Any

import pytest

import other_device_core
from shared_work import common_folder, one_at_a_time

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
SOURCE_NAME = "lite-model_yamnet_classification_tflite_1.tflite"


ON_TERMINALS = tuple(
    f"host_tests/{name}.py"
    for name in (
        "hil/test_device",
        "test_device_both_ways",
        "test_device_client",
        "test_flash_model",
        "test_simulated_device",
    )
)
"""Files that talk over pseudo-terminals: when one is closed, its name is free for whatever process asks next."""

FIRST = (
    "native/test_native",
    "quantise/test_conversion",
    "quantise/test_quantise",
    "classify/test_command_line",
    "model/test_convert",
    "test_simulated_device",
    "page/test_page",
    "test_fleet_updates",
    "page/test_updates",
    "page/test_network_view",
    "native/test_sanitizers",
    "fuzz/test_hostile_clients",
    "fuzz/test_fuzz_http_api",
)
"""Files that take minutes begin first, so that none is left to one process at the end. The first one builds what others
wait for; beside it run those that mind no busy machine.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A process for each core and one more, for many tests wait, if all tests are run: nothing is named, and no number
    of processes.
    """
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if everything and not IS_WORKER and config.getoption("numprocesses", 0) is None:
        config.option.numprocesses = (os.cpu_count() or 1) + 1
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files of FIRST, then the others in their order."""
    place = {f"host_tests/{name}.py": index for index, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::", 1)[0], len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With -n: a file's tests in one process, for they share what its first one made; all terminals in one, too."""
    from xdist.scheduler import LoadScopeScheduling

    class OneProcessForAFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "terminals" if file in ON_TERMINALS else file

    return OneProcessForAFile(config, log)


if IS_WORKER:
    # A process for each core: more threads of PyTorch than cores wait for each other, and take five times as long.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

other_device_core.use_if_named()


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The folder with Google's .tflite and the class map."""
    candidates = [CHECKOUT / "weights", SHARED / "weights"]
    if named := os.environ.get("YAMNET_WEIGHTS_DIR"):
        candidates.insert(0, Path(named))
    for folder in candidates:
        if (folder / SOURCE_NAME).is_file():
            return folder
    pytest.skip(
        f"needs Google's {SOURCE_NAME}: put it in weights/ or in the folder $YAMNET_WEIGHTS_DIR names "
        "(`python tools/convert_yamnet.py` downloads it, or says from where)"
    )


@pytest.fixture(scope="session")
def audio_dir() -> Path:
    """A folder of labelled 16 kHz mono recordings with an index.csv."""
    folder = Path(os.environ.get("YAMNET_AUDIO_DIR", SHARED / "audio"))
    if not (folder / "index.csv").is_file():
        pytest.skip(
            "needs recordings: set YAMNET_AUDIO_DIR to a folder of 16 kHz mono WAV files with an index.csv "
            "(columns path, label), for instance ESC-10 resampled to 16 kHz"
        )
    return folder


@pytest.fixture(scope="session")
def shared_clips(audio_dir: Path) -> list[Path]:
    """A few dozen recordings, spread evenly over the index so that every kind of sound is there."""
    with (audio_dir / "index.csv").open(newline="", encoding="utf-8") as stream:
        paths = [audio_dir / row["path"] for row in csv.DictReader(stream)]
    return paths[:: max(1, len(paths) // 40)]


@pytest.fixture(scope="session")
def converted_model(weights_dir: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A model that tools/convert_yamnet.py made, its class map and manifest beside it. Nobody writes there."""
    if made := os.environ.get("CONVERTED_MODEL"):  # by test_sanitizers.py, whose runtime interpreters do not bear
        return Path(made)
    # Not at the top: the sanitizers' run of the component tests loads this file and none of the interpreters.
    from yamnet_tools.model import convert

    folder = common_folder(tmp_path_factory, pytestconfig) / "converted"
    with one_at_a_time(folder):
        if not folder.is_dir():
            made = convert(weights_dir / SOURCE_NAME, tmp_path_factory.mktemp("converting"), offline=True)
            made.model.parent.rename(folder)
    return folder / "yamnet.tflite"


@pytest.fixture(scope="session")
def model_image(converted_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a model partition with that model. Nobody writes there."""
    from yamnet_tools.model_image.command import main as make_image

    path = tmp_path_factory.mktemp("image") / "yamnet_spiffs.bin"
    assert make_image(["--model", str(converted_model), "--out", str(path)]) == 0
    return path
