# SPDX-License-Identifier: Apache-2.0
"""Any kind of YAMNet .tflite as one thing: PCM in, probabilities of every patch out."""

import math
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools.engines import native_log, open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.model import load_model
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.front_end import METADATA_NAME, decode
from yamnet_tools.model.network import INPUT_SHAPE
from yamnet_tools.model.source import Search, find_class_map
from yamnet_tools.model.tflite import Model, TensorType
from yamnet_tools.model.tflite_reader import LARGEST_FILE_BYTES, read_model
from yamnet_tools.paths import CLASS_MAP_NAME
from yamnet_tools.quantise.calibration import log_mel_patches

Pcm = npt.NDArray[np.int16]
Probabilities = npt.NDArray[np.float32]


class Scorer(Protocol):
    """A model ready to score.

    Attributes:
        name: to tell it from others.
        kind: what it is, for people.
        front_end: the profile that computes its patches; None for a model that takes the waveform.
        size_bytes: of its file.
        class_names: of its outputs.
    """

    name: str
    kind: str
    front_end: str | None
    size_bytes: int
    class_names: tuple[str, ...]

    def score(self, pcm: Pcm) -> Probabilities:
        """Probabilities of every patch: int16 [n] at 16 kHz -> [k, K], k >= 1; a short recording is zero-padded."""


class PatchScorer:
    """An int8 model of this project behind the device's front end, `spec` if given in place of its own."""

    def __init__(self, path: Path, name: str, engine: str, spec: device_core.LogMelSpec | None = None) -> None:
        model = load_model(path)
        self.name = name
        self._spec = spec or model.front_end
        self.front_end: str | None = self._spec.name
        self.kind = f"int8 patch model, {self._spec.name} front end, {engine}"
        self.size_bytes = path.stat().st_size
        self.class_names = model.class_names
        self._quantization = model.input_quantization
        self._output = model.output_quantization
        self._engine = open_engine(engine, model)

    def score(self, pcm: Pcm) -> Probabilities:
        """See Scorer."""
        patches = device_core.quantize_patch(log_mel_patches(pcm, self._spec), *self._quantization)
        scores = self._engine.score(patches).astype(np.float32)
        return (scores - self._output.zero_point) * np.float32(self._output.scale)


class FloatScorer:
    """A float model that takes log-mel patches, or waveforms such as Google publishes; run by LiteRT."""

    def __init__(self, path: Path, name: str, spec: device_core.LogMelSpec) -> None:
        self._interpreter = _open(path)
        details, self._output = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._input, self._shape = details["index"], tuple(int(size) for size in details["shape"])
        takes_patches = tuple(size for size in self._shape if size != 1) == INPUT_SHAPE[1:]
        self._spec = spec
        if details["dtype"] != np.float32 or not (takes_patches or math.prod(self._shape) == spec.patch_samples):
            raise ModelError(
                f"{path}: takes {list(self._shape)} of {details['dtype'].__name__}; a YAMNet takes log-mel patches"
                f" {list(INPUT_SHAPE)} or {spec.patch_samples} samples"
            )
        self._path = path
        self.name = name
        self.front_end: str | None = spec.name if takes_patches else None
        self.kind = (
            f"float patch model, {spec.name} front end" if takes_patches else "waveform model, its own front end"
        )
        self.size_bytes = path.stat().st_size
        self.class_names = _class_names(path, int(self._output["shape"][-1]))

    def score(self, pcm: Pcm) -> Probabilities:
        """See Scorer."""
        return np.concatenate([self._score_one(values) for values in self._inputs(pcm)])

    def _inputs(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        if self.front_end is not None:
            return log_mel_patches(pcm, self._spec)[:, np.newaxis]
        spec = self._spec
        padded = np.pad(pcm, (0, max(0, spec.patch_samples - pcm.size)))
        hop = spec.patch_hop * spec.frame_hop
        starts = range(0, padded.size - spec.patch_samples + 1, hop)
        windows = np.stack([padded[start : start + spec.patch_samples] for start in starts])
        return (windows / np.float32(32768)).astype(np.float32)

    def _score_one(self, values: npt.NDArray[np.float32]) -> Probabilities:
        self._interpreter.set_tensor(self._input, values.reshape(self._shape))
        self._interpreter.invoke()
        scores: Probabilities = self._interpreter.get_tensor(self._output["index"]).reshape(1, -1)
        if not (scores.min() >= 0 and scores.max() <= 1):
            raise ModelError(
                f"{self._path}: its outputs are no probabilities (from {scores.min():.3g} to {scores.max():.3g}); it"
                " has to end with a sigmoid"
            )
        return scores


def open_scorer(path: Path, name: str, engine: str, spec: device_core.LogMelSpec | None = None) -> Scorer:
    """Open a model of any kind.

    Args:
        path: the .tflite.
        name: to report it under.
        engine: one of ENGINE_NAMES, for int8 patch models.
        spec: another front end than the model's own, to see what that costs.

    Raises:
        ModelError: no model, none this program knows, or a waveform model and another front end.
    """
    model = _parse(path)
    if model.tensors[model.inputs[0]].type == TensorType.INT8:
        return PatchScorer(path, name, engine, spec)
    scorer = FloatScorer(path, name, spec or _front_end(path, model))
    if spec is not None and scorer.front_end is None:
        raise ModelError(f"{path}: a waveform model has its own front end; '{spec.name}' cannot be put before it")
    return scorer


def _parse(path: Path) -> Model:
    """The parts of a .tflite of any kind, so that no interpreter meets a file that is obviously damaged."""
    if not path.is_file():
        raise ModelError(f"{path}: {'a folder, not a model' if path.is_dir() else 'no such file'}")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise ModelError(f"{path}: too large for a YAMNet: {path.stat().st_size:,} bytes")
    try:
        model = read_model(path.read_bytes())
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if len(model.inputs) != 1:
        raise ModelError(f"{path}: it has {len(model.inputs)} inputs, a YAMNet has one")
    return model


def _open(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    with native_log() as log:
        try:
            interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: LiteRT cannot run it: {error} {log()}") from error
    return interpreter


def _front_end(path: Path, model: Model) -> device_core.LogMelSpec:
    """The profile in the file's metadata; a float model of other origin was trained on Google's."""
    if METADATA_NAME not in model.metadata:
        return device_core.LogMelSpec.profile("yamnet")
    try:
        return decode(model.metadata)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _class_names(path: Path, count: int) -> tuple[str, ...]:
    beside = path.with_name(CLASS_MAP_NAME)
    data = beside.read_bytes() if beside.is_file() else find_class_map(Search(offline=True)).data
    try:
        return read_class_map(data, count)
    except ModelError as error:
        raise ModelError(f"{path}: no names for its {count} outputs: {error}") from error
