# SPDX-License-Identifier: Apache-2.0
"""The log lines in which a device says what it hears, a table of them, and those that tell events."""

import re
from dataclasses import dataclass
from typing import Self

_HEARD = re.compile(r"\bheard: (\d+\.\d+) s: (.+?)(?: \(\d+ ms\))?$")
_EVENT = re.compile(r"\bevent: (\S+ \d+ (?:start|update|end): .+)$")
_CLASS = re.compile(r"(.+?) (\d\.\d+)(?:, |$)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BAR = 30


def parse_event(log_line: str) -> str | None:
    """What a rule tells in a log line `I (512) event: baby 3 start: 5.28 s to …`; None for any other line."""
    found = _EVENT.search(_COLOUR.sub("", log_line).rstrip())
    return found[1] if found else None


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

    def table(self) -> list[str]:
        """Lines for people: a bar for each class."""
        rows = [f"{name[:38]:<38} {p:5.2f} {'#' * round(p * _BAR)}" for name, p in self.classes]
        return [f"{self.start_s:9.2f} s", *rows]
