# SPDX-License-Identifier: Apache-2.0
"""tools/tune_rules.py: thresholds for a rule, from recordings of what it should tell and of what it should not."""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from device_core import RuleSet
from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE, find_recordings
from yamnet_tools.classify.classes import select_classes
from yamnet_tools.classify.options import PLOT_SUFFIXES
from yamnet_tools.cli import say
from yamnet_tools.engines import DEFAULT_ENGINE, ENGINE_NAMES, open_engine
from yamnet_tools.errors import AudioError, TruncatedError, YamnetToolsError
from yamnet_tools.events.clips import LabelledClip, halves, source_of
from yamnet_tools.events.rules import RulesError, UnknownRulesError, load_rules, rule_document
from yamnet_tools.events.scored import score_audio
from yamnet_tools.events.stream import ListeningTest, build
from yamnet_tools.events.sweep import PATCH_COUNTS, THRESHOLDS, Half, Point, judged, recommend, sweep
from yamnet_tools.events.tune_report import described, summary, table
from yamnet_tools.files import refuse_places, write_bytes
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.paths import DEFAULT_MODEL, model_files

LEAST_POSITIVES = 3
"""In each half: fewer that were all found may as well be three in ten (95 %, exact)."""

_EPILOG = """\
The recordings are split in two by what they were cut from, which the names of ESC-50, UrbanSound8K, donateacry and
Speech Commands tell; every other recording is taken for a source of its own, unless --source says which part of its
name is the source's. Thresholds are chosen on one half and judged on the other. Each half is heard as one stretch of
sound, the recordings in a shuffled order in a room with a little noise.

Nothing is recommended, and the exit code is 1, where the recordings do not carry an answer: too few of them, nothing
found, or more false alarms than allowed at every threshold.

examples:
  tune_rules.py --positives cries/ --negatives house/ --rule baby --write my_baby.json
  tune_rules.py --positives bell/ --negatives house/ --classes 'Doorbell;Ding-dong' --name bell --plot bell.png
  tune_rules.py --positives cuts/ --negatives house/ --rule baby --source '(.*)_\\d+'   # all of night_<n>.wav: one
"""


class NoAnswerError(YamnetToolsError):
    """The recordings do not carry an answer; the text says what is missing."""


def main() -> int:
    """Sweep thresholds, print the table, write what was asked for; returns the exit code.

    Raises:
        NoAnswerError: the recordings do not carry an answer; nothing was written.
        YamnetToolsError: rule, recordings or model cannot be used.
    """
    options = _parse()
    model = load_model(options.model)
    rule = _starting_rule(options, model)
    sides = _split(options)
    outputs = [path for path in (options.write, options.plot) if path is not None]
    inputs = [*model_files(options.model), *(clip.path for side in sides for clip in side)]
    refuse_places(outputs, [*inputs, *([Path(options.rule)] if options.rule else [])])
    cut_short: list[TruncatedError] = []
    heard = _hear(sides, options, model, cut_short)
    names = model.class_names
    start = judged(rule, heard, names)
    count = len(THRESHOLDS) * len(PATCH_COUNTS)
    with tqdm(total=count, desc="trying settings", unit="setting", leave=False, disable=None) as bar:
        points = sweep(rule, heard, names, advance=bar.update)
    chosen = recommend(points, start, options.false_alarms_per_hour)
    shown = chosen or min(points, key=lambda each: (not each.choosing.found, each.choosing.per_hour))
    print(table(points, start, shown))
    _refuse_no_answer(chosen, shown, start, options.false_alarms_per_hour)
    print(summary(start, shown))
    if options.write:
        document = {"schema": 1, "rules": [shown.rule]}
        write_bytes(options.write, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
        load_rules([str(options.write)], names)
        say(f"wrote {options.write}")
    if options.plot:
        from yamnet_tools.events.tune_plot import plot  # matplotlib takes a second to load

        plot(options.plot, points, start, shown)
        say(f"wrote {options.plot}")
    return cli.EXIT_FAILED if cut_short else cli.EXIT_OK


def _hear(
    sides: Sequence[Sequence[LabelledClip]],
    options: argparse.Namespace,
    model: YamnetModel,
    cut_short: list[TruncatedError],
) -> list[Half]:
    """Both halves, scored."""

    def tell(error: TruncatedError) -> None:
        say(f"{error}; heard as far as it goes")
        cut_short.append(error)

    tests = [build(side, options.seed, tell) for side in sides]
    for name, side, test in zip(("choosing", "judging"), sides, tests, strict=True):
        of = ", ".join(f"{_counted(side, label)} {label}s" for label in ("positive", "negative"))
        say(f"{name} half: {of}; {len(test.pcm) / SAMPLE_RATE / 60:.1f} minutes")
        _refuse_short_negatives(test, name, options.false_alarms_per_hour)
    engine = open_engine(options.engine, model)
    seconds = sum(len(test.pcm) for test in tests) / SAMPLE_RATE
    form = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s of audio, {remaining} left"
    with tqdm(total=seconds, desc="hearing", bar_format=form, leave=False, disable=None) as bar:

        def advance(samples: int) -> None:
            bar.update(samples / SAMPLE_RATE)

        return [(test.heard, score_audio(test.pcm, model, engine, advance)) for test in tests]


def _counted(side: Sequence[LabelledClip], label: str) -> str:
    clips = [clip for clip in side if clip.label == label]
    sources = len({clip.group for clip in clips})
    return f"{len(clips)}" if sources == len(clips) else f"{len(clips)} (of {sources} sources)"


def _refuse_short_negatives(test: ListeningTest, name: str, most_per_hour: float) -> None:
    """A single false alarm must not be more than is allowed."""
    hours = sum(clip.end - clip.start for clip in test.heard if clip.label == "negative") / SAMPLE_RATE / 3600
    if most_per_hour * hours < 1 and most_per_hour > 0:
        raise NoAnswerError(
            f"--false-alarms-per-hour {most_per_hour:g}: the {name} half has {hours * 60:.1f} minutes of negatives, in "
            f"which one false alarm is {1 / hours:.1f} an hour already; record at least {120 / most_per_hour:.0f} "
            "minutes in all, or allow more, or none"
        )


def _refuse_no_answer(chosen: Point | None, shown: Point, start: Point, most_per_hour: float) -> None:
    if chosen is None and shown.choosing.found:
        raise NoAnswerError(
            f"no threshold that finds anything keeps {most_per_hour:g} false alarms an hour on these negatives; the "
            f"best, on {shown.on:g}, on the half it was chosen on: {described(shown.choosing)}; the rule that it began "
            f"with: {described(start.choosing)}; look at what raises them, allow more with --false-alarms-per-hour, or "
            "take other classes"
        )
    for half, verdict in (("that settings are chosen on", shown.choosing), ("kept back", shown.judging)):
        if verdict.found == 0:
            raise NoAnswerError(
                f"the best rule, on {shown.on:g}, found none of {verdict.wanted} positives on the half {half}: are "
                "these the classes of that sound? `classify.py` says what the model hears in them"
            )


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
        type=cli.number(float, 0, 1e6),
        default=0.0,
        metavar="N",
        help="at most so many on the negatives (default: 0)",
    )
    parser.add_argument(
        "--source",
        type=_pattern,
        metavar="REGEX",
        help="its first group, in a recording's name without suffix, tells what that was cut from",
    )
    parser.add_argument("--write", type=Path, metavar="RULE.json", help="write the recommended rule")
    parser.add_argument("--plot", type=_picture, metavar="OUT.png", help="draw the trade-off")
    parser.add_argument("--engine", choices=ENGINE_NAMES, default=DEFAULT_ENGINE)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, metavar="PATH")
    parser.add_argument(
        "--seed", type=cli.number(int, 0), default=1, help="of the recordings' order and the room's noise"
    )
    return parser.parse_args()


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    if not pattern.groups:
        raise argparse.ArgumentTypeError(f"{text!r} has no group, as in '(.*)_\\d+'")
    return pattern


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in PLOT_SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text} does not end in {' or '.join(PLOT_SUFFIXES)}")
    return path


def _split(options: argparse.Namespace) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """The recordings in two halves, both with enough positives, and with negatives."""
    clips = [
        *_clips(options.positives, "positive", options.source),
        *_clips(options.negatives, "negative", options.source),
    ]
    labels: dict[Path, str] = {}
    for clip in clips:
        if labels.setdefault(clip.path.resolve(), clip.label) != clip.label:
            raise YamnetToolsError(f"{clip.path}: it is among the positives and among the negatives")
    sides = halves(clips)
    fewest = min(sum(clip.label == "positive" for clip in side) for side in sides)
    if fewest < LEAST_POSITIVES or any(all(clip.label != "negative" for clip in side) for side in sides):
        found = ", ".join(
            f"{len(chosen)} {label}s of {len({clip.group for clip in chosen})} sources"
            for label in ("positive", "negative")
            if (chosen := [clip for clip in clips if clip.label == label]) or True
        )
        raise NoAnswerError(
            f"too few recordings: both halves need {LEAST_POSITIVES} positives, and negatives; there are {found}"
        )
    return sides


def _clips(folder: str, label: str, pattern: re.Pattern[str] | None) -> list[LabelledClip]:
    paths = [Path(path) for path in find_recordings(folder)]
    for path in paths:
        path.stat()  # one that is missing is named now, not after minutes of work
    inside = Path(folder) if Path(folder).is_dir() else Path()

    def source(path: Path) -> str:
        below = Path(label, path.relative_to(inside) if inside in path.parents else path)
        if pattern is None:
            return source_of(below)
        if (found := pattern.match(path.stem)) is None or found[1] is None:
            raise AudioError(f"{path}: its name has no source as --source wants it")
        return f"{below.parent}/{found[1]}"

    return [LabelledClip(path, label, source(path)) for path in paths]


def _starting_rule(options: argparse.Namespace, model: YamnetModel) -> dict[str, Any]:
    """The rule to be tuned, as its JSON object."""
    if options.classes:
        indexes = select_classes(options.classes.split(";"), model.class_names)
        classes = [model.class_names[index] for index in indexes]
        rule = {"name": options.name or "tuned", "classes": classes, "on": 0.5, "off": 0.25}
    else:
        load_rules([options.rule], model.class_names)  # or one line that says what is wrong with it
        rules = _document(options.rule)["rules"]
        named = [each for each in rules if options.name in (None, each["name"])]
        if len(named) != 1:
            names = ", ".join(each["name"] for each in rules)
            raise UnknownRulesError(f"{options.rule}: --name must be one of {names}")
        rule = named[0]
    if not rule.get("classes"):
        raise RulesError(f"{rule['name']}: a rule without classes has no threshold to tune")
    try:
        RuleSet.parse(json.dumps({"schema": 1, "rules": [rule]}), list(model.class_names))
    except ValueError as error:
        raise RulesError(str(error)) from error
    return rule


def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(rule_document(name).decode("utf-8-sig"))
    return document
