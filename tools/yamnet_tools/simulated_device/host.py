# SPDX-License-Identifier: Apache-2.0
"""What a simulated device finds where it runs; device_core.SimulatedDevice calls its methods."""

import hashlib
import platform
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from yamnet_tools.engines import DEFAULT_ENGINE, Engine, open_engine
from yamnet_tools.model.network import INPUT_SHAPE
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.simulated_device.http_client import HttpClient
from yamnet_tools.simulated_device.mqtt import MqttClient
from yamnet_tools.simulated_device.op_timing import operator_times_ns
from yamnet_tools.simulated_device.slots import KeptSettings, Slots
from yamnet_tools.simulated_device.stored import Faults, StoredModel, load_stored
from yamnet_tools.simulated_device.wifi import SimulatedRadio

HEAP_BYTES = 1 << 32
"""The heap that a simulated device says it has; what is free of it is this less the memory of its process."""


class SimulatedEngine:
    """The device's arithmetic, and what each operator costs: a cycle is a nanosecond here."""

    def __init__(self, engine: Engine, model: bytes, arena_bytes: int) -> None:
        self._engine = engine
        self._model = model
        self.arena_bytes = arena_bytes

    def score(self, patch: bytes) -> bytes:
        """Score one patch, int8 [96, 64] as bytes: a byte for each class."""
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
        storage: a folder for clips and journal, and for what updates write; None: nothing is kept.
        name: what it is called in MQTT topics.
        settings: that it begins with.
        radio: its Wi-Fi; None: the PC's network is its own.
        clock_ahead_us: its clock, as below.
        trial_s: after which a new firmware is judged.
        crash_version: of a firmware that crashes as it starts.

    Attributes:
        settings: what outlives a restart, as a board keeps it in NVS.
        time_zone: of the IANA database; "": the PC's.
        clock_ahead_us: by so much its clock is ahead of the PC's; None: nobody has set it.
        mqtt: its MQTT client.
        http: its HTTP client.
        url: of its page; empty while it has none.
        hostname: in its network; a board's ends with that of its address, this one's with that of its name.
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
        radio: SimulatedRadio | None = None,
        clock_ahead_us: int | None = 0,
        trial_s: float = 60.0,
        crash_version: str = "",
    ) -> None:
        self.storage = "" if storage is None else str(storage)
        self._faults = faults
        self._stored: StoredModel | None = None
        self._least_free = HEAP_BYTES
        self._temporary = None if storage else tempfile.TemporaryDirectory(prefix="yamnet-slots-")
        self.slots = self._temporary.name if self._temporary else str(Path(self.storage) / "slots")
        self.settings = KeptSettings(Path(self.slots) / "settings.json", dict(settings or {}))
        self._slots = Slots(Path(self.slots), image.read_bytes(), self.settings)
        self.model_slot = 0
        self.trial_s = trial_s
        self.crash_version = crash_version
        self.time_zone = ""
        self.clock_ahead_us = clock_ahead_us
        self.mqtt = MqttClient()
        self.radio = radio
        self.http = HttpClient()
        self.id = name
        self.hostname = f"yamnet-{hashlib.sha256(name.encode()).hexdigest()[:4]}"
        self.url = ""
        self.log = log

    @property
    def firmware(self) -> dict[str, str]:
        """What would run on a board: the app that an update has brought, or the tools themselves."""
        return {
            "name": "yamnet",
            "version": self._slots.version(self.settings),
            "idf": "none",
            "built": f"Python {platform.python_version()}",
        }

    def read_files(self) -> dict[str, bytes]:
        """The model partition's files by name.

        Raises:
            YamnetToolsError: the image is no SPIFFS.
        """
        self._stored = load_stored(self._slots.model(self.model_slot), self._faults)
        return self._stored.files

    def make_engine(self, data: bytes) -> SimulatedEngine:
        """An engine for a model that the device has checked.

        Raises:
            EngineError: the engine refuses it.
        """
        assert self._stored is not None
        return SimulatedEngine(open_engine(DEFAULT_ENGINE, self._stored.load()), data, self._stored.arena_bytes)

    def signature_fits(self, point: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether a signature is of the owner's key."""
        from yamnet_tools.updating import signing  # its library takes time to load

        return signing.fits(point, digest, signature)

    def minute_of_day(self, utc_s: int) -> int:
        """Minutes since midnight in the device's time zone, so many seconds after 1970."""
        now = datetime.fromtimestamp(utc_s, ZoneInfo(self.time_zone) if self.time_zone else None)
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
