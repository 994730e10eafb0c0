# SPDX-License-Identifier: Apache-2.0
"""Loads a converted model for use, or says why it cannot be used."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from device_core import LogMelSpec
from yamnet_tools.errors import ModelError, YamnetToolsError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import front_end
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.manifest import read_manifest
from yamnet_tools.model.network import CLASS_COUNT, INPUT_SHAPE, activation_quantization, check_network, class_count
from yamnet_tools.model.source import Search, find_class_map
from yamnet_tools.model.tflite import Model, Tensor, TensorType
from yamnet_tools.model.tflite_reader import LARGEST_FILE_BYTES, read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME

_FEWEST_WAVEFORM_SAMPLES = 400


class TensorQuantization(NamedTuple):
    """real = scale * (q - zero_point)."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class YamnetModel:
    """A model that the device and this program can run.

    Attributes:
        path: where it was loaded from.
        data: the .tflite, rebuilt from its checked parts, so that no interpreter meets a byte that was not checked. It
            equals the file if tools/convert_yamnet.py wrote that.
        sha256: of the file.
        input_quantization: of the int8 [1, 96, 64] log-mel patch.
        output_quantization: of the int8 [1, classes] probabilities.
        front_end: the log-mel definition its weights were trained on.
        class_names: display names in output order, 521 with Google's head.
    """

    path: Path
    data: bytes
    sha256: str
    input_quantization: TensorQuantization
    output_quantization: TensorQuantization
    front_end: LogMelSpec
    class_names: tuple[str, ...]


def load_model(path: str | Path) -> YamnetModel:
    """Load a model that tools/convert_yamnet.py made.

    The class map is the one beside the model, else one that the converter would find on this machine.

    Raises:
        ModelError: not TensorFlow Lite, truncated or damaged; a waveform-input YAMNet; another network; no front-end
            profile or one this program does not compute; not the file that the manifest beside it describes; no class
            map. The text begins with the file's name.
        OSError: the file cannot be read.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ModelError(f"{path}: {'a folder' if path.is_dir() else 'no regular file'}, not a model")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise ModelError(f"{path}: too large for a YAMNet: {path.stat().st_size:,} bytes")
    data = path.read_bytes()
    digest = sha256_hex(data)
    try:
        model = read_model(data)
        _refuse_waveform(model)
        check_network(model)
        spec = front_end.decode(model.metadata)
        _check_manifest(path, digest)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return YamnetModel(
        path=path,
        data=write_model(model),
        sha256=digest,
        input_quantization=_quantization(model.tensors[model.inputs[0]]),
        output_quantization=_quantization(model.tensors[model.outputs[0]]),
        front_end=spec,
        class_names=_class_names(path, class_count(model)),
    )


def _refuse_waveform(model: Model) -> None:
    """Tell the usual mistake from the others: Google's own file, whose input is audio."""
    if len(model.inputs) != 1:
        return
    source = model.tensors[model.inputs[0]]
    samples = math.prod(source.shape)
    if source.type == TensorType.FLOAT32 and source.shape != INPUT_SHAPE and len(source.shape) <= 2:
        what = f"[{samples}] samples" if samples >= _FEWEST_WAVEFORM_SAMPLES else "samples"
        raise ModelError(
            f"this is a waveform model (input: {what} of float32), such as Google publishes; convert Google's with"
            " tools/convert_yamnet.py"
        )


def _quantization(tensor: Tensor) -> TensorQuantization:
    quantization = activation_quantization(tensor)
    return TensorQuantization(quantization.scale, quantization.zero_point)


def _check_manifest(path: Path, digest: str) -> None:
    """A manifest that names this file must describe it; a model without one is fine."""
    manifest_path = path.with_name(MANIFEST_NAME)
    if not manifest_path.is_file():
        return
    manifest = read_manifest(manifest_path.read_bytes())
    if manifest.model.file == path.name and manifest.model.sha256 != digest:
        raise ModelError(
            f"SHA-256 {digest} is not the {manifest.model.sha256} that {MANIFEST_NAME} beside it gives; damaged, or"
            " replaced without its manifest: convert again"
        )


def _class_names(path: Path, count: int) -> tuple[str, ...]:
    """The names beside the model; for a model with Google's head also those found elsewhere."""
    beside = path.with_name(CLASS_MAP_NAME)
    try:
        if beside.is_file():
            return read_class_map(beside.read_bytes(), count)
        if count != CLASS_COUNT:
            raise ModelError(f"its {count} classes are not Google's, and there is no {CLASS_MAP_NAME} beside it")
        return read_class_map(find_class_map(Search(offline=True)).data, count)
    except YamnetToolsError as error:
        raise ModelError(f"{path}: no class names: {error}") from error
