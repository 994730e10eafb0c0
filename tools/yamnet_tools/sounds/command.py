# SPDX-License-Identifier: Apache-2.0
"""tools/train_sounds.py from its command line to its exit code."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from yamnet_tools import cli
from yamnet_tools.errors import TruncatedError
from yamnet_tools.events.clips import LabelledClip
from yamnet_tools.files import refuse_places
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.network import MOST_CLASSES
from yamnet_tools.model.own_head import IntegerHead, head_grid
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.paths import DEFAULT_MODEL, OUT_DIR, model_files
from yamnet_tools.sounds import model_files as files
from yamnet_tools.sounds.clips import OTHER, SoundsError, find_clips, read_clip, sound_names
from yamnet_tools.sounds.expectation import FOLDS, Expectation, expect, rule_name, unheard_scores
from yamnet_tools.sounds.learning import examples, learn, rounded
from yamnet_tools.sounds.patches import LearntClip, embed_clips
from yamnet_tools.sounds.plot import picture
from yamnet_tools.sounds.report import report

DEFAULT_OUT = OUT_DIR / "mine"

_EPILOG = f"""\
DIR holds a folder for each sound, called as the sound is to be called, and one called {OTHER} with what is none of
them: speech, the kitchen, the street, silence. Ten recordings of each are enough to begin; `device.py record` makes
them with the device's own microphone. Recordings that were cut from one are told by the names of ESC-50, UrbanSound8K,
donateacry and Speech Commands; every other file is taken for a recording of its own.

OUT gets yamnet.tflite with the model's classes and the new ones, its class map and manifest, rules.json with a
threshold for each sound, and sounds.png.

examples:
  train_sounds.py --data recordings/ --out out/mine
  mkspiffs_model.py --model out/mine/yamnet.tflite --out out/mine/yamnet_spiffs.bin
  device.py rules out/mine/rules.json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn the sounds, say what to expect, write the model; returns the exit code.

    Raises:
        YamnetToolsError: recordings or model cannot be used; nothing was written.
    """
    options = _parse(arguments)
    model = load_model(options.model)
    sources = find_clips(options.data)
    labels = sound_names(sources)
    _refuse_alike(labels)
    count = len(labels) if options.alone else len(model.class_names) + len(labels)
    if count > MOST_CLASSES:
        raise SoundsError(
            f"{options.data}: {count:,} classes in all, a model has at most {MOST_CLASSES:,}; see --alone"
        )
    names = files.class_names(model, labels, alone=options.alone)
    outputs = [options.out / name for name in files.FILE_NAMES]
    refuse_places(outputs, [*model_files(options.model), *(clip.path for clip in sources)])
    cut_short: list[TruncatedError] = []
    clips = _learn_from(sources, model, options.seed, cut_short)
    head, expected = _learn(clips, labels, names, model, options)
    made = files.make_files(model, head, names, alone=options.alone)
    made[files.RULES_NAME] = files.rules_file([sound.rule for sound in expected])
    made[files.PICTURE_NAME] = picture(expected)
    files.write_files(options.out, made)
    print(report(expected, clips))
    cli.say(
        f"wrote {options.out}: yamnet.tflite with {count} classes, {', '.join(sorted(set(made) - {'yamnet.tflite'}))}"
    )
    return cli.EXIT_FAILED if cut_short else cli.EXIT_OK


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser("Teach the model sounds of your own, from recordings.", epilog=_EPILOG)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder for each sound, and other")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="OUT", help="default: out/mine")
    parser.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, metavar="PATH",
        help="a model of convert_yamnet.py, by either route (default: out/model/yamnet.tflite)",
    )  # fmt: skip
    parser.add_argument("--alone", action="store_true", help="leave the model's own classes out")
    parser.add_argument(
        "--false-alarms-per-hour",
        type=cli.number(float, 0, 1e6),
        default=0.0,
        metavar="N",
        help="at most so many where thresholds are chosen (default: 0)",
    )
    parser.add_argument("--seed", type=cli.number(int, 0), default=1, help="of the variations (default: 1)")
    return parser.parse_args(arguments)


def _refuse_alike(labels: Sequence[str]) -> None:
    """Rules of two sounds must not share a name."""
    name, count = Counter(map(rule_name, labels)).most_common(1)[0]
    if count > 1:
        alike = ", ".join(label for label in labels if rule_name(label) == name)
        raise SoundsError(f"{alike}: their rules would all be called {name}; give the folders other names")


def _learn_from(
    sources: Sequence[LabelledClip], model: YamnetModel, seed: int, cut_short: list[TruncatedError]
) -> list[LearntClip]:
    def tell(error: TruncatedError) -> None:
        cli.say(f"{error}; heard as far as it goes")
        cut_short.append(error)

    clips = [read_clip(source, tell) for source in sources]
    of = Counter(clip.label for clip in clips)
    cli.say("recordings: " + ", ".join(f"{count} of {label}" for label, count in of.items()))
    seconds = sum(len(clip.sound) for clip in clips) / model.front_end.sample_rate_hz
    form = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s of recordings, {remaining} left"
    with tqdm(total=seconds, desc="hearing", bar_format=form, leave=False, disable=None) as bar:
        return embed_clips(clips, model, seed, bar.update)


def _learn(
    clips: Sequence[LearntClip],
    labels: Sequence[str],
    names: Sequence[str],
    model: YamnetModel,
    options: argparse.Namespace,
) -> tuple[IntegerHead, list[Expectation]]:
    """The head of all recordings, and what is to be expected of each sound."""
    grid = head_grid(read_model(model.data))
    with tqdm(total=FOLDS + 1 + len(names), desc="learning", leave=False, disable=None) as bar:
        scores = unheard_scores(clips, labels, grid, model.output_quantization, bar.update)
        found = examples(clips, labels, grid)
        head = rounded(learn(found, len(names)), grid, alone=options.alone)
        bar.update()
        expected = []
        for number in range(len(names)):
            expected.append(
                expect(clips, scores, labels, names, number, model.output_quantization, options.false_alarms_per_hour)
            )
            bar.update()
    return head, expected
