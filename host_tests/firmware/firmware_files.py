# SPDX-License-Identifier: Apache-2.0
"""The files of the model partition (docs/model-partition.md), right or wrong in one way, in a folder."""

import hashlib
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILES = ("selftest.bin", "yamnet_class_map.csv", "yamnet.tflite")


def selftest(
    patch: npt.NDArray[np.int8],
    scores: npt.NDArray[np.int8],
    input_quantization: tuple[float, int],
    output_quantization: tuple[float, int],
    model: bytes,
) -> bytes:
    """selftest.bin."""
    head = struct.pack("<4sIIIfifi", b"YAMT", 1, 6144, 521, *input_quantization, *output_quantization)
    body = head + hashlib.sha256(model).digest() + patch.tobytes() + scores.tobytes() + bytes(3)
    return body + struct.pack("<I", zlib.crc32(body))


def write_manifest(folder: Path) -> None:
    """Write the manifest of what is there."""
    files = {}
    for name in FILES:
        if (folder / name).is_file():
            data = (folder / name).read_bytes()
            files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": files, "model": None}))
