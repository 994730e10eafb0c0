# SPDX-License-Identifier: Apache-2.0
"""A simulated device over HTTP, as simulate_device.py --http runs it, inside the process of a test."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import soundfile

from api_client import ApiClient
from yamnet_tools.model_image.command import main as make_image
from yamnet_tools.simulated_device import Simulator
from yamnet_tools.simulated_device.endpoint import PseudoTerminal
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.live import LiveInput

_BLOCK = 1600  # 0.1 s


@dataclass
class Site(ApiClient):
    """A running device and how it is reached."""

    simulator: Simulator
    server: HttpServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def leave(self) -> None:
        """Stop serving, as a device does that loses its network."""
        self.server.close()

    def come_back(self) -> None:
        """Serve again at the same port."""
        self.server = HttpServer(lambda: self.simulator.device, self.port)


def make_model_image(model: Path, folder: Path) -> Path:
    """The model partition's image of a converted model."""
    path = folder / "yamnet_spiffs.bin"
    assert make_image(["--model", str(model), "--out", str(path)]) == 0
    return path


@contextmanager
def served(image: Path, recording: Path, storage: Path | None, heard: Sequence[Path] = ()) -> Iterator[Site]:
    """A device that hears a recording over and over, until the block ends; before, it has heard others, in no time."""
    stop = threading.Event()
    with closing(PseudoTerminal()) as line:
        simulator = Simulator(line, image, live=LiveInput(recording), storage=storage)
        for each in heard:
            _hear(simulator, each)
        server = HttpServer(lambda: simulator.device, 0)
        site = Site(int(server.address.rpartition(":")[2]), simulator.device.token, simulator, server)
        thread = threading.Thread(target=simulator.run, args=(stop,))
        thread.start()
        try:
            yield site
        finally:
            site.server.close()
            stop.set()
            thread.join()


def _hear(simulator: Simulator, recording: Path) -> None:
    pcm, _ = soundfile.read(recording, dtype="int16")
    for begin in range(0, len(pcm), _BLOCK):
        simulator.device.hear(pcm[begin : begin + _BLOCK], recording.name)
        simulator.device.upkeep()
