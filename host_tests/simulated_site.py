# SPDX-License-Identifier: Apache-2.0
"""A simulated device that is reached in both ways: by its console on a pseudo-terminal, and over HTTP."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile

from api_client import ApiClient
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device import Simulator
from yamnet_tools.simulated_device.endpoint import PseudoTerminal
from yamnet_tools.simulated_device.http_server import HttpServer

ALARM = CHECKOUT / "examples" / "audio" / "smoke_alarm_t3.wav"
_BLOCK = 1600  # 0.1 s


@dataclass
class Site(ApiClient):
    """A running device and how it is reached."""

    simulator: Simulator
    console: str
    server: HttpServer

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def leave(self) -> None:
        """Stop serving, as a device does that loses its network."""
        self.server.close()

    def come_back(self) -> None:
        """Serve again at the same port."""
        self.server = HttpServer(lambda: self.simulator.device, self.port)


@contextmanager
def simulated_site(image: Path, *, heard: Sequence[Path] = (), **options: Any) -> Iterator[Site]:
    """Runs a device as Simulator's options have it; before, it has heard recordings, in no time."""
    stop = threading.Event()
    with closing(PseudoTerminal()) as line:
        simulator = Simulator(line, image, **options)
        for recording in heard:
            _hear(simulator, recording)
        thread = threading.Thread(target=simulator.run, args=(stop,))
        thread.start()
        try:
            server = HttpServer(lambda: simulator.device, 0)
            port = int(server.address.rpartition(":")[2])
            site = Site(port, simulator.device.token, simulator, line.address, server)
            try:
                yield site
            finally:
                site.server.close()
        finally:
            stop.set()
            thread.join()


def _hear(simulator: Simulator, recording: Path) -> None:
    pcm, _ = soundfile.read(recording, dtype="int16")
    for begin in range(0, len(pcm), _BLOCK):
        simulator.device.hear(pcm[begin : begin + _BLOCK], recording.name)
        simulator.device.upkeep()
