# SPDX-License-Identifier: Apache-2.0
"""selftest.bin: one patch and the outputs a device must give for it. docs/model-partition.md has the layout."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools.engines import Engine
from yamnet_tools.errors import ModelError
from yamnet_tools.model import TensorQuantization, YamnetModel
from yamnet_tools.model.network import INPUT_SHAPE
from yamnet_tools.probe_audio import front_end_probes

_HEADER = struct.Struct("<4sIIIfifi32s")
_MAGIC = b"YAMT"
_VERSION = 1
_PATCH_BYTES = INPUT_SHAPE[1] * INPUT_SHAPE[2]
_ALIGNMENT = 4

_SOUND = "clicks 1"
"""A hundred outputs answer to it, more than to any other probe: little can be wrong and none of them show it."""


@dataclass(frozen=True)
class SelfTest:
    """A patch int8 [96, 64], the outputs int8 [classes] expected for it, and the model that gave them."""

    patch: npt.NDArray[np.int8]
    outputs: npt.NDArray[np.int8]
    input_quantization: TensorQuantization
    output_quantization: TensorQuantization
    model_sha256: str


def make_selftest(model: YamnetModel, engine: Engine) -> SelfTest:
    """Score a made-up patch.

    Args:
        model: the model that goes into the image.
        engine: TFLM's reference kernels with that model.

    Raises:
        EngineError: the engine fails.
    """
    pcm = next(probe.pcm for probe in front_end_probes() if probe.name == _SOUND)
    stream = device_core.PatchStream(model.front_end, *model.input_quantization)
    patches, _ = stream.feed(pcm)
    return SelfTest(
        patches[-1], engine.score(patches[-1:])[0], model.input_quantization, model.output_quantization, model.sha256
    )


def to_bytes(selftest: SelfTest) -> bytes:
    """The file."""
    head = _HEADER.pack(
        _MAGIC,
        _VERSION,
        _PATCH_BYTES,
        selftest.outputs.size,
        *selftest.input_quantization,
        *selftest.output_quantization,
        bytes.fromhex(selftest.model_sha256),
    )
    body = head + selftest.patch.tobytes() + selftest.outputs.tobytes()
    body += bytes(-len(body) % _ALIGNMENT)
    return body + struct.pack("<I", zlib.crc32(body))


def from_bytes(data: bytes) -> SelfTest:
    """Read the file.

    Raises:
        ModelError: it is not one, of another version, or damaged.
    """
    try:
        device_core.check_self_test(data)
    except ValueError as error:
        raise ModelError(str(error)) from None
    classes, in_scale, in_zero, out_scale, out_zero, sha256 = _HEADER.unpack_from(data)[3:]
    values = np.frombuffer(data, np.int8, _PATCH_BYTES + classes, _HEADER.size)
    return SelfTest(
        values[:_PATCH_BYTES].reshape(INPUT_SHAPE[1:]),
        values[_PATCH_BYTES:],
        TensorQuantization(in_scale, in_zero),
        TensorQuantization(out_scale, out_zero),
        sha256.hex(),
    )
