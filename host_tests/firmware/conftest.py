# SPDX-License-Identifier: Apache-2.0
"""What the firmware is fed and measured against. It needs ESP-IDF, without which these tests skip.

Environment: IDF_PATH with its export.sh sourced; YAMNET_IDF_COMPONENTS, semicolon-separated folders of the managed
components, where no registry can be reached; YAMNET_QEMU, Espressif's qemu-system-xtensa, if it is not on the path;
YAMNET_FIRMWARE_PATCHES, how many patches are scored (200).
"""

import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from device_core import PatchStream
from firmware_checks import Reference
from firmware_files import selftest, write_manifest
from firmware_http import KITCHEN
from firmware_targets import QEMU_DEFAULTS, build, need_esp_idf
from yamnet_tools.engines import open_engine
from yamnet_tools.model import YamnetModel, load_model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> tuple[Path, YamnetModel]:
    """The converter's folder, and the model in it; nothing is computed for firmware that cannot be built."""
    need_esp_idf()
    converted: Path = request.getfixturevalue("converted_model")
    return converted.parent, load_model(converted)


@pytest.fixture(scope="session")
def model_file(model: tuple[Path, YamnetModel]) -> Path:
    """The .tflite with the converter's files beside it."""
    return model[0] / "yamnet.tflite"


@pytest.fixture(scope="session")
def qemu_app() -> Path:
    """The firmware with the shipped kernels, for QEMU."""
    return build("qemu", "esp32s3", QEMU_DEFAULTS)


@pytest.fixture(scope="session")
def reference(model: tuple[Path, YamnetModel], shared_clips: list[Path]) -> Reference:
    """Patches spread over real recordings, and the scores they must get."""
    count = int(os.environ.get("YAMNET_FIRMWARE_PATCHES", "200"))
    per_clip = -(-count // len(shared_clips))
    _, loaded = model
    patches: list[npt.NDArray[np.int8]] = []
    for clip in shared_clips:
        pcm, rate = soundfile.read(clip, dtype="int16")
        assert rate == loaded.front_end.sample_rate_hz
        stream = PatchStream(loaded.front_end, *loaded.input_quantization)
        found, _ = stream.feed(np.pad(pcm, (0, max(0, 15_600 - len(pcm)))))
        patches.extend(found[:: max(1, len(found) // per_clip)][:per_clip])
    chosen = np.stack(patches)[:count]
    return Reference(chosen, open_engine("tflm", loaded).score(chosen))


@pytest.fixture(scope="session")
def clip() -> npt.NDArray[np.int16]:
    """A recognisable sound of a few seconds, 16 kHz."""
    pcm, rate = soundfile.read(EXAMPLES / "siren.wav", dtype="int16")
    assert rate == 16_000
    return pcm[: 16_000 * 4]


@pytest.fixture(scope="session")
def model_dir(
    model: tuple[Path, YamnetModel],
    reference: Reference,
    clip: npt.NDArray[np.int16],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The model partition's files, and a clip to replay."""
    converted, loaded = model
    folder = tmp_path_factory.mktemp("partition")
    for name in ("yamnet.tflite", "yamnet_class_map.csv"):
        shutil.copy(converted / name, folder / name)
    vector = selftest(
        reference.patches[0], reference.scores[0], loaded.input_quantization, loaded.output_quantization, loaded.data
    )
    (folder / "selftest.bin").write_bytes(vector)
    write_manifest(folder)
    soundfile.write(folder / "replay.wav", clip, 16_000, subtype="PCM_16")
    return folder


@pytest.fixture(scope="session")
def hearing_kitchen(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model partition's files, with KITCHEN to replay."""
    folder = tmp_path_factory.mktemp("kitchen") / "partition"
    shutil.copytree(model_dir, folder)
    shutil.copy(KITCHEN, folder / "replay.wav")
    return folder
