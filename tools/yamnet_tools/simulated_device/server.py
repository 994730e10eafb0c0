# SPDX-License-Identifier: Apache-2.0
"""Runs a simulated device at an endpoint until it is told to stop."""

import threading
import time
from pathlib import Path

import device_core
from yamnet_tools.simulated_device.device import SimulatedDevice
from yamnet_tools.simulated_device.endpoint import Endpoint
from yamnet_tools.simulated_device.live import LiveInput
from yamnet_tools.simulated_device.misbehaviour import Chance, Misbehaviour
from yamnet_tools.simulated_device.nvs import Nvs
from yamnet_tools.simulated_device.stored import Faults

_POLL_S = 0.02
_HEARTBEAT_S = 10.0


class Simulator:
    """A device with its line, and what may be wrong with either.

    Args:
        endpoint: where it is reached.
        image: the content of its model partition, a file.
        faults: of the model partition.
        misbehaviour: of device and line.
        live: what it hears.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        image: Path,
        *,
        faults: Faults | None = None,
        misbehaviour: Misbehaviour | None = None,
        live: LiveInput | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._image = image
        self._faults = faults or Faults()
        self._chance = Chance(misbehaviour or Misbehaviour())
        self._live = live
        self._nvs = Nvs()
        self._boot("power on")

    @property
    def device(self) -> SimulatedDevice:
        """The device since its last start."""
        return self._device

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        heartbeat = time.monotonic() + _HEARTBEAT_S
        while not stop.is_set():
            for piece in self._chance.on_the_line(self._endpoint.read(_POLL_S)).splitlines(keepends=True) or [b""]:
                self._take(piece)
            if self._live is not None:
                self._live.step()
            if time.monotonic() >= heartbeat:
                heartbeat += _HEARTBEAT_S
                patches = self._device.info()["inference"]["patches"]
                self._device.log(f"heartbeat: {patches} patches")

    def _take(self, piece: bytes) -> None:
        """Serve a request, or a part of one that is longer than what is read at once."""
        resets = len(piece) > 1 and piece.endswith(b"\n") and self._chance.resets()
        if resets and self._chance.before_the_answer():
            piece = piece[self._chance.cut(piece) :]
            self._boot("panic")
            resets = False
        self._answer(self._console.feed(piece), resets=resets)

    def _boot(self, reason: str) -> None:
        self._device = SimulatedDevice(
            self._image,
            self._faults,
            nvs=self._nvs,
            reset_reason=reason,
            log=self._write_log,
        )
        self._console = device_core.SerialConsole(self._device)
        if self._live is not None:
            self._live.begin(self._device)

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
            self._device.log("misbehaviour: a log line in the middle of an answer")
            answer = answer[cut:]
        self._send(answer)
        if self._console.reboot_requested:
            if self._device.events is not None:
                self._device.events.keep_floor()
            self._boot("software")

    def _write_log(self, line: str) -> None:
        self._send(line.encode() + b"\r\n")

    def _send(self, data: bytes) -> None:
        self._endpoint.write(self._chance.on_the_line(data))
