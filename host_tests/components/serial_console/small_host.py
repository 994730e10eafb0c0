# SPDX-License-Identifier: Apache-2.0
"""A simulated device's host without weights: the smallest model the device takes, and an engine made of a function."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from device_core import LogMelSpec
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import TensorQuantization, front_end
from yamnet_tools.model.tflite import (
    Activation,
    FullyConnectedOptions,
    Model,
    Operator,
    Quantization,
    Tensor,
    TensorType,
)
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.model_image import content, selftest

SCALE, ZERO_POINT = 0.05, -7
PATCH, CLASSES = 96 * 64, 521


def small_model(classes: int = CLASSES) -> bytes:
    """A .tflite of RESHAPE, FULLY_CONNECTED and LOGISTIC."""

    def quantized(scale: float, zero_point: int = 0) -> Quantization:
        return Quantization(np.array([scale], np.float32), np.array([zero_point], np.int64))

    def activation(name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> Tensor:
        return Tensor(name, shape, TensorType.INT8, quantized(scale, zero_point))

    def constant(name: str, values: np.ndarray, kind: TensorType, scale: float | None) -> Tensor:
        data = values.reshape(-1).view(np.uint8)
        return Tensor(name, values.shape, kind, None if scale is None else quantized(scale), data)

    tensors = (
        activation("patch", (1, 96, 64), SCALE, ZERO_POINT),
        constant("shape", np.array([1, PATCH], np.int32), TensorType.INT32, None),
        activation("flat", (1, PATCH), SCALE, ZERO_POINT),
        constant("weights", np.ones((classes, PATCH), np.int8), TensorType.INT8, 0.001),
        constant("bias", np.zeros(classes, np.int32), TensorType.INT32, SCALE * 0.001),
        activation("logits", (1, classes), 0.1, 0),
        activation("scores", (1, classes), 1 / 256, -128),
    )
    operators = (
        Operator("RESHAPE", 1, (0, 1), (2,)),
        Operator("FULLY_CONNECTED", 4, (2, 3, 4), (5,), FullyConnectedOptions(Activation.NONE)),
        Operator("LOGISTIC", 2, (5,), (6,)),
    )
    metadata = {front_end.METADATA_NAME: front_end.encode(LogMelSpec.profile("yamnet"))}
    return write_model(Model(tensors, operators, (0,), (6,), metadata=metadata))


def small_files(outputs: Callable[[bytes], bytes], classes: int = CLASSES) -> dict[str, bytes]:
    """A model partition for it, whose self-test wants what `outputs` makes of a patch."""
    model = small_model(classes)
    patch = np.arange(PATCH, dtype=np.int64).astype(np.int8)
    vector = selftest.SelfTest(
        patch.reshape(96, 64),
        np.frombuffer(outputs(patch.tobytes()), np.int8),
        TensorQuantization(SCALE, ZERO_POINT),
        TensorQuantization(1 / 256, -128),
        sha256_hex(model),
    )
    names = "".join(f"{index},/m/{index},Sound {index}\n" for index in range(classes))
    files = {
        "yamnet.tflite": model,
        "yamnet_class_map.csv": ("index,mid,display_name\n" + names).encode(),
        "selftest.bin": selftest.to_bytes(vector),
    }
    return files | {"manifest.json": content.describe(files)}


@dataclass
class SmallHost:
    """Scores a patch with its first values, as many as there are classes, unless `failure` is set."""

    files: dict[str, bytes] = field(default_factory=dict)
    failure: Exception | None = None
    scored: int = 0
    settings: dict[str, bytes] = field(default_factory=dict)
    logs: list[str] = field(default_factory=list)
    arena_bytes: int = 1000
    storage: str = ""
    time_zone: str = ""
    clock_ahead_us: int | None = 0
    classes: int = CLASSES

    def __post_init__(self) -> None:
        self.firmware = {"name": "small", "version": "1", "idf": "none", "built": "today"}
        self.files = self.files or small_files(lambda patch: patch[: self.classes], self.classes)

    def read_files(self) -> dict[str, bytes]:
        return self.files

    def make_engine(self, data: bytes) -> "SmallHost":
        assert data == self.files["yamnet.tflite"]
        return self

    def score(self, patch: bytes) -> bytes:
        if self.failure:
            raise self.failure
        self.scored += 1
        return patch[: self.classes]

    def costs(self) -> list[tuple[str, int]]:
        return [("CONV_2D", 300), ("LOGISTIC", 100)]

    def memory(self) -> tuple[int, int]:
        return 5000, 4000

    def minute_of_day(self, _: int) -> int:
        return -1

    def log(self, line: str) -> None:
        self.logs.append(line)
