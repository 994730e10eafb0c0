# SPDX-License-Identifier: Apache-2.0
"""The firmware's own HTTP server: what it must do wherever it runs, and bear while it listens."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from api_client import ApiClient
from firmware_console import Console
from firmware_events import set_rules, wait_until_kept
from firmware_targets import CHECKOUT, VIRTUAL_TIME, free_port, run_in_qemu

KITCHEN = CHECKOUT / "examples" / "audio" / "kitchen.wav"
LIVE = """\
CONFIG_AUDIO_INPUT_REPLAY_REAL_TIME=y
CONFIG_AUDIO_INPUT_REPLAY_LOOP=y
CONFIG_FIRMWARE_LOG_EVERY_PATCHES=0
"""
"""Options of a build that hears its recording as a microphone would: in real time, again and again."""

SPEAKS = {"name": "speaks", "classes": ["Speech"], "on": 0.6, "off": 0.3, "patches": {"need": 2, "of": 3}, "hold_s": 0}
"""A rule whose events in the looped kitchen end before they begin again, so that their clips are complete."""

WAV_HEAD_BYTES = 44
PAGES, AUDIO_LISTENERS, PATCHES_UNDER_LOAD = 8, 3, 40
PAGE_STREAMS = ["scores?mel&k=8", "events?live"]  # what a page holds


@dataclass
class Site(ApiClient):
    """A running firmware, and its console."""

    console: Console

    def patches(self) -> int:
        """How many it has scored."""
        count: int = self.json("status")["inference"]["patches"]
        return count

    def download(self, clip: str) -> bytes:
        """A whole clip."""
        with self.ask("GET", f"clips/{clip}") as answer:
            assert (answer.status, answer.getheader("Content-Type")) == (200, "audio/wav")
            return answer.read()


class Listener:
    """Takes in a stream, in a thread of its own."""

    def __init__(self, answer: HTTPResponse) -> None:
        assert answer.status == 200
        self.taken = bytearray()
        self.lost = False  # the device has ended it
        self._answer = answer
        self._enough = False
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while not self._enough:
            data = self._answer.read1(65536)
            self.lost |= not data
            self._enough |= self.lost
            self.taken += data

    def close(self) -> None:
        """Go away in the middle of it."""
        self._enough = True
        self._thread.join()
        self._answer.close()


@contextmanager
def listen(site: Site, paths: Sequence[str]) -> Iterator[list[Listener]]:
    """A listener at each of the paths."""
    with ExitStack() as stack:
        listeners = []
        for path in paths:
            listeners.append(Listener(site.ask("GET", path)))
            stack.callback(listeners[-1].close)
        yield listeners


@contextmanager
def site_in_qemu(
    app: Path, model_dir: Path, folder: Path, kind: type[Site] = Site, chip_port: int = 80
) -> Iterator[Site]:
    """The ESP32-S3 build in QEMU, in virtual time; its flash in `folder`."""
    ports = (free_port(), chip_port)
    with run_in_qemu(app, model_dir, folder / "flash.bin", VIRTUAL_TIME, http_ports=ports) as console:
        yield kind(ports[0], console.ask("token")["token"], console)


def tell_memory(when: str, console: Console) -> dict[str, int]:
    """The memory after a few more patches, printed."""
    scored = console.ask("info")["inference"]["patches"]
    while (info := console.ask("info"))["inference"]["patches"] < scored + 6:
        time.sleep(0.5)
    memory: dict[str, int] = info["memory"]
    print(f"{when}: {', '.join(f'{name} {value:,}' for name, value in memory.items())}")
    return memory


def check_it_tells_what_the_console_tells(site: Site) -> None:
    with site.ask("GET", "status", Authorization="Bearer wrong") as answer:
        assert (answer.status, answer.getheader("Content-Type")) == (401, "application/problem+json")
    status, info = site.json("status"), site.console.ask("info")
    assert status["model"] == info["model"]
    assert status["network"] == info["network"]
    assert status["selftest"]["passed"] is True
    assert len(site.json("classes")["classes"]) == 521
    lines = site.json("log")["lines"]
    assert any("boot: self-test" in line for line in lines)
    assert not any(" httpd: " in line for line in lines), "the server complains"
    with site.ask("GET", "openapi.json", Authorization="") as answer:
        assert json.loads(answer.read())["openapi"] == "3.1.0"


def complete_clip(site: Site) -> str:
    """The name of a clip that is complete."""
    name: str = next(entry["name"] for entry in site.json("clips")["clips"] if not entry["recording"])
    return name


def check_what_is_kept_can_be_had(site: Site) -> str:
    """Events as the console tells them; a clip whole, in part and starred. Returns its name."""
    latest = wait_until_kept(site.console, 1)["latest"]
    told = site.json("events?limit=100")["events"]
    assert all(line in told for line in latest)
    clip = complete_clip(site)
    whole = site.download(clip)
    with site.ask("GET", f"clips/{clip}", Range="bytes=100-199") as answer:
        assert (answer.status, answer.read()) == (206, whole[100:200])
    with site.ask("PUT", f"clips/{clip}/star", {"starred": True}) as answer:
        assert answer.status == 204
    return clip


def check_nobody_misses_anything(site: Site) -> None:
    """Pages that watch the scores, listeners and a download again and again, while it hears KITCHEN in a LIVE build."""
    recording, _ = soundfile.read(KITCHEN, dtype="int16")
    set_rules(site.console, json.dumps({"schema": 1, "rules": [SPEAKS]}))
    wait_until_kept(site.console, 1)
    clip = complete_clip(site)
    whole = site.download(clip)
    with listen(site, ["audio.wav"] * AUDIO_LISTENERS + PAGE_STREAMS * PAGES) as listeners:
        last = site.patches() + PATCHES_UNDER_LOAD
        while site.patches() < last:
            assert site.download(clip) == whole
    audio = site.json("status")["audio"]
    assert (audio["overruns"], audio["gaps"]) == (0, 0)
    assert not any(listener.lost for listener in listeners)
    for page in listeners[AUDIO_LISTENERS::2]:
        patches = patches_in(page.taken)
        assert len(patches) >= PATCHES_UNDER_LOAD - 1
        assert patches == list(range(patches[0], patches[0] + len(patches)))
    for listener in listeners[:AUDIO_LISTENERS]:
        assert listener.taken[:4] == b"RIFF"
        check_is_looped(
            np.frombuffer(listener.taken[: len(listener.taken) & ~1], "<i2")[WAV_HEAD_BYTES // 2 :], recording
        )


def patches_in(events: bytes | bytearray) -> list[int]:
    """The numbers of the patches in server-sent events, of which the last may be cut short."""
    whole = events[: events.rfind(b"\n\n")].decode()
    told = [event.partition("data: ")[2] for event in whole.split("\n\n") if event.startswith("event: scores")]
    return [json.loads(data)["patch"] for data in told]


def check_is_looped(heard: npt.NDArray[np.int16], recording: npt.NDArray[np.int16]) -> None:
    """What was heard is one piece of a recording that is played again and again."""
    assert len(heard) > len(recording)
    looped = np.concatenate([recording, recording])
    begins = np.flatnonzero(recording == heard[0])
    begin = next((i for i in begins if np.array_equal(looped[i : i + 400], heard[:400])), None)
    assert begin is not None, "it is not the recording"
    np.testing.assert_array_equal(heard, np.resize(np.roll(recording, -begin), len(heard)))
