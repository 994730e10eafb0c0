# SPDX-License-Identifier: Apache-2.0
"""What a file is that somebody wants on a device: firmware, a model's partition, or neither."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from yamnet_tools.errors import SpiffsError, UpdateError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model_image import find_problems
from yamnet_tools.paths import MODEL_NAME
from yamnet_tools.spiffs import read_image
from yamnet_tools.updating import app_image

Kind = Literal["firmware", "model"]

_ELF = b"\x7fELF"
_TFLITE = b"TFL3"


@dataclass(frozen=True)
class UpdateImage:
    """An image, of which kind, and what it says of itself.

    Attributes:
        identity: the SHA-256 that a device says it has then: at an app's end, of the model in a partition.
    """

    kind: Kind
    data: bytes
    name: str
    identity: str


def read_update(path: Path) -> UpdateImage:
    """Read a file and see what it is.

    Raises:
        UpdateError: it is nothing that a device takes, or damaged.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    if data.startswith(app_image.MAGIC):
        try:
            app = app_image.describe(data)
        except UpdateError as error:
            raise UpdateError(f"{path}: {error}") from None
        return UpdateImage("firmware", data, f"{app.project} {app.version}", data[-32:].hex())
    if data.startswith(_ELF):
        raise UpdateError(f"{path}: an ELF file; the app image lies beside it: build/yamnet-esp32s3.bin")
    if data[4:8] == _TFLITE:
        raise UpdateError(f"{path}: a model alone; tools/mkspiffs_model.py --model makes the image of it")
    try:
        volume = read_image(data)
        problems = find_problems(volume)
        model = volume.file(f"/{MODEL_NAME}")
    except SpiffsError:
        problems, model = ["no SPIFFS image"], None
    if problems or model is None or model.data is None:
        problem = problems[0] if problems else f"no {MODEL_NAME} in it"
        raise UpdateError(
            f"{path}: neither an app image (0xe9) nor a sound image of the model partition: {problem}; "
            "idf.py build makes the one, tools/mkspiffs_model.py the other"
        )
    return UpdateImage("model", data, path.name, sha256_hex(model.data))
