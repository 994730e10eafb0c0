# SPDX-License-Identifier: Apache-2.0
"""Sending an image to a device over HTTP, and waiting for what becomes of it."""

import base64
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from yamnet_tools.device.answers import Info, require
from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.device.restart import READY_S, restart
from yamnet_tools.errors import DeviceError, UpdateError
from yamnet_tools.updating.image import Kind, UpdateImage
from yamnet_tools.updating.signing import SigningKey

VERDICT_S = 330.0
"""A new firmware is judged after 60 s of health, or goes after 300 s without."""

_SEND_S = 600.0
_PAUSE_S = 2.0
_STATE_SHAPE: dict[str, Any] = {
    "firmware": {"version": str, "sha256": str, "state": str, "previous?": {"sha256": str}},
    "model?": {"name": str, "sha256": str, "state": str, "previous?": {"sha256": str}},
    "last?": str,
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """What became of an update: whether the new image is kept, and the device's own words on it."""

    kept: bool
    text: str


class Updater:
    """Replaces firmware and model of a device.

    Args:
        line: to it.
        ready_s: how long a restart may take.
        verdict_s: how long the device may take to judge a new firmware.
    """

    def __init__(self, line: HttpLine, *, ready_s: float = READY_S, verdict_s: float = VERDICT_S) -> None:
        self._line = line
        self._ready_s = ready_s
        self._verdict_s = verdict_s

    def state(self) -> dict[str, Any]:
        """GET update.

        Raises:
            DeviceError: no answer, or the device is none that can be updated.
        """
        state = self._line.ask_json("GET", "update")
        require(state, _STATE_SHAPE, "update")
        return state

    def send(self, image: UpdateImage, key: SigningKey | None, progress: Progress = lambda *_: None) -> Outcome:
        """Send an image, let the device restart, and wait for its verdict.

        Args:
            image: of either kind.
            key: signs it.
            progress: takes how many bytes are sent, and of how many.

        Raises:
            DeviceError: the device refused it, did not come back, or came to no verdict; the text says so.
        """
        digest = base64.b64encode(sha256(image.data).digest()).decode()
        fields = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(image.data)),
            "Content-Digest": f"sha-256=:{digest}:",
        }
        if key is not None:
            fields["X-Signature"] = key.sign(image.data)
        self._restart_by(
            lambda: self._line.ask(
                "PUT", f"update/{image.kind}", _Sent(image.data, progress), fields, timeout_s=_SEND_S
            )
        )
        return self._wait_for_verdict(image.kind, image.identity)

    def go_back(self, kind: Kind) -> Outcome:
        """Let the firmware or the model before this one take its place.

        Raises:
            DeviceError: there is none, or as `send`.
        """
        before = (self.state()[kind] or {}).get("previous")
        self._restart_by(lambda: self._line.ask("POST", f"update/{kind}/back"))
        return self._wait_for_verdict(kind, before["sha256"] if before else "")

    def set_key(self, public_pem: str, signature: str) -> None:
        """Set whose signature updates need; "": nobody's.

        Raises:
            DeviceError: the device refused it.
        """
        body = json.dumps({"key": public_pem, "signature": signature}).encode()
        self._line.ask("PUT", "update/key", body)

    def _restart_by(self, order: Callable[[], object]) -> None:
        before = self._info(self._line.timeout_s)
        restart(before, order, self._info, self._ready_s, lambda: time.sleep(_PAUSE_S))

    def _info(self, timeout_s: float) -> Info:
        return Info.of_status(self._line.ask_json("GET", "status", timeout_s=timeout_s))

    def _wait_for_verdict(self, kind: Kind, wanted: str) -> Outcome:
        deadline = time.monotonic() + self._verdict_s
        last = "it does not answer"
        while time.monotonic() < deadline:
            try:
                state = self.state()
            except HttpRefusedError:
                raise
            except DeviceError:
                time.sleep(_PAUSE_S)
                continue
            last = state["last"] or "it says nothing of an update"
            there = state[kind]
            if there is not None and there["state"] == "confirmed":
                return Outcome(there["sha256"] == wanted, last)
            time.sleep(_PAUSE_S)
        raise UpdateError(f"{self._line}: no verdict on the {kind} within {self._verdict_s:.0f} s: {last}")


class _Sent(io.BytesIO):
    """Bytes that tell how far they were read."""

    def __init__(self, data: bytes, progress: Progress) -> None:
        super().__init__(data)
        self._size = len(data)
        self._progress = progress

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        piece = super().read(size)
        self._progress(self.tell(), self._size)
        return piece
