# SPDX-License-Identifier: Apache-2.0
"""Pages, listeners and downloads at a device's HTTP server while it hears: what they get, and what one costs in memory.

    python benchmarks/http_load.py --url http://127.0.0.1:8080 --token TOKEN [--pages 8] [--listeners 3] [--seconds 30]

A page has two connections, live scores with the spectrogram and live events; a listener has live sound; one client
downloads the newest clip over and over. The memory of a connection is what its status says that the device has less
(on a board internal RAM, of a simulated device the memory of its process) for each of a few that are read at once.
Exit code 1: the device lost sound (overruns, gaps), or a client did not get all of what it asked for, in order.
"""

import argparse
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0
SAMPLE_RATE_HZ = 16_000
WAV_HEADER_BYTES = 44
ALLOWED_LAG_S = 3.0
SETTLE_S = 2.0


@dataclass
class Device:
    """How the device is reached."""

    host: str
    port: int
    token: str

    def ask(
        self, path: str, use: Callable[[socket.socket], None] = lambda _: None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Ask for something; `use` is given the socket. Raises OSError, http.client.HTTPException."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        connection.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert connection.sock is not None
        use(connection.sock)
        return connection, connection.getresponse()

    def json(self, path: str) -> Any:
        connection, answer = self.ask(path)
        with closing(connection):
            content = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {content.decode(errors='replace')}")
            return json.loads(content)


@dataclass
class Client(threading.Thread):
    """Reads one path for as long as it may.

    Attributes:
        problem: why it did not get what it asked for.
        bytes_got: of the bodies.
    """

    device: Device
    path: str
    problem: str = ""
    bytes_got: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)
    _socket: socket.socket | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            connection, answer = self.device.ask(self.path, self._keep)
            with closing(connection):
                if answer.status != 200:
                    self.problem = f"{self.path}: {answer.status}"
                    return
                while not self._done.is_set():
                    piece = answer.read1(1 << 16)
                    if not piece:
                        self.problem = "" if self._done.is_set() else f"{self.path}: it ended early"
                        return
                    self.last_s = time.monotonic()
                    self.first_s = self.first_s or self.last_s
                    self.bytes_got += len(piece)
                    self.take(piece)
        except (OSError, http.client.HTTPException) as error:
            self.problem = f"{self.path}: {error!r}"

    def take(self, piece: bytes) -> None:
        """What has come."""

    def finish(self) -> None:
        """Close the connection."""
        self._done.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.join(TIMEOUT_S)

    def _keep(self, line: socket.socket) -> None:
        self._socket = line

    __hash__ = threading.Thread.__hash__


class Scores(Client):
    """Counts patches, and those that did not come."""

    def __init__(self, device: Device) -> None:
        super().__init__(device, "scores?mel&rate=10")
        self.patches: list[int] = []
        self._text = b""

    def take(self, piece: bytes) -> None:
        self._text += piece
        *events, self._text = self._text.split(b"\n\n")
        for event in events:
            if event.startswith(b"event: scores"):
                self.patches.append(json.loads(event.partition(b"data: ")[2])["patch"])

    @property
    def missed(self) -> int:
        return self.patches[-1] - self.patches[0] + 1 - len(self.patches) if self.patches else 0


class Sound(Client):
    def __init__(self, device: Device) -> None:
        super().__init__(device, "audio.wav")

    @property
    def missing_s(self) -> float:
        """Seconds of sound that have not come by the time that the last did."""
        heard = (self.bytes_got - WAV_HEADER_BYTES) / 2 / SAMPLE_RATE_HZ
        return self.last_s - self.first_s - heard


class Downloads(Client):
    """Fetches the newest finished clip until it is told to stop; it may be removed meanwhile."""

    def __init__(self, device: Device) -> None:
        super().__init__(device, "clips")
        self.count = 0

    def run(self) -> None:
        self.first_s = time.monotonic()
        try:
            while not self._done.is_set():
                self._fetch()
        except (OSError, http.client.HTTPException) as error:
            self.problem = f"{self.path}: {error!r}"
        self.last_s = time.monotonic()

    def _fetch(self) -> None:
        clips = [clip for clip in self.device.json("clips")["clips"] if not clip["recording"]]
        if not clips:
            time.sleep(0.5)
            return
        self.path = f"clips/{clips[0]['name']}"
        connection, answer = self.device.ask(self.path)
        with closing(connection):
            content = answer.read()
        if answer.status == 409:  # begun just now, or too many are being read: try again
            time.sleep(0.5)
            return
        if answer.status != 200 or len(content) != clips[0]["bytes"]:
            self.problem = f"{self.path}: {answer.status}, {len(content)} bytes of {clips[0]['bytes']}"
        self.bytes_got += len(content)
        self.count += 1


def _finish(clients: Sequence[Client]) -> list[str]:
    """End all; returns what was wrong with any until then."""
    problems = [client.problem for client in clients if client.problem]
    for client in clients:
        client.finish()
    return problems


def load(device: Device, pages: int, listeners: int, seconds: float) -> list[str]:
    """Print what everybody got; returns what was wrong."""
    before = device.json("status")["audio"]
    scores = [Scores(device) for _ in range(pages)]
    events = [Client(device, "events?live") for _ in range(pages)]
    sounds = [Sound(device) for _ in range(listeners)]
    downloads = Downloads(device)
    clients: list[Client] = [*scores, *events, *sounds, downloads]
    for client in clients:
        client.start()
    time.sleep(seconds)
    after = device.json("status")["audio"]
    problems = _finish(clients)
    overruns, gaps = (after[name] - before[name] for name in ("overruns", "gaps"))
    missed = sum(each.missed for each in scores)
    late = [each.missing_s for each in sounds]
    patches = [len(each.patches) for each in scores]
    print(f"{pages} pages, {listeners} listeners, 1 download, {seconds:.0f} s: overruns {overruns}, gaps {gaps}")
    if pages:
        print(f"patches for each page: {min(patches)} to {max(patches)}, {missed} missed")
    if listeners:
        print(f"sound that came late or not: {max(late):.2f} s at most")
    megabytes, taken = downloads.bytes_got / 1e6, downloads.last_s - downloads.first_s
    print(f"downloads: {downloads.count}, {megabytes:.1f} MB, {megabytes / taken:.2f} MB/s")
    if overruns or gaps:
        problems.append(f"overruns {overruns}, gaps {gaps}")
    if missed or (pages and not min(patches)):
        problems.append("patches are missing")
    if late and max(late) > ALLOWED_LAG_S:
        problems.append("sound is missing")
    return problems


def memory(device: Device, path: str, count: int) -> None:
    """Print what a connection costs while it is read."""

    def free() -> int:
        time.sleep(SETTLE_S)
        value: int = device.json("status")["memory"]["free_heap"]
        return value

    before = free()
    clients = [Client(device, path) for _ in range(count)]
    for client in clients:
        client.start()
    during = free()
    refused = len(_finish(clients))
    after = free()
    open_ones = max(count - refused, 1)
    kept = before - after
    used = before - during
    print(
        f"{path}: {used / open_ones / 1024:.1f} KiB for each of {count - refused} ({refused} refused); "
        f"of {used / 1024:.1f} KiB {kept / 1024:.1f} are not given back"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Load a device's HTTP server while it hears.")
    parser.add_argument("--url", required=True, help="as http://yamnet-1a2b.local")
    parser.add_argument("--token", required=True, help="the owner's")
    parser.add_argument("--pages", type=int, default=8, metavar="N", help="%(default)s")
    parser.add_argument("--listeners", type=int, default=3, metavar="N", help="%(default)s")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="of load (%(default)s)")
    parser.add_argument(
        "--connections", type=int, default=6, metavar="N", help="for the memory of one; 0: not measured"
    )
    options = parser.parse_args(arguments)
    url = urlsplit(options.url)
    device = Device(url.hostname or "", url.port or 80, options.token)
    if options.connections:
        for path in ("scores?mel", "events?live", "audio.wav"):
            memory(device, path, options.connections)
    problems = load(device, options.pages, options.listeners, options.seconds)
    for problem in sorted(set(problems)):
        print(f"wrong: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
