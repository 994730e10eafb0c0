# SPDX-License-Identifier: Apache-2.0
"""The command line of tools/classify.py."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from device_core import presets
from yamnet_tools import cli
from yamnet_tools.audio import STDIN
from yamnet_tools.engines import DEFAULT_ENGINE, ENGINE_NAMES
from yamnet_tools.model.network import MOST_CLASSES
from yamnet_tools.paths import DEFAULT_MODEL

PLOT_SUFFIXES = (".png", ".pdf", ".svg")
DEFAULT_TOP = 5
DEFAULT_TOP_PLOTTED = 10
DEFAULT_HEARD = 0.3

_EPILOG = """\
examples:
  classify.py kitchen.wav                           what was heard, and when
  classify.py recordings/ 'more/**/*.flac'          folders and patterns
  classify.py night.mp3 --plot night.png
  classify.py clip.wav --classes 'Baby cry, infant cry; Dog' --threshold 0.5
  classify.py clip.wav --json | jq .max
  classify.py night.wav --rules baby,alarms         events: what the device would tell
  arecord -f S16_LE -r 16000 -c 1 | classify.py -   a WAV from a pipe

A class is named by its index, its name, one part of a name that contains commas ('infant cry') or the beginning of a
name. Exit code: 0, 1 when some input failed, 2 for wrong usage, 130 after Ctrl-C.
"""


class Options(NamedTuple):
    """What was asked for.

    Attributes:
        clips: Files, folders, patterns, `-`; empty with `mic`.
        mic: Listen to the microphone.
        model: The model file.
        engine: One of ENGINE_NAMES.
        compare: Run the other engines, too.
        classes: Requests for classes as they were typed; empty for all.
        top: Most classes in a list, None for the output's own default.
        threshold: Probability below which nothing is shown, None for the output's own default.
        rules: Presets and rule files to find events by; empty for none.
        json: Print JSON lines.
        plot: The picture to write.
        scores: The .npz of patches and scores to write.
        embeddings: The .npz of embeddings to write.
    """

    clips: Sequence[str]
    mic: bool
    model: Path
    engine: str
    compare: bool
    classes: Sequence[str]
    top: int | None
    threshold: float | None
    rules: Sequence[str]
    json: bool
    plot: Path | None
    scores: Path | None
    embeddings: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Parse the command line, by default the process's own; exits with 2 when it is wrong."""
    parser = cli.parser(
        "Hear recordings as the device hears them: the firmware's own front end, then YAMNet.", epilog=_EPILOG
    )
    parser.add_argument(
        "clips",
        nargs="*",
        metavar="CLIP",
        help="WAV, FLAC, OGG or MP3 of any rate and channel count; a folder; a pattern; - for a WAV on standard input",
    )
    parser.add_argument("--mic", action="store_true", help="listen to the microphone until Ctrl-C")
    parser.add_argument(
        "--classes",
        action="append",
        default=[],
        metavar="NAMES",
        help="only these classes: names or indexes, separated by ; or commas; may be given again",
    )
    parser.add_argument(
        "--top",
        type=_top,
        metavar="N",
        help=f"most classes in a list (default: {DEFAULT_TOP}, in the plot {DEFAULT_TOP_PLOTTED}; all with --classes)",
    )
    parser.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help=f"leave out what is less probable, 0..1 (default: {DEFAULT_HEARD} for the times and the plot, else 0)",
    )
    parser.add_argument(
        "--rules",
        type=_names,
        default=(),
        metavar="NAMES",
        help=f"find events by these presets or rule files, separated by commas: {', '.join(sorted(presets()))}",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each clip")
    parser.add_argument(
        "--plot",
        type=_plot,
        metavar="OUT.png",
        help="draw waveform, log-mel and classes; of several clips each goes to OUT-<clip>.png",
    )
    parser.add_argument(
        "--scores",
        type=_scores,
        metavar="OUT.npz",
        help="save the int8 patches and scores; of several clips each goes to OUT-<clip>.npz",
    )
    parser.add_argument(
        "--embeddings",
        type=_scores,
        metavar="OUT.npz",
        help="save the int8 network's 1,024 values of each patch before its head, likewise",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINE_NAMES,
        default=DEFAULT_ENGINE,
        help="device: the device's own arithmetic (default); tflm: TensorFlow Lite Micro, which gives the same outputs "
        "and takes some seventy times as long; litert: TensorFlow Lite for PCs, which rounds a little differently",
    )
    parser.add_argument(
        "--compare", action="store_true", help="run the other engines, too, and say how far they are apart"
    )
    parser.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, metavar="PATH", help="default: out/model/yamnet.tflite"
    )
    found = Options(**vars(parser.parse_args(arguments)))
    if found.mic and found.clips:
        parser.error("--mic listens to the microphone alone: give it or clips, not both")
    if not found.mic and not found.clips:
        parser.error("nothing to hear: name a clip, a folder or -, or use --mic")
    if found.scores is not None and found.scores == found.embeddings:
        parser.error("--scores and --embeddings want two files")
    if found.clips.count(STDIN) > 1:
        parser.error("standard input can be read once only")
    return found


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError("an empty name among the rules")
    return names


def _top(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CLASSES:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to {MOST_CLASSES}")
    return int(text)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a probability from 0 to 1")
    return value


def _plot(text: str) -> Path:
    return _output(text, PLOT_SUFFIXES)


def _scores(text: str) -> Path:
    return _output(text, (".npz",))


def _output(text: str, suffixes: Sequence[str]) -> Path:
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise argparse.ArgumentTypeError(f"{text} does not end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder")
    return path
