# SPDX-License-Identifier: Apache-2.0
"""What a device costs broker and network: bytes a minute by MQTT, while nothing happens and with an event a minute, and
of each way to ask it over HTTP.

    python benchmarks/fleet_traffic.py [--minutes 2] [--image out/model/yamnet_spiffs.bin]

Needs mosquitto, and Linux, whose TCP counts segments. Runs tools/simulate_device.py on this computer, with a proxy on
each way to it that counts. A segment is 40 bytes on the wire besides what it carries (IPv4 and TCP without options, as
lwIP sends them); Ethernet or Wi-Fi come on top.
"""

import argparse
import contextlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.device.owner_token import OwnerToken
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.health import Checkup
from yamnet_tools.fleet.member import Member
from yamnet_tools.paths import CHECKOUT, MODEL_IMAGE

RATE = 16_000
HEADERS = 40
SEGMENTS_AT = slice(136, 144)  # of struct tcp_info: tcpi_segs_out, tcpi_segs_in
SETTLE_S = 20.0  # until the noise floor is told and discovery is over
TIMEOUT_S = 20.0


@dataclass
class Counter:
    """A proxy on this computer."""

    to_port: int
    carried: int = 0
    segments: int = 0
    connections: int = 0

    def __post_init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def total(self) -> tuple[int, int, int]:
        """Bytes carried, segments and connections so far."""
        return self.carried, self.segments + sum(map(_segments, list(self._open))), self.connections

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            self.connections += 1
            other = socket.create_connection(("127.0.0.1", self.to_port))
            self._open.add(client)
            for source, target in ((client, other), (other, client)):
                threading.Thread(target=self._carry, args=(source, target, client), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.carried += len(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        if source is counted:
            time.sleep(0.1)  # the last acknowledgements
            self.segments += _segments(counted)
            self._open.discard(counted)


def _segments(line: socket.socket) -> int:
    info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(np.frombuffer(info[SEGMENTS_AT], "<u4").sum())


def sounds(folder: Path) -> dict[str, Path]:
    """A minute of a quiet room that is louder and softer by some decibels, and the same with a smoke alarm in it."""
    random = np.random.default_rng(0)
    loudness = np.repeat(20 * 10 ** (random.uniform(-6, 6, 60) / 20), RATE)
    noise = (random.normal(0, 1, 60 * RATE) * loudness).astype(np.int16)
    alarm, _ = soundfile.read(CHECKOUT / "examples/audio/smoke_alarm_t3.wav", dtype="int16")
    loud = noise.copy()
    loud[20 * RATE : 20 * RATE + len(alarm)] = alarm[: 40 * RATE]
    paths = {"nothing happens": folder / "quiet.wav", "an event a minute": folder / "event.wav"}
    for path, pcm in zip(paths.values(), (noise, loud), strict=True):
        soundfile.write(path, pcm, RATE)
    return paths


@contextlib.contextmanager
def running(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[Counter]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        raise SystemExit("needs mosquitto: apt-get install mosquitto")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "broker.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with running([program, "-c", str(folder / "broker.conf")]):
        time.sleep(1)
        yield Counter(port)


@contextlib.contextmanager
def device(image: Path, sound: Path, mqtt: int, storage: Path) -> Iterator[tuple[int, OwnerToken]]:
    """Its port and token."""
    command = [sys.executable, str(CHECKOUT / "tools/simulate_device.py"), "--image", str(image), "--play", str(sound)]
    command += ["--http", "0", "--tcp", "0", "--mqtt", f"127.0.0.1:{mqtt}", "--storage", str(storage)]
    with running(command) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.match(r"http://127\.0\.0\.1:(\d+)/, owner's token (\S+)", line):
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield int(found[1]), OwnerToken(found[2], "the simulated device")
                return
        raise SystemExit("the simulated device did not start")


@dataclass
class Way:
    """A way to ask over HTTP: each `every_s`, or all the time while it is None."""

    name: str
    ask: Callable[[Member], object]
    every_s: float | None


def _line(member: Member) -> HttpLine:
    return member.line(TIMEOUT_S)


def _stream(path: str) -> Callable[[Member], object]:
    def read(member: Member) -> None:
        with _line(member).open(path, "text/event-stream") as stream:
            while stream.read_line(1 << 16):
                pass

    return read


WAYS = [
    Way("metrics each 30 s (Prometheus)", lambda member: _line(member).ask("GET", "metrics"), 30),
    Way("`fleet.py status` each 5 s", Checkup(TIMEOUT_S).health, 5),
    Way("live events (`events?live`)", _stream("events?live"), None),
    Way("live scores with the spectrogram (the page, open)", _stream("scores?mel&k=10"), None),
]


def _keep_asking(way: Way, member: Member, end: float) -> None:
    while time.monotonic() < end:
        began = time.monotonic()
        with contextlib.suppress(DeviceError):
            way.ask(member)
        time.sleep(max(0.0, min(end, began + (way.every_s or 0)) - time.monotonic()))


def row(name: str, before: tuple[int, int, int], after: tuple[int, int, int], minutes: float) -> str:
    carried, segments, connections = (now - then for now, then in zip(after, before, strict=True))
    numbers = (carried, segments, connections, carried + HEADERS * segments)
    return f"| {name} | {' | '.join(f'{number / minutes:,.0f}' for number in numbers)} |"


def measure(name: str, image: Path, sound: Path, minutes: float, folder: Path, ways: list[Way]) -> Iterator[str]:
    folder.mkdir()
    with broker(folder) as mqtt, device(image, sound, mqtt.port, folder / "storage") as (port, token):
        time.sleep(SETTLE_S)
        yield row("MQTT: from nothing to all told", (0, 0, 0), mqtt.total(), 1)
        counters = [Counter(port) for _ in ways]
        end = time.monotonic() + 60 * minutes
        for way, counter in zip(ways, counters, strict=True):
            address = HttpAddress.parse(f"http://127.0.0.1:{counter.port}")
            member = Member("device", address, token, "")
            threading.Thread(target=_keep_asking, args=(way, member, end), daemon=True).start()
        before = mqtt.total()
        time.sleep(60 * minutes)
        yield row(f"MQTT, while {name}", before, mqtt.total(), minutes)
        for way, counter in zip(ways, counters, strict=True):
            yield row(f"HTTP: {way.name}", (0, 0, 0), counter.total(), minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--image", type=Path, default=MODEL_IMAGE)
    options = parser.parse_args()
    print("| a minute, both directions | bytes carried | segments | connections | bytes on the wire |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, sound) in enumerate(sounds(Path(folder)).items()):
            ways = WAYS if number == 0 else []
            for line in measure(name, options.image, sound, options.minutes, Path(folder) / str(number), ways):
                print(line, flush=True)


if __name__ == "__main__":
    main()
