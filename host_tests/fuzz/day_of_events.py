# SPDX-License-Identifier: Apache-2.0
"""A day of events at one a second, as fast as the front end goes, watched over HTTP: nothing grows, nobody misses one.

    python host_tests/fuzz/day_of_events.py [--events 86400]

A simulated device hears silence, and its engine the classes of two rules in turn, so that an event begins, and another
ends, each 0.96 s; each has its two lines in the journal, and clips are kept. Three subscribers stay connected to
`events?live`, a fourth comes back again and again with the id of the last line it has. Exit code 1: one of them missed
a line or got one twice. Memory, open files and what lies on the disk are printed ten times on the way.
"""

import argparse
import json
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "components" / "serial_console"))

import numpy as np

from described_api import HOST
from device_core import HttpStream, SimulatedDevice
from small_host import CLASSES, SmallHost

RULES = json.dumps(
    {
        "schema": 1,
        "rules": [
            {"name": name, "classes": [index], "on": 0.5, "off": 0.4, "hold_s": 0}
            for index, name in enumerate(("tick", "tock"))
        ],
    }
).encode()
PATCHES_PER_EVENT = 2
SAMPLES_PER_EVENT = 15_360
EVENTS_PER_VISIT = 25
EMPTY_PIECES = 10
REPORTS = 10


@dataclass
class TickingHost(SmallHost):
    """Whose every other patch has the first class or the second, once it ticks."""

    ticks: bool = False
    patches: int = 0

    def score(self, patch: bytes) -> bytes:
        if not self.ticks:
            return super().score(patch)
        self.patches += 1
        scores = np.full(CLASSES, -128, np.int8)
        event, between = divmod(self.patches, PATCHES_PER_EVENT)
        if not between:
            scores[event % 2] = 127
        return scores.tobytes()

    def log(self, line: str) -> None:
        """Kept by the device, as many as it keeps."""


class Subscriber:
    """Whoever is told of events.

    Args:
        events: how many there will be.
        comes_back: whether it connects each time anew.

    Attributes:
        stays: connected.
        wrong: ids of lines that it was told twice.
    """

    def __init__(self, device: SimulatedDevice, events: int, *, comes_back: bool = False) -> None:
        self._device = device
        self.stays = not comes_back
        self._last = ""
        self._seen = {kind: bytearray(events + 2) for kind in ("start", "end")}
        self._stream: HttpStream | None = None
        self.wrong: list[str] = []

    @property
    def told(self) -> int:
        """Lines, each counted once."""
        return sum(sum(seen) for seen in self._seen.values())

    def take(self) -> None:
        """What there is by now."""
        if self._stream is None or (not self.stays and self._last):
            self._stream = self._connect()
        empty = 0
        while empty < EMPTY_PIECES:  # the journal is read step by step
            piece = self._stream.next()
            assert piece is not None
            empty = 0 if piece else empty + 1
            for identity in re.findall(rb"^id: (\S+)$", piece, re.MULTILINE):
                self._note(identity.decode())

    def _connect(self) -> HttpStream:
        fields = {"host": HOST, "authorization": f"Bearer {self._device.token}", "last-event-id": self._last}
        status, _, content, _ = self._device.http("GET", "/api/v1/events?live", fields, b"", "10.0.0.2")
        assert status == 200, content
        assert isinstance(content, HttpStream)
        return content

    def _note(self, identity: str) -> None:
        """Ids are "<boot>-<number>-<kind>"."""
        _, number, kind = identity.split("-")
        if self._seen[kind][int(number)]:
            self.wrong.append(identity)
        self._seen[kind][int(number)] = 1
        self._last = identity


@dataclass
class Day:
    """Who was told, and what there was on the way: events, MB of memory, open files, files and MB on the disk."""

    subscribers: list[Subscriber]
    reports: list[tuple[int, float, int, int, float]] = field(default_factory=list)


@contextmanager
def ticking_device(storage: Path) -> Iterator[SimulatedDevice]:
    host = TickingHost(storage=str(storage))
    host.settings["sound_events/rules"] = RULES
    device = SimulatedDevice(host, "power on")
    assert device.ready
    host.ticks = True
    yield device
    device.prepare_restart()


def spend(device: SimulatedDevice, storage: Path, events: int) -> Day:
    """Let it hear so many events."""
    day = Day([*(Subscriber(device, events) for _ in range(3)), Subscriber(device, events, comes_back=True)])
    silence = np.zeros(SAMPLES_PER_EVENT, np.int16)
    for subscriber in day.subscribers:
        subscriber.take()
    for number in range(1, events + 1):
        device.hear(silence, "test")
        device.upkeep()
        for subscriber in day.subscribers:
            if subscriber.stays or number % EVENTS_PER_VISIT == 0:
                subscriber.take()
        if number % max(events // REPORTS, 1) == 0:
            day.reports.append((number, *_sizes(storage)))
            print(
                "{} events: {:.1f} MB of memory, {} open files, {} files of {:.1f} MB".format(*day.reports[-1]),
                flush=True,
            )
    for subscriber in day.subscribers:
        subscriber.take()
    return day


def _sizes(storage: Path) -> tuple[float, int, int, float]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = [file.stat().st_size for file in storage.rglob("*") if file.is_file()]
    return (
        pages * resource.getpagesize() / 1e6,
        len(list(Path("/proc/self/fd").iterdir())),
        len(files),
        sum(files) / 1e6,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="A day of events, one a second, without growth.")
    parser.add_argument("--events", type=int, default=86_400, metavar="N", help="%(default)s")
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ticking_device(Path(folder)) as device:
        day = spend(device, Path(folder), options.events)
    taken = time.monotonic() - begun
    told = [subscriber.told for subscriber in day.subscribers]
    hours = options.events * SAMPLES_PER_EVENT / 16_000 / 3600
    print(f"{hours:.1f} h of sound in {taken:.0f} s; lines told to each subscriber: {told}")
    twice = [text for subscriber in day.subscribers for text in subscriber.wrong]
    print(f"told twice: {twice[:20]}")
    return 1 if twice or min(told) < max(told) or min(told) < 2 * (options.events - 2) else 0


if __name__ == "__main__":
    sys.exit(main())
