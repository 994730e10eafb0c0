# SPDX-License-Identifier: Apache-2.0
"""A small simulated device behind the PC's HTTP server, in a process of its own, with or without sanitizers.

It hears in real time: two seconds of noise, six of silence. A rule makes an event of each noise, and a clip.
"""

import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import other_device_core
from api_client import ApiClient
from device_process import LEAKS, exit_after_leak_check, python_path

RATE = 16_000
PATIENCE_S = 1.0
"""Less than people have, for tests wait for its end."""
RULES = b'{"schema":1,"rules":[{"name":"noise","level":{"min_dbfs":-40},"hold_s":0}]}'


@dataclass
class SmallSite(ApiClient):
    """Where it is reached.

    Attributes:
        process: of the server.
        ended: whether a test has ended it in its own way.
    """

    process: subprocess.Popen[str]
    ended: bool = False

    def resident_bytes(self) -> int:
        """Its memory (Linux)."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextmanager
def small_server(storage: Path, environment: dict[str, str]) -> Iterator[SmallSite]:
    """Runs one; that it ends well is checked, and under sanitizers that no memory is lost."""
    with storage.with_suffix(".said").open("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", "import small_server; small_server.main()", str(storage)],
            env=os.environ | environment | {"PYTHONPATH": python_path()},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        assert process.stdout
        try:
            port, _, token = process.stdout.readline().strip().partition(" ")
            site = SmallSite(int(port), token, process)
            yield site
            if not site.ended:
                process.send_signal(signal.SIGTERM)
            code = 0 if site.ended else process.wait(60)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            said.seek(0)
            words = said.read()[-8000:]
            print(words, file=sys.stderr)
    assert code == 0, f"{'memory was lost' if code == LEAKS else f'exit code {code}'}\n{words}"


def main() -> None:
    """The process itself: prints port and token, ends at SIGTERM."""
    other_device_core.use_if_named()
    from yamnet_tools.simulated_device.http_server import HttpServer

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    storage = Path(sys.argv[1])
    device = _RunningDevice(storage)
    with closing(HttpServer(lambda: device.now, 0, patience_s=PATIENCE_S)) as server:
        print(server.address.rpartition(":")[2], device.now.token, flush=True)
        while not stop.wait(0.02):
            device.step()
    device.now.prepare_restart()
    exit_after_leak_check()


class _RunningDevice:
    """Hears, and restarts when it is asked to."""

    def __init__(self, storage: Path) -> None:
        from small_host import SmallHost
        from yamnet_tools.simulated_device.live import LiveInput

        self._host = SmallHost(storage=str(storage))
        self._host.settings["sound_events/rules"] = RULES
        self._live = LiveInput(_noise(storage.with_suffix(".wav")))
        self._boot("power on")

    def step(self) -> None:
        self._live.step(self.now)
        self.now.upkeep()
        if self.now.restart_requested:
            self.now.prepare_restart()
            self._boot("software")

    def _boot(self, reason: str) -> None:
        from device_core import SimulatedDevice

        self.now = SimulatedDevice(self._host, reason)
        self._live.begin()


def _noise(path: Path) -> Path:
    import numpy as np

    sound = np.random.default_rng(1).integers(-9000, 9000, 8 * RATE).astype("<i2")
    sound[2 * RATE :] = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())
    return path
