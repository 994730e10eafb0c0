# SPDX-License-Identifier: Apache-2.0
"""Loading a model: what comes back, and each way in which a file is not one."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_core import LogMelSpec
from yamnet_tools.errors import ModelError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import ConversionResult, load_model
from yamnet_tools.model.front_end import METADATA_NAME, describe
from yamnet_tools.model.tflite import Model, Tensor, TensorType
from yamnet_tools.model.tflite_reader import LARGEST_FILE_BYTES, read_model
from yamnet_tools.model.tflite_writer import write_model


@pytest.fixture
def folder(converted: ConversionResult, tmp_path: Path) -> Path:
    """A copy of a converted model's folder."""
    return Path(shutil.copytree(converted.model.parent, tmp_path / "model"))


def rewrite(folder: Path, change: Callable[[Model], Model]) -> Path:
    """Change the model and take away the manifest that no longer fits."""
    path = folder / "yamnet.tflite"
    path.write_bytes(write_model(change(read_model(path.read_bytes()))))
    (folder / "manifest.json").unlink()
    return path


def with_front_end(**changes: object) -> Callable[[Model], Model]:
    values = {**describe(LogMelSpec.profile("yamnet")), **changes}
    values = {key: value for key, value in values.items() if value is not None}
    return lambda model: replace(model, metadata={METADATA_NAME: json.dumps(values).encode()})


def test_converted_model_is_loaded_with_all_it_says(converted: ConversionResult) -> None:
    model = load_model(converted.model)
    assert model.data == converted.model.read_bytes()
    assert model.sha256 == sha256_hex(model.data)
    assert model.input_quantization == (pytest.approx(0.0480206), 16)
    assert model.output_quantization == (1 / 256, -128)
    assert model.front_end == LogMelSpec.profile("yamnet")
    assert len(model.class_names) == 521
    assert model.class_names[20] == "Baby cry, infant cry"


def test_googles_waveform_model_is_told_from_a_converted_one(source_path: Path) -> None:
    with pytest.raises(ModelError, match=r"waveform model .*\[15600\].*tools/convert_yamnet.py") as caught:
        load_model(source_path)
    assert str(caught.value).startswith(str(source_path))


def test_waveform_model_of_any_length_is_told_from_a_converted_one(tmp_path: Path) -> None:
    """Google's float model on TensorFlow Hub takes a waveform whose length is set later."""
    path = tmp_path / "yamnet.tflite"
    tensor = Tensor("waveform", (1,), TensorType.FLOAT32)
    path.write_bytes(write_model(Model((tensor,), (), (0,), (0,))))
    with pytest.raises(ModelError, match="waveform model"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda model: replace(model, metadata={}), "no front-end profile"),
        (lambda model: replace(model, metadata={METADATA_NAME: b"\xff{"}), "damaged front-end profile"),
        (lambda model: replace(model, metadata={METADATA_NAME: b"[" * 100_000}), "damaged front-end profile"),
        (lambda model: replace(model, metadata={METADATA_NAME: b"[1]"}), "damaged front-end profile"),
        (with_front_end(profile="musicnn"), "needs the front end 'musicnn'; this program computes yamnet, power"),
        (with_front_end(profile=["yamnet"]), "needs the front end"),
        (with_front_end(log_offset=1e-10), "log_offset 1e-10; this program computes yamnet with log_offset 0.001"),
        (with_front_end(spectrum="power"), "spectrum 'power'; this program computes yamnet with spectrum magnitude"),
        (with_front_end(mel_bands="64"), "mel_bands '64'"),
        (with_front_end(frame_hop=True), "frame_hop True"),
        (with_front_end(fft_length=None), "'fft_length' is missing or unknown"),
        (with_front_end(centre=True), "'centre' is missing or unknown"),
        (lambda model: replace(model, operators=model.operators[:-1]), "not YAMNet's network"),
    ],
)
def test_model_that_cannot_be_used_is_refused_by_name(
    folder: Path, change: Callable[[Model], Model], text: str
) -> None:
    path = rewrite(folder, change)
    with pytest.raises(ModelError, match=text) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000


def test_other_named_profile_is_loaded_as_such(folder: Path) -> None:
    values = json.dumps(describe(LogMelSpec.profile("power"))).encode()
    path = rewrite(folder, lambda model: replace(model, metadata={METADATA_NAME: values}))
    assert load_model(path).front_end == LogMelSpec.profile("power")


def test_damaged_model_is_refused(folder: Path) -> None:
    path = folder / "yamnet.tflite"
    data = path.read_bytes()
    path.write_bytes(data[:-100_000])
    with pytest.raises(ModelError, match="truncated or damaged"):
        load_model(path)
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="not a TensorFlow Lite file"):
        load_model(path)


def test_model_that_its_manifest_does_not_describe_is_refused(folder: Path) -> None:
    path = folder / "yamnet.tflite"
    data = bytearray(path.read_bytes())
    [weights] = [tensor for tensor in read_model(bytes(data)).tensors if tensor.name == "logits/weights"]
    values = weights.values().reshape(-1)
    inside = int(np.flatnonzero(np.abs(values) < 100)[0])  # a change that only the hash can tell
    data[bytes(data).index(values.tobytes()) + inside] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"manifest\.json beside it"):
        load_model(path)
    shutil.copy(path, folder / "other.tflite")
    assert load_model(folder / "other.tflite").path.name == "other.tflite"


def test_damaged_manifest_is_named(folder: Path) -> None:
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(ModelError, match="manifest"):
        load_model(folder / "yamnet.tflite")


def test_class_map_beside_the_model_must_be_whole(folder: Path) -> None:
    (folder / "yamnet_class_map.csv").write_text("index,mid,display_name\n0,/m/09x0r,Speech\n")
    with pytest.raises(ModelError, match="1 classes, not 521"):
        load_model(folder / "yamnet.tflite")


def test_class_map_is_also_found_where_the_weights_are(
    folder: Path, bare_machine: Path, class_map_bytes: bytes
) -> None:
    (folder / "yamnet_class_map.csv").unlink()
    with pytest.raises(ModelError, match="no class names"):
        load_model(folder / "yamnet.tflite")
    (bare_machine / "weights").mkdir()
    (bare_machine / "weights" / "yamnet_class_map.csv").write_bytes(class_map_bytes)
    assert load_model(folder / "yamnet.tflite").class_names[0] == "Speech"


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    huge = tmp_path / "huge.tflite"
    with huge.open("wb") as stream:
        stream.truncate(LARGEST_FILE_BYTES + 1)
    with pytest.raises(ModelError, match="too large"):
        load_model(huge)
    with pytest.raises(ModelError, match="a folder, not a model"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="no regular file"):
        load_model("/dev/zero")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.tflite")
