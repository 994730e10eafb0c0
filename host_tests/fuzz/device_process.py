# SPDX-License-Identifier: Apache-2.0
"""A small simulated device in a process of its own, with or without sanitizers: what kills it kills nobody else.

That process, main(), takes pickled requests on standard input, answers on standard output and looks for leaks at its
end.
"""

import ctypes
import gc
import os
import pickle
import subprocess
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import other_device_core

HOST_TESTS = Path(__file__).resolve().parents[1]

LEAKS = 7
"""Exit code of a process that has lost memory."""

STREAMS_KEPT = 8
PIECES = 3
PIECES_OF_A_DOCUMENT = 100_000
REQUESTS_PER_SOUND = 4


@dataclass(frozen=True)
class Request:
    """As a server gives it to the device."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes
    peer: str


@dataclass(frozen=True)
class Reply:
    """What the device has answered, and its token since then."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    """Of a stream, its first pieces."""
    is_stream: bool
    whole: bool
    length: int | None
    token: str


def python_path() -> str:
    """PYTHONPATH for processes that import what tests import."""
    folders = (HOST_TESTS, HOST_TESTS / "fuzz", HOST_TESTS / "components" / "serial_console")
    return os.pathsep.join(map(str, folders))


class DeviceDiedError(Exception):
    """The process has ended where it should have answered; the text is what it said."""


class DeviceProcess:
    """Starts one.

    Args:
        storage: a folder for its clips and journal.
        environment: in which it runs; see native_build.sanitizer_environment().
    """

    def __init__(self, storage: Path, environment: dict[str, str]) -> None:
        self._said = (storage / "said.txt").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-c", "import device_process; device_process.main()", str(storage)],
            env=os.environ | environment | {"PYTHONPATH": python_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def ask(self, request: Request) -> Reply:
        """Raises DeviceDiedError."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()
            reply: Reply = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            self._process.wait()
            raise DeviceDiedError(self._last_words()) from error
        return reply

    def end(self) -> None:
        """Let it end. Raises DeviceDiedError if it does not end well, as it does not when memory has leaked."""
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        if self._process.wait() != 0:
            raise DeviceDiedError(self._last_words())

    def __enter__(self) -> "DeviceProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._said.close()

    def _last_words(self) -> str:
        self._said.seek(0)
        return f"exit code {self._process.returncode}\n{self._said.read().decode(errors='replace')[-8000:]}"


class _Served:
    """The device over its restarts, its sound and its streams."""

    def __init__(self, storage: str) -> None:
        from device_core import SimulatedDevice
        from small_host import SmallHost
        from yamnet_tools.simulated_device.wifi import DEFAULT_AIR, SimulatedRadio

        self._make = SimulatedDevice
        self._host = SmallHost(storage=storage)
        self._host.radio = SimulatedRadio(lambda: DEFAULT_AIR, speed=50)
        self._device = SimulatedDevice(self._host, "power on")
        self._streams: deque[Any] = deque()
        self._asked = 0

    def answer(self, request: Request) -> Reply:
        from device_core import HttpStream

        self._pass_time()
        status, headers, content, length = self._device.http(
            request.method, request.target, request.fields, request.body, request.peer
        )
        body, is_stream, whole = content, isinstance(content, HttpStream), True
        if is_stream:
            document = ("Content-Type", "application/json") in headers
            body, whole = self._pieces_of(content, PIECES_OF_A_DOCUMENT if document else PIECES)
            if not whole:
                self._streams.append(content)
        if len(self._streams) > STREAMS_KEPT:
            self._streams.popleft()
        reply = Reply(status, headers, body, is_stream, whole, length, self._device.token)
        if self._device.restart_requested:
            self._restart()
        return reply

    def close(self) -> None:
        self._streams.clear()
        self._device.prepare_restart()
        del self._device, self._host

    def _pieces_of(self, stream: Any, most: int) -> tuple[bytes, bool]:
        pieces = []
        for _ in range(most):
            if (piece := stream.next()) is None:
                return b"".join(pieces), True
            if not piece:
                self._device.upkeep()  # it waits for what the device does besides
            pieces.append(piece)
        return b"".join(pieces), False

    def _pass_time(self) -> None:
        """Loud for a while, then silent, so that events begin and end; whoever has a stream takes some of it."""
        import numpy as np

        self._asked += 1
        if self._asked % REQUESTS_PER_SOUND:
            return
        loud = self._asked // REQUESTS_PER_SOUND % 40 < 25
        self._device.hear(np.tile(np.array([3000, -3000] if loud else [3, -3], np.int16), 2000), "test")
        self._device.upkeep()
        self._streams = deque(stream for stream in self._streams if stream.next() is not None)

    def _restart(self) -> None:
        self._streams.clear()
        self._device.prepare_restart()
        del self._device  # two at once would write to one folder
        self._device = self._make(self._host, "software")
        del self._host.logs[:]


def _serve(storage: str, requests: IO[bytes], answers: IO[bytes]) -> None:
    served = _Served(storage)
    with suppress(EOFError):
        while True:
            pickle.dump(served.answer(pickle.load(requests)), answers)
            answers.flush()
    served.close()


def exit_after_leak_check() -> None:
    """Before the interpreter ends, which keeps much that nothing points to any more."""
    gc.collect()
    check = getattr(ctypes.CDLL(None), "__lsan_do_recoverable_leak_check", None)
    leaks = check is not None and check() != 0
    sys.stderr.flush()
    os._exit(LEAKS if leaks else 0)


def main() -> None:
    """The process itself."""
    other_device_core.use_if_named()
    _serve(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
    exit_after_leak_check()
