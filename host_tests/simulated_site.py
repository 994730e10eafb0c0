# SPDX-License-Identifier: Apache-2.0
"""A simulated device that is reached in both ways: by its console on a pseudo-terminal, and over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api_client import ApiClient
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device import Simulator
from yamnet_tools.simulated_device.endpoint import PseudoTerminal
from yamnet_tools.simulated_device.http_server import HttpServer

ALARM = CHECKOUT / "examples" / "audio" / "smoke_alarm_t3.wav"


@dataclass
class Site(ApiClient):
    """A running device and how it is reached."""

    simulator: Simulator
    console: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def simulated_site(image: Path, **options: Any) -> Iterator[Site]:
    """Runs a device as Simulator's options have it."""
    stop = threading.Event()
    with closing(PseudoTerminal()) as line:
        simulator = Simulator(line, image, **options)
        thread = threading.Thread(target=simulator.run, args=(stop,))
        thread.start()
        try:
            with closing(HttpServer(lambda: simulator.device, 0)) as server:
                port = int(server.address.rpartition(":")[2])
                yield Site(port, simulator.device.token, simulator, line.address)
        finally:
            stop.set()
            thread.join()
