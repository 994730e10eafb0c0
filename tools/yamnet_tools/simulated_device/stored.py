# SPDX-License-Identifier: Apache-2.0
"""What a simulated device finds in its model partition, faults on request included."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from yamnet_tools.engines import open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.model_image import content, selftest
from yamnet_tools.model_image.content import SELFTEST_NAME
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME
from yamnet_tools.spiffs import read_image


@dataclass(frozen=True)
class Faults:
    """Faults of the model partition.

    Attributes:
        wrong_model: a sound model and self-test, but every output is that of the class before.
        failing_selftest: stored outputs that no kernels give.
    """

    wrong_model: bool = False
    failing_selftest: bool = False


@dataclass(frozen=True)
class StoredModel:
    """A model partition's files by name."""

    files: dict[str, bytes]

    def load(self) -> YamnetModel:
        """The model as the tools know it.

        Raises:
            ModelError: it cannot be used.
        """
        with tempfile.TemporaryDirectory() as folder:
            for name in (MODEL_NAME, CLASS_MAP_NAME):
                Path(folder, name).write_bytes(self.files[name])
            return load_model(Path(folder, MODEL_NAME))

    @property
    def arena_bytes(self) -> int:
        """TFLM's use of its arena as the converter measured it, 0 where the manifest does not say."""
        try:
            value = json.loads(self.files[MANIFEST_NAME])["model"]["proof"]["tflm_arena_bytes"]
        except (KeyError, TypeError):
            return 0
        return value if isinstance(value, int) else 0


def load_stored(image: bytes, faults: Faults) -> StoredModel:
    """Read a model partition. What is wrong with its files is for the device to find.

    Raises:
        SpiffsError: the image is no SPIFFS.
        ModelError, EngineError: a fault is asked for, and the model is none to have it.
    """
    volume = read_image(image)
    stored = StoredModel({file.name.removeprefix("/"): file.data for file in volume.files if file.data is not None})
    if faults.wrong_model:
        stored.files[MODEL_NAME] = _shift_classes(stored.files[MODEL_NAME])
        model = stored.load()
        stored.files[SELFTEST_NAME] = selftest.to_bytes(selftest.make_selftest(model, open_engine("tflm", model)))
    if faults.failing_selftest:
        vector = selftest.from_bytes(stored.files[SELFTEST_NAME])
        wrong = replace(vector, outputs=np.bitwise_xor(vector.outputs, np.int8(3)))
        stored.files[SELFTEST_NAME] = selftest.to_bytes(wrong)
    if faults != Faults():
        stored.files[MANIFEST_NAME] = content.describe(stored.files, json.loads(stored.files[MANIFEST_NAME])["model"])
    return stored


def _shift_classes(data: bytes) -> bytes:
    """The same network with the classifier's rows moved by one."""
    model = read_model(data)
    head = next(operator for operator in reversed(model.operators) if operator.name == "FULLY_CONNECTED")
    tensors = list(model.tensors)
    for index in head.inputs[1:]:
        tensor = tensors[index]
        moved = np.ascontiguousarray(np.roll(tensor.values(), 1, axis=0))
        tensors[index] = replace(tensor, data=moved.view(np.uint8).reshape(-1))
    shifted = write_model(replace(model, tensors=tuple(tensors)))
    if sha256_hex(shifted) == sha256_hex(data):
        raise ModelError("the wrong model is the right one")
    return shifted
