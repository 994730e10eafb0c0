# SPDX-License-Identifier: Apache-2.0
"""Runs a simulated device at an endpoint until it is told to stop."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from device_core import SimulatedDevice
from yamnet_tools.simulated_device.endpoint import Endpoint
from yamnet_tools.simulated_device.host import Host
from yamnet_tools.simulated_device.live import Live
from yamnet_tools.simulated_device.misbehaviour import Chance, Misbehaviour
from yamnet_tools.simulated_device.stored import Faults
from yamnet_tools.simulated_device.wifi import SimulatedRadio

_POLL_S = 0.02


class Simulator:
    """A device with its line, and what may be wrong with either.

    Args:
        endpoint: where it is reached.
        image: the content of its model partition, a file.
        faults: of the model partition.
        misbehaviour: of device and line.
        live: what it hears.
        storage: a folder for its clips and journal; None: it keeps none.
        name: what it is called in MQTT topics.
        settings: that it begins with.
        radio: its Wi-Fi; None: it has none.
        clock_set: whether its clock is the PC's; else nobody has set it yet.
        trial_s: after which a new firmware is judged.
        crash_version: of a firmware that crashes as it starts.
        heed: is given each line of its log.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        image: Path,
        *,
        faults: Faults | None = None,
        misbehaviour: Misbehaviour | None = None,
        live: Live | None = None,
        storage: Path | None = None,
        name: str = "simulated",
        settings: Mapping[str, bytes] | None = None,
        radio: SimulatedRadio | None = None,
        clock_set: bool = True,
        trial_s: float = 60.0,
        crash_version: str = "",
        heed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._endpoint = endpoint
        self._chance = Chance(misbehaviour or Misbehaviour())
        self._live = live
        self._heed = heed
        self._host = Host(
            image,
            faults or Faults(),
            self._write_log,
            storage,
            name=name,
            settings=settings,
            radio=radio,
            clock_ahead_us=0 if clock_set else None,
            trial_s=trial_s,
            crash_version=crash_version,
        )
        self._boot("power on")

    @property
    def device(self) -> SimulatedDevice:
        """The device that runs now; a restart makes another."""
        return self._device

    def serve_page(self, url: str) -> None:
        """Say where the device's page is."""
        self._host.url = url

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        while not stop.is_set():
            for piece in self._chance.on_the_line(self._endpoint.read(_POLL_S)).splitlines(keepends=True) or [b""]:
                self._take(piece)
            if self._live is not None:
                self._live.step(self._device)
            self._device.upkeep()
            if self._device.restart_requested:
                self._restart()
        self._device.prepare_restart()
        self._host.mqtt.finish()

    def _take(self, piece: bytes) -> None:
        """Serve a request, or a part of one that is longer than what is read at once."""
        resets = len(piece) > 1 and piece.endswith(b"\n") and self._chance.resets()
        if resets and self._chance.before_the_answer():
            piece = piece[self._chance.cut(piece) :]
            self._boot("panic")
            resets = False
        self._answer(self._device.serve(piece), resets=resets)

    def _boot(self, reason: str) -> None:
        self._device = SimulatedDevice(self._host, reason, reason == "panic")
        if self._live is not None:
            self._live.begin()

    def _answer(self, answer: bytes, *, resets: bool) -> None:
        if not answer:
            return
        if delay_s := self._chance.delay_s():
            time.sleep(delay_s)
        if resets:
            self._send(answer[: self._chance.cut(answer)] + b"\r\n")
            self._boot("panic")
            return
        if self._chance.interrupts():
            cut = self._chance.cut(answer)
            self._send(answer[:cut])
            self._write_log("W (0) misbehaviour: a log line in the middle of an answer")
            answer = answer[cut:]
        self._send(answer)

    def _restart(self) -> None:
        self._device.prepare_restart()
        self._boot("software")

    def _write_log(self, line: str) -> None:
        self._heed(line)
        self._send(line.encode() + b"\r\n")

    def _send(self, data: bytes) -> None:
        self._endpoint.write(self._chance.on_the_line(data))
