# SPDX-License-Identifier: Apache-2.0
"""tools/tune_rules.py: thresholds for a rule, from recordings of what it should tell and of what it should not."""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from device_core import RuleSet, presets
from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE, find_recordings
from yamnet_tools.cli import say
from yamnet_tools.engines import DEFAULT_ENGINE, ENGINE_NAMES, open_engine
from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.events.clips import LabelledClip, group_of, halves, told_apart_by_file
from yamnet_tools.events.rules import RulesError, load_rules
from yamnet_tools.events.scored import ScoredAudio, score_audio
from yamnet_tools.events.stream import Heard, build
from yamnet_tools.events.sweep import Point, recommend, sweep
from yamnet_tools.files import write_bytes
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.paths import DEFAULT_MODEL

_EPILOG = """\
The recordings are split in two by where they were cut from (the number at a name's end does not count, unless it is
all that tells the names apart): thresholds are chosen on one half and judged on the other. Each half is heard as one
stretch of sound, the recordings in a shuffled order in a room with a little noise.

examples:
  tune_rules.py --positives cries/ --negatives house/ --rule baby --write my_baby.json
  tune_rules.py --positives bell/ --negatives house/ --classes 'Doorbell;Ding-dong' --name bell --plot bell.png
"""


def main() -> int:
    """Sweep thresholds, print the table, write what was asked for; returns the exit code."""
    options = _parse()
    model = load_model(options.model)
    rule = _starting_rule(options, model)
    engine = open_engine(options.engine, model)
    heard: list[tuple[Sequence[Heard], ScoredAudio]] = []
    for name, mine in zip(("choosing", "judging"), _split(options.positives, options.negatives), strict=True):
        test = build(mine, options.seed)
        minutes = len(test.pcm) / SAMPLE_RATE / 60
        say(f"{name} half: {len(mine)} recordings, {minutes:.1f} minutes")
        heard.append((test.heard, score_audio(test.pcm, model, engine)))
    points = sweep(rule, heard, model.class_names)
    chosen = recommend(points, options.false_alarms_per_hour)
    print(_table(points, chosen))
    print(_recommendation(chosen, options.false_alarms_per_hour))
    if options.write:
        document = {"schema": 1, "rules": [chosen.rule]}
        write_bytes(options.write, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
        load_rules([str(options.write)], model.class_names)
        say(f"wrote {options.write}")
    if options.plot:
        from yamnet_tools.events.tune_plot import plot  # matplotlib takes a second to load

        plot(options.plot, points, chosen)
        say(f"wrote {options.plot}")
    return cli.EXIT_OK


def _parse() -> argparse.Namespace:
    parser = cli.parser("Recommend thresholds for an event rule from real recordings.", epilog=_EPILOG)
    parser.add_argument("--positives", required=True, metavar="DIR", help="what the rule should tell")
    parser.add_argument("--negatives", required=True, metavar="DIR", help="what it should not tell")
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--rule", metavar="NAME", help="start from this preset or rule file")
    start.add_argument("--classes", metavar="NAMES", help="start from a plain rule of these classes, separated by ;")
    parser.add_argument("--name", metavar="RULE", help="the rule's name; which one of several rules")
    parser.add_argument(
        "--false-alarms-per-hour",
        type=_alarm_rate,
        default=0.0,
        metavar="N",
        help="at most so many on the negatives (default: 0)",
    )
    parser.add_argument("--write", type=Path, metavar="RULE.json", help="write the recommended rule")
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the trade-off")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default=DEFAULT_ENGINE)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, metavar="PATH")
    parser.add_argument("--seed", type=int, default=1, help="of the recordings' order and the room's noise")
    return parser.parse_args()


def _split(positives: str, negatives: str) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """The recordings in two halves, both with positives and negatives."""
    clips = [*_clips(positives, "positive"), *_clips(negatives, "negative")]
    labels: dict[Path, str] = {}
    for clip in clips:
        if labels.setdefault(clip.path.resolve(), clip.label) != clip.label:
            raise YamnetToolsError(f"{clip.path}: it is among the positives and among the negatives")
    sides = halves(clips)
    if any({clip.label for clip in side} != {"positive", "negative"} for side in sides):
        raise YamnetToolsError(
            f"too few recordings: both halves need positives and negatives; {len(clips)} recordings were found"
        )
    return sides


def _clips(folder: str, label: str) -> list[LabelledClip]:
    paths = [Path(path) for path in find_recordings(folder)]
    for path in paths:
        path.stat()  # one that is missing is named now, not after minutes of work
    inside = Path(folder) if Path(folder).is_dir() else Path()
    clips = [
        LabelledClip(path, label, group_of(Path(label, path.relative_to(inside) if inside in path.parents else path)))
        for path in paths
    ]
    if len(clips) > 1 and len({clip.group for clip in clips}) == 1:
        say(
            f"{folder}: only a number tells the recordings' names apart; each is taken for a source of its own, which "
            "flatters the half kept back if they were cut from one recording"
        )
        return told_apart_by_file(clips)
    return clips


def _alarm_rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be a number, 0 or more")
    return value


def _starting_rule(options: argparse.Namespace, model: YamnetModel) -> dict[str, Any]:
    """The rule to be tuned, as its JSON object."""
    if options.classes:
        classes = [name.strip() for name in options.classes.split(";")]
        rule = {"name": options.name or "tuned", "classes": classes, "on": 0.5, "off": 0.25}
    else:
        load_rules([options.rule], model.class_names)  # or one line that says what is wrong with it
        rules = _document(options.rule)["rules"]
        named = [each for each in rules if options.name in (None, each["name"])]
        if len(named) != 1:
            names = ", ".join(each["name"] for each in rules)
            raise RulesError(f"{options.rule}: --name must be one of {names}")
        rule = named[0]
    if not rule.get("classes"):
        raise RulesError(f"{rule['name']}: a rule without classes has no threshold to tune")
    try:
        RuleSet.parse(json.dumps({"schema": 1, "rules": [rule]}), list(model.class_names))
    except ValueError as error:
        raise RulesError(str(error)) from error
    return rule


def _document(name: str) -> dict[str, Any]:
    text = Path(name).read_text(encoding="utf-8-sig") if Path(name).is_file() else presets()[name]
    document: dict[str, Any] = json.loads(text)
    return document


def _table(points: Sequence[Point], chosen: Point) -> str:
    lines = [
        "           |         chosen on this half        |             kept back",
        "   on  N/M | missed   false alarms    per hour  | missed   false alarms    per hour",
    ]
    for point in points:
        choosing, judging = point.choosing, point.judging
        lines.append(
            f"{point.on:5.3f} {point.need:2}/{point.of:<2}| {1 - choosing.recall:6.1%} {choosing.false_alarms:14}"
            f" {choosing.per_hour:11.1f}  | {1 - judging.recall:6.1%} {judging.false_alarms:14}"
            f" {judging.per_hour:11.1f}{'  <--' if point is chosen else ''}"
        )
    return "\n".join(lines)


def _recommendation(chosen: Point, limit: float) -> str:
    judging = chosen.judging
    kept = chosen.choosing.per_hour <= limit
    note = "" if kept else f" (no threshold keeps {limit:g} false alarms per hour; this one has the fewest)"
    return (
        f"recommended: on {chosen.on:g}, off {chosen.off:g}, {chosen.need} of {chosen.of} patches{note}; on the half "
        f"kept back it found {judging.found} of {judging.wanted}; false alarms: {judging.false_alarms} in "
        f"{judging.negative_hours * 60:.1f} minutes of negatives"
    )
