# SPDX-License-Identifier: Apache-2.0
"""A small simulated device in a thread of its own, over its restarts."""

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from components.serial_console.small_host import SmallHost
from described_api import Client, hear, rules_set
from device_core import SimulatedDevice
from yamnet_tools.simulated_device.http_client import HttpClient
from yamnet_tools.simulated_device.mqtt import MqttClient

SOUND = 2.0


class Runner:
    """Hears when it is told to, with one rule for whatever sounds.

    Args:
        folder: where it keeps clips and journal.
        settings: that it begins with.
    """

    def __init__(self, folder: Path, settings: Mapping[str, bytes]) -> None:
        self.host = SmallHost(storage=str(folder))
        self.host.mqtt, self.host.id, self.host.url = MqttClient(), "dev", "http://dev/"  # type: ignore[attr-defined]
        self.host.http = HttpClient()  # type: ignore[attr-defined]
        self.host.settings.update(settings)
        self.tasks: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.boot()
        self.do(lambda: rules_set(self.owner))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def boot(self) -> None:
        self.device = SimulatedDevice(self.host, "test")
        self.owner = Client(self.device)
        self.owner.fields["authorization"] = f"Bearer {self.device.token}"

    def do(self, task: Callable[[], object]) -> None:
        self.tasks.put(task)

    def hear(self) -> None:
        self.do(lambda: hear(self.device, SOUND))

    def told(self, tag: str = "mqtt") -> list[str]:
        """The lines of its log."""
        return [line.partition(f" {tag}: ")[2] for line in self.host.logs if f" {tag}: " in line]

    def close(self) -> None:
        self.stop.set()
        self._thread.join()
        self.device.prepare_restart()
        self.host.mqtt.finish()  # type: ignore[attr-defined]

    def _run(self) -> None:
        while not self.stop.wait(0.01):
            self.device.upkeep()
            if not self.tasks.empty():
                self.tasks.get()()
            if self.device.restart_requested:
                self.device.prepare_restart()
                self.boot()
