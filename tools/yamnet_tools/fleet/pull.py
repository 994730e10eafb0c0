# SPDX-License-Identifier: Apache-2.0
"""Clips and journal of a device, into a folder of its name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.fleet.clips import pull_clips
from yamnet_tools.fleet.journal import pull_journal
from yamnet_tools.fleet.member import Member


@dataclass(frozen=True)
class Pull:
    """How a fleet is pulled from.

    Attributes:
        folder: gets a folder for each device.
        clips: whether their clips are wanted.
        journals: whether their journals are.
        timeout_s: for an answer, and for a pause in one.
        say: takes lines for people.
    """

    folder: Path
    clips: bool
    journals: bool
    timeout_s: float
    say: Callable[[str], None]

    def from_(self, member: Member) -> str:
        """Pull what is not there yet; returns a line for people.

        Raises:
            DeviceError: the device is away, or something came damaged; the next pull goes on.
        """
        line, folder, told = member.line(self.timeout_s), self.folder / member.name, []
        if self.journals:
            told.append(f"{pull_journal(line, folder)} new journal lines")
        if self.clips:
            count = size = 0
            for name, length in pull_clips(line, folder / "clips"):
                self.say(f"{member.name}: {name}, {length:,} bytes")
                count, size = count + 1, size + length
            told.append(f"{count} new clips, {size:,} bytes")
        return ", ".join(told)
