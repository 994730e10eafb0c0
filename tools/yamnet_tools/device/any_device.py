# SPDX-License-Identifier: Apache-2.0
"""What a device can be asked for, whichever way leads to it: `Device` by a serial line, `HttpDevice` by the network."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from yamnet_tools.device.answers import Clock, Events, Info, Rules
from yamnet_tools.device.heard import Heard, Told


class AnyDevice(Protocol):
    """A device. All raise DeviceError when there is no answer, or when it refuses."""

    @property
    def trouble(self) -> str:
        """What the line went through, "" if it was nothing."""

    def info(self) -> Info:
        """What runs there, and how it is."""

    def clock(self) -> Clock:
        """Its clock."""

    def set_time_zone(self, name: str) -> Clock:
        """Set the zone, of the IANA database, in which quiet hours are."""

    def owner_token(self) -> str | None:
        """The owner's token, where it is told."""

    def rules(self) -> Rules:
        """The event rules that run, and how each stands."""

    def rule_document(self) -> str:
        """The rules that run, as the document they were read from."""

    def set_rules(self, document: bytes) -> int:
        """Run and store a rule document; returns how many rules it has."""

    def set_preset_rules(self) -> int:
        """Go back to the presets; returns how many rules they have."""

    def events(self) -> Events:
        """What goes on, and the latest events."""

    def format_storage(self, volume: str) -> None:
        """Clear a volume that holds something else than events."""

    def sound(self, seconds: float) -> npt.NDArray[np.int16]:
        """What its microphone hears in the next seconds: int16 [n], 16 kHz mono."""

    def hear(self, seconds: float) -> Iterator[Heard | Told | str]:
        """What it hears, what its rules tell, and lines for people, as they come."""

    def log(self, seconds: float, /) -> Iterator[str]:
        """Its log: what there is of it, or as it comes."""

    def reboot(self) -> Info:
        """Restart it and wait until it answers again."""
