# SPDX-License-Identifier: Apache-2.0
"""What a device says it hears and what its rules tell, from its log lines or its streams, and a table of it."""

import re
from dataclasses import dataclass
from typing import Self

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.device.answers import Fields, require

_HEARD = re.compile(r"\bheard: (\d+\.\d+) s: (.+?)(?: \(\d+ ms\))?$")
_EVENT = re.compile(r"\bevent: (\S+ \d+ (?:start|update|end): .+)$")
_CLASS = re.compile(r"(.+?) (\d\.\d+)(?:, |$)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BAR = 30
_DIGITS = 3  # of a probability in the log


_SCORES_SHAPE = {"start_sample": int, "top": [{"name": str, "score": float}]}
_EVENT_SHAPE = {"id": str, "rule": str, "kind": str, "start_sample": int, "end_sample": int, "peak": float}


@dataclass(frozen=True)
class Told:
    """What a rule tells: `baby 3 start: 5.28 s to 6.24 s, peak 0.912, goes on`."""

    text: str

    @classmethod
    def parse(cls, log_line: str) -> Self | None:
        """From a log line `I (512) event: baby 3 start: 5.28 s to …`; None for any other line."""
        found = _EVENT.search(_COLOUR.sub("", log_line).rstrip())
        return cls(found[1]) if found else None

    @classmethod
    def from_journal(cls, line: Fields) -> Self:
        """From a line of the journal (docs/events.md).

        Raises:
            DeviceError: it is none.
        """
        require(line, _EVENT_SHAPE, "events")
        number = line["id"].rpartition("-")[2].lstrip("0") or "0"
        start_s, end_s = line["start_sample"] / SAMPLE_RATE, line["end_sample"] / SAMPLE_RATE
        reason = line.get("reason") or "goes on"
        times = f"{start_s:.2f} s to {end_s:.2f} s, peak {line['peak']:.3f}"
        return cls(f"{line['rule']} {number} {line['kind']}: {times}, {reason}")


@dataclass(frozen=True)
class Heard:
    """The strongest classes of one patch: seconds since the device began to listen, names with probabilities."""

    start_s: float
    classes: list[tuple[str, float]]

    @classmethod
    def parse(cls, log_line: str) -> Self | None:
        """From a log line `I (512) heard: 12.48 s: Speech 0.930, Dog 0.120 (41 ms)`; None for any other."""
        found = _HEARD.search(_COLOUR.sub("", log_line).rstrip())
        if found is None:
            return None
        classes = [(match[1], float(match[2])) for match in _CLASS.finditer(found[2])]
        return cls(float(found[1]), classes) if classes else None

    @classmethod
    def from_scores(cls, fields: Fields) -> Self:
        """From the data of a server-sent event `scores`.

        Raises:
            DeviceError: it is none.
        """
        require(fields, _SCORES_SHAPE, "scores")
        return cls(
            fields["start_sample"] / SAMPLE_RATE, [(one["name"], round(one["score"], _DIGITS)) for one in fields["top"]]
        )

    def table(self) -> list[str]:
        """Lines for people: a bar for each class."""
        rows = [f"{name[:38]:<38} {p:5.2f} {'#' * round(p * _BAR)}" for name, p in self.classes]
        return [f"{self.start_s:9.2f} s", *rows]
