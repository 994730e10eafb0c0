# SPDX-License-Identifier: Apache-2.0
"""A console on the other end of a byte stream, as the firmware tests speak to it."""

import base64
import json
import os
import selectors
import time
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

CHUNK_SAMPLES = 4096


class ConsoleError(Exception):
    """An @err answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Console:
    """Requests out, answers in; log lines are kept in `log`."""

    def __init__(self, read_fd: int, write_fd: int, timeout_s: float) -> None:
        self._read_fd, self._write_fd, self._timeout_s = read_fd, write_fd, timeout_s
        self._selector = selectors.DefaultSelector()
        self._selector.register(read_fd, selectors.EVENT_READ)
        self._buffer = b""
        self._id = 0
        self.log: list[str] = []
        self.repeated = 0

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        while data:
            data = data[os.write(self._write_fd, data[:4096]) :]

    def read_line(self, timeout_s: float | None = None) -> str:
        """The next line, log or answer; TimeoutError with the latest log lines if none comes."""
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        while b"\n" not in self._buffer:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("no line came; the latest were:\n" + "\n".join(self.log[-30:]))
            data = os.read(self._read_fd, 65536)
            if not data:
                raise EOFError("the device has gone; its latest lines were:\n" + "\n".join(self.log[-30:]))
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not text.startswith(("@ok ", "@err ")):
            self.log.append(text)
        return text

    def wait_for_log(self, part: str, timeout_s: float | None = None) -> str:
        """Read until a log line contains `part`."""
        for line in self.log:
            if part in line:
                return line
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        while True:
            line = self.read_line(max(0.01, deadline - time.monotonic()))
            if part in line and line in self.log[-1:]:
                return line

    def read_answer(self, timeout_s: float | None = None) -> str:
        """Read until an answer."""
        while not (line := self.read_line(timeout_s)).startswith(("@ok ", "@err ")):
            pass
        return line

    def ask(self, command: str, arguments: str = "", timeout_s: float | None = None) -> dict[str, Any]:
        """Send a request and return the answer to it; ConsoleError if it is refused.

        A request that the line has damaged is sent again: its refusal carries no id.
        """
        self._id += 1
        request = f"@{command} id={self._id}{' ' if arguments else ''}{arguments}\n".encode()
        self.write(request)
        while True:
            kind, fields = taken_apart(self.read_answer(timeout_s))
            identity = fields.pop("id", None)
            if identity == self._id:
                break
            if identity is None:
                self.repeated += 1
                self.write(request)
        if kind == "@err":
            raise ConsoleError(fields["code"], fields["message"])
        return fields

    def wait_until_up(self, timeout_s: float) -> None:
        """Ask until the boot is over, which ends with the step `storage`."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                steps = self.ask("info", timeout_s=2.0)["boot"]["steps"]
            except (TimeoutError, ConsoleError):
                steps = []
            if any(step["name"] == "storage" for step in steps):
                return
            if time.monotonic() > deadline:
                raise TimeoutError("the boot does not end:\n" + "\n".join(self.log[-30:]))
            time.sleep(1.0)

    def reboot(self) -> None:
        """Restart a device that is a process: wait until it has ended."""
        self.ask("reboot")
        try:
            while True:
                self.read_line()
        except EOFError:
            return

    def score(self, patch: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """The scores, int8 [521], of a patch."""
        return scores_of(self.ask("score", words(patch.tobytes())))

    def pcm(self, pcm: npt.NDArray[np.int16]) -> list[tuple[int, npt.NDArray[np.int8], npt.NDArray[np.int8]]]:
        """Send audio; start sample, patch and scores of each patch."""
        chunk = self.ask("pcm", "begin")["chunk_samples"]
        patches = []
        for first in range(0, len(pcm), chunk):
            answer = self.ask("pcm", f"data {first} {words(pcm[first : first + chunk].tobytes())}")
            for patch in answer["patches"]:
                values = np.frombuffer(unwrap(patch["patch"]), np.int8).reshape(96, 64)
                patches.append((patch["start_sample"], values, scores_of(patch)))
        summary = self.ask("pcm", "end")
        assert summary == {"samples": len(pcm), "patches": len(patches)}
        return patches


def taken_apart(answer: str) -> tuple[str, dict[str, Any]]:
    """An answer's first word and its fields."""
    kind, crc, text = answer.split(" ", 2)
    assert crc == f"{zlib.crc32(text.encode()):08x}", answer
    return kind, json.loads(text)


def words(data: bytes) -> str:
    """Bytes as the protocol's two words."""
    return f"{zlib.crc32(data):08x} {base64.b64encode(data).decode()}"


def unwrap(field: dict[str, str]) -> bytes:
    """Bytes from the protocol's object."""
    data = base64.b64decode(field["base64"], validate=True)
    assert field["crc32"] == f"{zlib.crc32(data):08x}"
    return data


def scores_of(answer: dict[str, Any]) -> npt.NDArray[np.int8]:
    """The scores in an answer."""
    return np.frombuffer(unwrap(answer["scores"]), np.int8)
