# SPDX-License-Identifier: Apache-2.0
"""Rules, noise floor and events of a simulated device: what the firmware does with device_core's parts."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from device_core import Event, EventDetector, LevelStream, NoiseFloor, RuleSet, journal_line, preset_document
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.model import YamnetModel
from yamnet_tools.simulated_device.nvs import Nvs

_LATEST = 12


class BadRulesError(Exception):
    """A rule document is refused; the console answers `bad_argument` with its text."""

    code = "bad_argument"


class EventWatch:
    """Turns what a device hears into events, and is what @rules and @events ask.

    Args:
        model: gives class names and output quantisation.
        nvs: gives rules and noise floor; rules are stored there.
        uptime_ms: the device's clock.
        log: takes log lines.
    """

    def __init__(self, model: YamnetModel, nvs: Nvs, uptime_ms: Callable[[], int], log: Callable[[str], None]) -> None:
        self._class_names = list(model.class_names)
        self._nvs = nvs
        self._uptime_ms = uptime_ms
        self._log = log
        self._journal: deque[str] = deque(maxlen=_LATEST)
        self.document = preset_document() if nvs.rules is None else nvs.rules.decode()
        self._rules = RuleSet.parse(self.document, self._class_names)
        floor = NoiseFloor()
        if nvs.floor is not None:
            floor.restore(nvs.floor)
        self._levels = LevelStream(floor)
        self._pending: dict[int, tuple[float, float]] = {}
        self._detector = EventDetector(self._rules, *model.output_quantization)
        self._sample_zero: tuple[int, int] | None = None

    def feed(self, pcm: npt.NDArray[np.int16]) -> None:
        """Take the next PCM, int16 [n] at 16 kHz, before the patches that it completes."""
        if self._sample_zero is None:
            self._sample_zero = self._times_before(len(pcm))
        self._pending = {start: (level, floor) for start, level, floor in self._levels.feed(pcm)}

    def score(self, start_sample: int, scores: npt.NDArray[np.int8]) -> None:
        """Take the scores, int8 [521], of a patch that starts at this sample."""
        level, floor = self._pending[start_sample]
        now = time.localtime()
        self._tell(
            self._detector.process(
                scores[None],
                np.array([start_sample], np.int64),
                np.array([level]),
                np.array([floor]),
                np.array([60 * now.tm_hour + now.tm_min], np.int16),
            )
        )

    def skip_to(self, next_sample: int) -> None:
        """Note that audio is missing up to this sample."""
        if self._sample_zero is None:
            self._sample_zero = self._times_before(next_sample)
        self._levels.reset(next_sample)

    def keep_floor(self) -> None:
        """Store the noise floor, as before a restart."""
        if self._levels.floor.warmed_up:
            self._nvs.floor = self._levels.floor.save()

    def summary(self) -> dict[str, Any]:
        """`events` of @info."""
        return {"rules": len(self._rules.rules), "events": self._detector.next_sequence - 1, **self._level()}

    def rules(self) -> dict[str, Any]:
        """The fields of @rules."""
        return {
            "source": "presets" if self._nvs.rules is None else "stored",
            "bytes": len(self.document.encode()),
            "rules": self._states(),
        }

    def events(self) -> dict[str, Any]:
        """The fields of @events but for the journal's lines."""
        return {
            **self._level(),
            "events": self._detector.next_sequence - 1,
            "active": [rule for rule in self._states() if rule["state"] != "idle"],
            "storage": storage(),
        }

    def journal(self) -> list[str]:
        """The latest lines, oldest first."""
        return list(self._journal)

    def set_rules(self, document: bytes) -> int:
        """Run the rules of a document, stored for the next start, too; returns how many they are.

        Raises:
            BadRulesError: the document is refused; what ran before still runs.
        """
        try:
            rules = RuleSet.parse_bytes(document, self._class_names)
        except ValueError as error:
            raise BadRulesError(str(error)) from error
        self._nvs.rules = document
        return self._run(rules, document.decode())

    def set_presets(self) -> int:
        """Forget the stored rules and run the presets; returns how many they are."""
        self._nvs.rules = None
        document = preset_document()
        return self._run(RuleSet.parse(document, self._class_names), document)

    def _run(self, rules: RuleSet, document: str) -> int:
        self._tell(self._detector.set_rules(rules))
        self._rules, self.document = rules, document
        return len(rules.rules)

    def _states(self) -> list[dict[str, Any]]:
        states = dict(self._detector.states)
        return [
            {"name": rule.name, "title": rule.title, "priority": rule.priority, "state": states[rule.name]}
            for rule in self._rules.rules
        ]

    def _level(self) -> dict[str, Any]:
        floor = self._levels.floor
        return {"level_dbfs": floor.level, "floor_dbfs": floor.floor, "floor_known": floor.warmed_up}

    def _times_before(self, samples: int) -> tuple[int, int]:
        """Uptime and UTC in milliseconds, so many samples ago."""
        age_ms = 1000 * samples // SAMPLE_RATE
        return self._uptime_ms() - age_ms, int(time.time() * 1000) - age_ms

    def _journal_line(self, event: Event) -> str:
        uptime_ms, utc_ms = self._sample_zero or self._times_before(0)
        start_ms = 1000 * event.start_sample // SAMPLE_RATE
        return journal_line(event, self._nvs.boots, uptime_ms + start_ms, utc_ms + start_ms)

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            reason = event.reason if event.kind == "end" else "goes on"
            self._log(
                f"event: {event.rule} {event.sequence} {event.kind}: {event.start_sample / SAMPLE_RATE:.2f} s to "
                f"{event.end_sample / SAMPLE_RATE:.2f} s, peak {event.peak:.3f}, {reason}"
            )
            if event.kind != "update":
                self._journal.append(self._journal_line(event))


def storage() -> dict[str, Any]:
    """`storage` of @info and @events: a simulated device keeps no clips."""
    counts = ("clips", "clips_written", "clips_cut_short", "clips_repaired", "clips_removed", "samples_dropped")
    lines = ("lines_written", "lines_dropped", "events_dropped")
    return {"volume": "", "recording": "", **dict.fromkeys((*counts, *lines), 0), "last_error": None}
