# SPDX-License-Identifier: Apache-2.0
"""Inference engines: int8 patches in, int8 probabilities out.

`device` computes with the device's own arithmetic, vectorised, on all cores. `tflm` is what that arithmetic is held to:
TensorFlow Lite Micro's reference kernels, whose outputs are the same, bit for bit, at some seventy times the time.
`litert` computes with XNNPACK, which rounds each layer through float32 instead of fixed point. Measured on 571 patches
of 199 recordings: 2.7 % of its outputs differ, 0.07 % by more than 5 steps of 1/256, at most by 20; the top class is
the same or tied on 99.3 % of the patches. benchmarks/engines.py measures all three.
"""

import os
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools.errors import EngineError
from yamnet_tools.model import YamnetModel
from yamnet_tools.model.network import INPUT_SHAPE

ENGINE_NAMES = ("device", "tflm", "litert")
DEFAULT_ENGINE = ENGINE_NAMES[0]

_TFLM_ARENA_BYTES = 1 << 20  # four times what the network needs

Patches = npt.NDArray[np.int8]
Scores = npt.NDArray[np.int8]


class Engine(ABC):
    """A model ready to run.

    Attributes:
        name: one of ENGINE_NAMES.
        class_count: outputs of the model, 521 with Google's head.
    """

    name: str
    class_count: int

    def score(self, patches: Patches) -> Scores:
        """Score patches, each for itself.

        Args:
            patches: int8 [n, 96, 64], quantised as the model's input; n may be 0.

        Returns:
            int8 [n, classes], quantised as the model's output.

        Raises:
            ValueError: another type or shape.
            EngineError: the interpreter failed.
        """
        if patches.dtype != np.int8 or patches.ndim != 3 or patches.shape[1:] != INPUT_SHAPE[1:]:
            raise ValueError(f"patches must be int8 [n, 96, 64], not {patches.dtype} {list(patches.shape)}")
        return self._score(np.ascontiguousarray(patches))

    @abstractmethod
    def _score(self, patches: Patches) -> Scores:
        """Score patches, C-contiguous int8 [n, 96, 64] -> int8 [n, classes]."""


class _DeviceEngine(Engine):
    name = "device"

    def __init__(self, model: YamnetModel) -> None:
        self._engine = device_core.DeviceEngine(model.data)
        self.class_count = self._engine.classes

    def _score(self, patches: Patches) -> Scores:
        return self._engine.score(patches, _cores())


class Embedder:
    """The int8 network without its head, in the device's own arithmetic.

    Attributes:
        size: values of an embedding, YAMNet's 1,024 means over time and frequency.
        scale, zero_point: real = scale * (q - zero_point).

    Raises:
        EngineError: the model has no such layer.
    """

    def __init__(self, model: YamnetModel) -> None:
        self._engine = device_core.DeviceEngine(model.data)
        embedding = self._engine.embedding
        if embedding is None:
            raise EngineError(f"{model.path}: it has no embedding: nothing in it averages over a patch")
        self.size, self.scale, self.zero_point = embedding

    def embed(self, patches: Patches) -> npt.NDArray[np.int8]:
        """Embeddings int8 [n, size] of int8 patches [n, 96, 64], each for itself."""
        return self._engine.embed(np.ascontiguousarray(patches), _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Interpreter(Engine):
    """An interpreter for one patch at a time, on one core."""

    def _score(self, patches: Patches) -> Scores:
        scores = np.empty((len(patches), self.class_count), np.int8)
        for index in range(len(patches)):
            try:
                scores[index] = self._score_one(patches[index : index + 1])
            except (RuntimeError, ValueError) as error:
                raise EngineError(f"{self.name} failed on patch {index}: {error}") from error
        return scores

    @abstractmethod
    def _score_one(self, patch: Patches) -> Scores:
        """Score one patch, int8 [1, 96, 64] -> int8 [1, classes]."""


class _TflmEngine(_Interpreter):
    name = "tflm"

    def __init__(self, model: YamnetModel) -> None:
        from tflite_micro.python.tflite_micro import runtime

        self.class_count = len(model.class_names)
        self._interpreter = runtime.Interpreter.from_bytes(model.data, arena_size=_TFLM_ARENA_BYTES)

    def _score_one(self, patch: Patches) -> Scores:
        self._interpreter.set_input(patch, 0)
        self._interpreter.invoke()
        scores: Scores = self._interpreter.get_output(0)
        return scores


class _LitertEngine(_Interpreter):
    name = "litert"

    def __init__(self, model: YamnetModel) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.class_count = len(model.class_names)
        self._interpreter: Any = Interpreter(model_content=model.data, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def _score_one(self, patch: Patches) -> Scores:
        self._interpreter.set_tensor(self._input, patch)
        self._interpreter.invoke()
        scores: Scores = self._interpreter.get_tensor(self._output)
        return scores


_ENGINES: dict[str, type[_DeviceEngine] | type[_TflmEngine] | type[_LitertEngine]] = {
    "device": _DeviceEngine,
    "tflm": _TflmEngine,
    "litert": _LitertEngine,
}


def open_engine(name: str, model: YamnetModel) -> Engine:
    """Make a model ready to run.

    Args:
        name: one of ENGINE_NAMES.
        model: from yamnet_tools.model.load_model.

    Raises:
        ValueError: there is no such engine.
        EngineError: its package is not installed, or it refuses the model.
    """
    if name not in _ENGINES:
        raise ValueError(f"no engine '{name}'; there are {', '.join(ENGINE_NAMES)}")
    try:
        with native_log() as log:
            try:
                return _ENGINES[name](model)
            except (RuntimeError, ValueError) as error:
                raise EngineError(f"{name} cannot run {model.path}: {error} {log()}") from error
    except ImportError as error:
        raise EngineError(f"{name} is not installed ({error}); `pip install -e .` brings it") from error


@contextmanager
def native_log() -> Iterator[Any]:
    """Hold back what the interpreters' C++ writes to standard error; yields a function that gives it as text."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as log:
            os.dup2(log.fileno(), 2)

            def text() -> str:
                log.seek(0)
                return log.read().decode(errors="replace").strip()

            try:
                yield text
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)
