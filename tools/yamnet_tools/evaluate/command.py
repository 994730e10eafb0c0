# SPDX-License-Identifier: Apache-2.0
"""tools/evaluate_model.py from its command line to its exit code."""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

import device_core
from yamnet_tools import cli
from yamnet_tools.engines import DEFAULT_ENGINE, ENGINE_NAMES
from yamnet_tools.errors import UsageError
from yamnet_tools.evaluate.dataset import INDEX_NAME, read_dataset
from yamnet_tools.evaluate.evaluation import Settings, all_class_names, evaluate
from yamnet_tools.evaluate.html_report import html_report
from yamnet_tools.evaluate.labels import read_label_map
from yamnet_tools.evaluate.limits import FIGURES, below, parse_limit
from yamnet_tools.evaluate.results import Evaluation
from yamnet_tools.evaluate.scorers import Scorer, open_scorer
from yamnet_tools.evaluate.text_report import text_report
from yamnet_tools.files import refuse_places, write_bytes
from yamnet_tools.paths import model_files

_EPILOG = """\
MODEL is a .tflite of any of these kinds, or NAME=PATH to call it NAME in the report:
  an int8 patch model made by tools/convert_yamnet.py
  a float patch model (convert_yamnet.py --source keras --keep-float writes one)
  a waveform model as Google publishes it
Models may have different classes: equal names are one class.

NAME@power=PATH scores a patch model behind another front end than its own.

DIR holds folders named like the labels, or an index.csv with columns path and label, and optionally source (the
collection) and recording (what the clip was cut from; clips of one recording are resampled together).

exit codes: 0; 1 when a clip could not be read (the report is of the others), a model is below --fail-below or nothing
could be done; 2 for wrong usage; 130 after Ctrl-C.
"""
_STDOUT = Path("-")


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: a model or the data cannot be used.
    """
    options = _parser().parse_args(arguments)
    clips = read_dataset(options.data)
    models = [Path(text if Path(text).is_file() else text.rpartition("=")[2]) for text in options.models]
    beside = [file for model in models for file in model_files(model)]
    labels = [options.data / INDEX_NAME, *([options.labels] if options.labels else [])]
    reports = [path for path in (options.json, options.html) if path not in (None, _STDOUT)]
    refuse_places(reports, [*beside, *labels, *(clip.path for clip in clips)])
    scorers = open_scorers(options.models, options.engine, ablation=options.front_end_ablation)
    names = [scorer.name for scorer in scorers]
    if options.reference is not None and options.reference not in names:
        raise UsageError(f"--reference: no model is called '{options.reference}'; there are {', '.join(names)}")
    reference = 0 if options.reference is None else names.index(options.reference)
    label_map = read_label_map(options.labels, all_class_names(scorers))
    settings = Settings(options.pooling, options.bootstrap, options.seed)
    with tqdm(total=len(clips), unit="clip", disable=None) as bar:
        evaluation = evaluate(scorers, clips, label_map, reference, settings, lambda done: bar.update(done - bar.n))
    if options.html is not None:
        write_bytes(options.html, html_report(evaluation).encode())
    if options.json == _STDOUT:
        print(to_json(evaluation).decode(), end="")
    else:
        if options.json is not None:
            write_bytes(options.json, to_json(evaluation))
        print(text_report(evaluation))
    for line in evaluation.unreadable:
        cli.say(f"left out: {line}")
    missed = below(evaluation.models, options.fail_below)
    for line in missed:
        cli.say(f"--fail-below: {line}")
    return cli.EXIT_FAILED if evaluation.unreadable or missed else cli.EXIT_OK


def open_scorers(models: Sequence[str], engine: str, *, ablation: bool) -> list[Scorer]:
    """Open what the command line names, each under a name of its own.

    Args:
        models: PATH, NAME=PATH or NAME@PROFILE=PATH.
        engine: for int8 patch models.
        ablation: add each patch model once more behind the front end that it was not trained on.

    Raises:
        UsageError: two models have one name, or there is no such front end.
        ModelError: a model cannot be used.
    """
    scorers: list[Scorer] = []
    for text in models:
        name, _, place = text.rpartition("=")
        if name and Path(text).is_file():
            name, place = "", text
        path = Path(place)
        name, _, profile = name.partition("@")
        name = name or (f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem)
        own = open_scorer(path, f"{name}@{profile}" if profile else name, engine, _spec(profile))
        scorers.append(own)
        if ablation and not profile and own.front_end is not None:
            others = [other for other in device_core.profile_names() if other != own.front_end]
            scorers += [open_scorer(path, f"{name}@{other}", engine, _spec(other)) for other in others]
    names = [scorer.name for scorer in scorers]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"two models are called '{twice[0]}'; give them names: NAME=PATH")
    return scorers


def to_json(evaluation: Evaluation) -> bytes:
    """The whole evaluation as one JSON object; what has no value is null."""
    return (json.dumps(_plain(asdict(evaluation)), indent=2, allow_nan=False) + "\n").encode()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _spec(profile: str) -> device_core.LogMelSpec | None:
    if not profile:
        return None
    if profile not in device_core.profile_names():
        raise UsageError(f"no front end '{profile}'; there are {', '.join(device_core.profile_names())}")
    return device_core.LogMelSpec.profile(profile)


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser("Say how good models are on labelled recordings, side by side.", epilog=_EPILOG)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="recordings: with an index.csv, or in folders by label"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="MAP.csv",
        help="what labels mean: columns label, name, classes (separated by `;`; none: only counter-examples); by"
        " default a map of the labels of ESC-50, UrbanSound8K and others, and the classes' own names",
    )
    parser.add_argument("--reference", metavar="NAME", help="the model others are compared with (default: the first)")
    parser.add_argument(
        "--front-end-ablation",
        action="store_true",
        help="score patch models behind the front end that is not theirs, too",
    )
    parser.add_argument("--pooling", choices=("mean", "max"), default="mean", help="from patches to a clip (mean)")
    parser.add_argument(
        "--engine", choices=ENGINE_NAMES, default=DEFAULT_ENGINE, help=f"for int8 patch models ({DEFAULT_ENGINE})"
    )
    parser.add_argument("--bootstrap", type=_repeats, default=300, metavar="N", help="resamples (300)")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the resamples (0)")
    parser.add_argument(
        "--json", type=Path, nargs="?", const=_STDOUT, metavar="OUT.json",
        help="write all figures; to standard output in place of the tables if no file is named",
    )  # fmt: skip
    parser.add_argument(
        "--fail-below",
        type=parse_limit,
        action="append",
        default=[],
        metavar="FIGURE=VALUE",
        help=f"exit with 1 if a model does not reach it: {', '.join(FIGURES)}; may be given again",
    )
    parser.add_argument("--html", type=Path, metavar="OUT.html", help="write a page with plots")
    return parser


def _repeats(text: str) -> int:
    if not text.isdecimal() or not 10 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 10 to 100000")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at most 18 digits")
    return int(text)
