# SPDX-License-Identifier: Apache-2.0
"""What a simulated device finds where it runs; device_core.SimulatedDevice calls its methods."""

import platform
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from yamnet_tools import __version__
from yamnet_tools.engines import DEFAULT_ENGINE, Engine, open_engine
from yamnet_tools.model.network import INPUT_SHAPE
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.simulated_device.mqtt import MqttClient
from yamnet_tools.simulated_device.op_timing import operator_times_ns
from yamnet_tools.simulated_device.stored import Faults, StoredModel, load_stored

HEAP_BYTES = 1 << 32
"""The heap that a simulated device says it has; what is free of it is this less the memory of its process."""


class SimulatedEngine:
    """The device's arithmetic, and what each operator costs: a cycle is a nanosecond here."""

    def __init__(self, engine: Engine, model: bytes, arena_bytes: int) -> None:
        self._engine = engine
        self._model = model
        self.arena_bytes = arena_bytes

    def score(self, patch: bytes) -> bytes:
        """Score one patch, int8 [96, 64] as bytes: 521 bytes."""
        values = np.frombuffer(patch, np.int8).reshape(INPUT_SHAPE)
        scores: bytes = self._engine.score(values)[0].tobytes()
        return scores

    def costs(self) -> list[tuple[str, int]]:
        """Name and cost of each operator in order."""
        return operator_times_ns(read_model(self._model))


class Host:
    """One device's surroundings over its restarts.

    Args:
        image: the model partition's image, a file.
        faults: of the model partition.
        log: takes log lines, without line end.
        storage: a folder for clips and journal; None: nothing is kept.
        name: what it is called in MQTT topics.
        settings: that it begins with.

    Attributes:
        settings: what outlives a restart, as a board keeps it in NVS.
        time_zone: of the IANA database; "": the PC's.
        mqtt: its MQTT client.
        url: of its page; empty while it has none.
    """

    arena_bytes = 1 << 20

    def __init__(
        self,
        image: Path,
        faults: Faults,
        log: Callable[[str], None],
        storage: Path | None = None,
        *,
        name: str = "simulated",
        settings: Mapping[str, bytes] | None = None,
    ) -> None:
        self._image = image
        self.storage = "" if storage is None else str(storage)
        self._faults = faults
        self._stored: StoredModel | None = None
        self._least_free = HEAP_BYTES
        self.settings = dict(settings or {})
        self.time_zone = ""
        self.mqtt = MqttClient()
        self.id = name
        self.url = ""
        self.log = log
        self.firmware = {
            "name": "yamnet",
            "version": __version__,
            "idf": "none",
            "built": f"Python {platform.python_version()}",
        }

    def read_files(self) -> dict[str, bytes]:
        """The model partition's files by name.

        Raises:
            YamnetToolsError: the image is no SPIFFS.
        """
        self._stored = load_stored(self._image.read_bytes(), self._faults)
        return self._stored.files

    def make_engine(self, data: bytes) -> SimulatedEngine:
        """An engine for a model that the device has checked.

        Raises:
            EngineError: the engine refuses it.
        """
        assert self._stored is not None
        return SimulatedEngine(open_engine(DEFAULT_ENGINE, self._stored.load()), data, self._stored.arena_bytes)

    def minute_of_day(self) -> int:
        """Minutes since midnight in the device's time zone."""
        now = datetime.now(ZoneInfo(self.time_zone) if self.time_zone else None)
        return now.hour * 60 + now.minute

    def memory(self) -> tuple[int, int]:
        """Free heap in bytes, now and at least."""
        free = max(0, HEAP_BYTES - _resident_bytes())
        self._least_free = min(self._least_free, free)
        return free, self._least_free


def _resident_bytes() -> int:
    """Memory of this process (Linux); elsewhere nothing, so that the heap seems to be all free."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * 4096
