# SPDX-License-Identifier: Apache-2.0
"""The figures of an evaluation: for people as tables, for programs as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from yamnet_tools.evaluate.text_report import Table
from yamnet_tools.rooms.streams import SECTION_S, Setting
from yamnet_tools.rooms.verdicts import Outcome, Verdict, found, share

NATIVE = "as recorded"


@dataclass(frozen=True)
class Results:
    """An evaluation.

    Attributes:
        setting: How the stream was made.
        side: Which recordings were placed: `tune`, `check` or `both`.
        recordings: By sound, how many recordings there are and how many of them the network recognises when clean.
        verdicts: By contender, then by sound.
    """

    setting: Setting
    side: str
    recordings: Mapping[str, tuple[int, int]]
    verdicts: Mapping[str, Mapping[str, Verdict]]

    @property
    def conditions(self) -> list[float | None]:
        """Signal to noise ratios, the quiet room first."""
        return [None, *self.setting.snrs_db]


def condition_name(snr_db: float | None) -> str:
    """For people."""
    return NATIVE if snr_db is None else f"{snr_db:g} dB"


def main_table(results: Results) -> Table:
    """Found by signal to noise, false alarms and latency, contenders side by side for each sound."""
    columns = ["sound", "rules", *map(condition_name, results.conditions), "false alarms", "an hour [95 %]", "latency"]
    rows = []
    for sound in results.recordings:
        for name, by_sound in results.verdicts.items():
            verdict = by_sound[sound]
            rate, low, high = verdict.rate()
            rows.append([
                sound,
                name,
                *(_counts(verdict.at(snr)) for snr in results.conditions),
                f"{len(verdict.false_alarms)} in {verdict.hours:.1f} h",
                f"{rate:.2f} [{low:.2f}, {high:.2f}]",
                _latency(verdict),
            ])  # fmt: skip
    return Table(columns, rows)


def background_table(results: Results) -> Table:
    """Found in each background, at all signal to noise ratios together."""
    names = ("quiet", *results.setting.backgrounds)
    rows = []
    for sound in results.recordings:
        for name, by_sound in results.verdicts.items():
            outcomes = by_sound[sound].outcomes
            cells = [_counts([o for o in outcomes if o.placed.condition.background == place]) for place in names]
            rows.append([sound, name, *cells])
    return Table(["sound", "rules", *names], rows)


def ceiling_table(results: Results) -> Table:
    """How many recordings the network recognises at all."""
    rows = [
        [sound, str(count), f"{known} ({known / max(count, 1):.0%})"]
        for sound, (count, known) in results.recordings.items()
    ]
    return Table(["sound", "recordings", "recognised when clean"], rows)


def false_alarm_table(results: Results, most: int = 6) -> Table:
    """What the false alarms were, most frequent first."""
    rows = []
    for sound in results.recordings:
        for name, by_sound in results.verdicts.items():
            counts: dict[str, int] = {}
            for alarm in by_sound[sound].false_alarms:
                counts[alarm.during] = counts.get(alarm.during, 0) + 1
            if counts:
                ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
                rows.append([sound, name, ", ".join(f"{label} {count}" for label, count in ordered)])
    return Table(["sound", "rules", "heard instead"], rows)


def _counts(outcomes: Sequence[Outcome]) -> str:
    return f"{found(outcomes)}/{len(outcomes)} ({share(outcomes)[0]:.0%})" if outcomes else "-"


def _latency(verdict: Verdict) -> str:
    median, late = verdict.latency(50), verdict.latency(90)
    return "-" if median is None or late is None else f"{median:.1f} s, p90 {late:.1f} s"


def to_json(results: Results) -> str:
    """All figures, and each miss and false alarm, as JSON."""
    document: dict[str, Any] = {
        "schema": 1,
        "setting": asdict(results.setting),
        "side": results.side,
        "recordings": {
            sound: {"count": count, "recognised": known} for sound, (count, known) in results.recordings.items()
        },
        "contenders": {
            name: {sound: _verdict(verdict, results) for sound, verdict in by_sound.items()}
            for name, by_sound in results.verdicts.items()
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _verdict(verdict: Verdict, results: Results) -> dict[str, Any]:
    rate, low, high = verdict.rate()
    return {
        "found": [
            {
                "snr_db": snr,
                "found": found(outcomes),
                "of": len(outcomes),
                "interval": list(share(outcomes)[1:]),
            }
            for snr in results.conditions
            for outcomes in [verdict.at(snr)]
        ],
        "false_alarms": len(verdict.false_alarms),
        "hours": verdict.hours,
        "false_alarms_per_hour": {"value": rate, "interval": [low, high]},
        "latency_s": {"median": verdict.latency(50), "p90": verdict.latency(90)},
        "missed": [
            {
                "at_s": o.section * SECTION_S + o.placed.start / 16_000,
                "recording": o.placed.name,
                "background": o.placed.condition.background,
                "snr_db": o.placed.condition.snr_db,
            }
            for o in verdict.outcomes
            if o.latency_s is None
        ],
        "told_for_nothing": [
            {"at_s": alarm.section * SECTION_S + alarm.told.start / 16_000, "during": alarm.during}
            for alarm in verdict.false_alarms
        ],
    }
