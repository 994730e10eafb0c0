# SPDX-License-Identifier: Apache-2.0
"""What a simulated device finds in its model partition, faults on request included."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from yamnet_tools.engines import Engine, open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.tflite import Model
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.model_image import content, selftest
from yamnet_tools.model_image.content import SELFTEST_NAME
from yamnet_tools.model_image.selftest import SelfTest
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
    """A model partition's content, ready to run. `graph` is the model as plain values; `arena_bytes` is TFLM's use of
    its arena as the converter measured it, None where the manifest does not say.
    """

    model: YamnetModel
    engine: Engine
    graph: Model
    selftest: SelfTest
    arena_bytes: int | None


def load_stored(image: bytes, faults: Faults) -> StoredModel:
    """Read a model partition as the firmware does.

    Raises:
        ModelError: a file is missing, or not as the manifest says.
        SpiffsError, EngineError: the image is no SPIFFS, or TFLM refuses the model.
    """
    volume = read_image(image)
    files = {file.name.removeprefix("/"): file.data for file in volume.files if file.data is not None}
    if problems := content.check(files):
        raise ModelError(problems[0])
    if faults.wrong_model:
        files[MODEL_NAME] = _shift_classes(files[MODEL_NAME])
    with tempfile.TemporaryDirectory() as folder:
        for name in (MODEL_NAME, CLASS_MAP_NAME):
            Path(folder, name).write_bytes(files[name])
        model = load_model(Path(folder, MODEL_NAME))
    engine = open_engine("tflm", model)
    vector = selftest.make_selftest(model, engine) if faults.wrong_model else selftest.from_bytes(files[SELFTEST_NAME])
    if faults.failing_selftest:
        vector = replace(vector, outputs=np.bitwise_xor(vector.outputs, np.int8(3)))
    return StoredModel(model, engine, read_model(model.data), vector, _arena_bytes(files[MANIFEST_NAME]))


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


def _arena_bytes(manifest: bytes) -> int | None:
    try:
        value = json.loads(manifest)["model"]["proof"]["tflm_arena_bytes"]
    except (KeyError, TypeError):
        return None
    return value if isinstance(value, int) else None
