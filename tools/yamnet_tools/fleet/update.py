# SPDX-License-Identifier: Apache-2.0
"""A firmware or model for one device: sent, and waited for until it runs confirmed."""

import base64
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from yamnet_tools.device.answers import Fields, Info, require
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError, SpiffsError
from yamnet_tools.paths import MODEL_NAME
from yamnet_tools.spiffs.reader import read_image

Kind = Literal["firmware", "model"]

_APP_MAGIC = b"\xe9"
_APPENDED = 32
"""ESP-IDF ends an app's image with the SHA-256 of what precedes."""

_PAUSE_S = 1.0
_COMMON: dict[str, Any] = {"busy?": {"what": str}, "last?": str}
_SHAPES: dict[Kind, dict[str, Any]] = {
    "firmware": {"firmware": {"version": str, "sha256": str, "state": str}, **_COMMON},
    "model": {"model": {"sha256": str}, **_COMMON},
}


@dataclass(frozen=True)
class Image:
    """What devices are to run. `sha256` is what they tell of it: an app's own, or that of the yamnet.tflite in it."""

    kind: Kind
    data: bytes
    sha256: str

    @classmethod
    def read(cls, kind: Kind, path: Path) -> "Image":
        """From a file.

        Raises:
            DeviceError: it cannot be read, or is none.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DeviceError(f"{path}: {error.strerror}") from error
        return cls(kind, data, _firmware_hash(data, path) if kind == "firmware" else _model_hash(data, path))


def _firmware_hash(data: bytes, path: Path) -> str:
    if not data.startswith(_APP_MAGIC) or hashlib.sha256(data[:-_APPENDED]).digest() != data[-_APPENDED:]:
        raise DeviceError(f"{path}: this is no app's image, or a damaged one: build/yamnet.bin is one")
    return data[-_APPENDED:].hex()


def _model_hash(data: bytes, path: Path) -> str:
    try:
        (model,) = (file.data for file in read_image(data).files if file.name == f"/{MODEL_NAME}")
    except (SpiffsError, ValueError) as error:
        raise DeviceError(f"{path}: this is no model partition's image: tools/mkspiffs_model.py makes one") from error
    return hashlib.sha256(model or b"").hexdigest()


class Updater:
    """Brings an image to devices.

    Args:
        image: what they are to run.
        signature: of the owner's key, if there is one.
        send_s: how long it may take to arrive.
        back_s: how long the device may then take until it runs it, confirmed.
    """

    def __init__(self, image: Image, signature: str, send_s: float, back_s: float) -> None:
        self._image = image
        self._signature = signature
        self._send_s = send_s
        self._back_s = back_s

    def has_it(self, line: HttpLine) -> bool:
        """Whether the device runs it, and nothing else goes on there.

        Raises:
            DeviceError: no answer, no device that can be updated, or one that is just being updated.
        """
        told = self._told(line)
        if told["busy"]:
            raise DeviceError(f"it is just taking another {told['busy']['what']}; try again later")
        if why_not := told.get(f"no_{self._image.kind}"):
            raise DeviceError(str(why_not))
        return self._confirmed(told)

    def update(self, line: HttpLine) -> None:
        """Send it, and wait until the device runs it and says that it is right.

        Raises:
            DeviceError: the device refuses it, has gone back to what it had, or does not come back.
        """
        digest = base64.b64encode(hashlib.sha256(self._image.data).digest()).decode()
        fields = {"Content-Type": "application/octet-stream", "Content-Digest": f"sha-256=:{digest}:"}
        if self._signature:
            fields["X-Signature"] = self._signature
        broke: DeviceError | None = None
        try:
            line.ask("PUT", f"update/{self._image.kind}", self._image.data, fields, timeout_s=self._send_s)
        except HttpRefusedError:
            raise
        except DeviceError as error:  # perhaps it has it, and its answer was lost
            broke = error
        sent = time.monotonic()
        last = "it does not answer"
        while time.monotonic() - sent < self._back_s:
            time.sleep(_PAUSE_S)
            try:
                told = self._told(line)
                info = Info.of_status(line.ask_json("GET", "status"))
            except DeviceError as error:
                last = str(error)
                continue
            if self._confirmed(told) and (info.fields.get("selftest") or {}).get("passed"):
                return
            if broke is not None and not told["busy"] and not self._runs(told):
                raise broke
            restarted = info.uptime_ms < 1000 * (time.monotonic() - sent)
            if restarted and not told["busy"] and not self._runs(told):
                raise DeviceError(f"it runs what it had before: {told['last'] or 'it does not say why'}")
            last = "; ".join(info.failed_steps) or f"it is {told[self._image.kind].get('state', 'starting')}"
        raise DeviceError(f"it did not come back with it within {self._back_s:.0f} s: {last}")

    def _told(self, line: HttpLine) -> Fields:
        told = line.ask_json("GET", "update")
        require(told, _SHAPES[self._image.kind], "update")
        return told

    def _runs(self, told: Fields) -> bool:
        return bool(told[self._image.kind]["sha256"] == self._image.sha256)

    def _confirmed(self, told: Fields) -> bool:
        return self._runs(told) and told[self._image.kind].get("state", "confirmed") == "confirmed"
