# SPDX-License-Identifier: Apache-2.0
"""tools/convert_yamnet.py from its command line to its exit code."""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.model.conversion import ConversionResult, convert
from yamnet_tools.model.graft import DEFAULT_HEAD_RANGE, LARGEST_HEAD_RANGE, SMALLEST_HEAD_RANGE
from yamnet_tools.paths import MODEL_DIR
from yamnet_tools.recording_probes import recording_probes

_SOURCE_HEAD = "source"


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert as the command line says; returns the exit code.

    Raises:
        YamnetToolsError: weights, class map, audio or model cannot be used; nothing was written then.
    """
    parser = _parser()
    source = parser.parse_known_args(_without_help(arguments))[0].source
    if source == "keras":
        from yamnet_tools.quantise import command as quantise_command  # nobody else needs any of it

        quantise_command.add_options(parser)
    else:
        _add_graft_options(parser)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(f"--source {source} does not take: {' '.join(unknown)}")
    audio = [probe for place in options.verify_audio for probe in recording_probes(place)]
    if source == "keras":
        return quantise_command.convert_with(options, audio)
    result = convert(
        options.weights,
        options.out,
        head_range=options.head_range,
        allow_unknown=options.allow_unknown,
        offline=options.offline,
        mirrors=options.mirror,
        audio=audio,
        report=cli.say,
    )
    _say_result(result)
    return cli.EXIT_OK


def _without_help(arguments: Sequence[str] | None) -> list[str]:
    """The arguments but for --help, which is answered once the source is known."""
    given = sys.argv[1:] if arguments is None else arguments
    return [argument for argument in given if argument not in ("-h", "--help")]


def _parser() -> argparse.ArgumentParser:
    parser = cli.parser(
        "Make the model the device runs: cut the int8 network out of Google's YAMNet, prove it in TFLM against the"
        " original, and write it with its class map and manifest.",
        epilog="Without --weights the source is taken from $YAMNET_WEIGHTS_DIR, weights/, ../shared/weights/ or the"
        " user's cache, else it is downloaded from Google.",
    )
    parser.allow_abbrev = False  # --head is an option of one source, and the beginning of one of the other
    parser.add_argument(
        "--source",
        choices=("graft", "keras"),
        default="graft",
        help="graft: Google's int8 model (default); keras: float weights, for those who train:"
        " `--source keras --help` has the options",
    )
    parser.add_argument("--weights", type=Path, metavar="PATH", help="the source, or a folder that holds it")
    parser.add_argument("--out", type=Path, metavar="DIR", default=MODEL_DIR, help="where to write (out/model)")
    parser.add_argument("--offline", action="store_true", help="never download")
    parser.add_argument(
        "--verify-audio",
        nargs="+",
        default=[],
        metavar="PATH",
        help="recordings or folders to compare source and result on, besides the built-in sounds",
    )
    return parser


def _add_graft_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--head-range",
        type=_head_range,
        metavar="R",
        default=DEFAULT_HEAD_RANGE,
        help=f"logits the output tells apart: +-R, {SMALLEST_HEAD_RANGE:g} to {LARGEST_HEAD_RANGE:g}"
        f" ({DEFAULT_HEAD_RANGE:g}), or '{_SOURCE_HEAD}' for Google's coarser steps",
    )
    parser.add_argument("--allow-unknown", action="store_true", help="take files whose hash is not Google's")
    parser.add_argument(
        "--mirror", action="append", default=[], metavar="URL", help="folder on a server to download from before Google"
    )


def _head_range(text: str) -> float | None:
    if text == _SOURCE_HEAD:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not SMALLEST_HEAD_RANGE <= value <= LARGEST_HEAD_RANGE:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither '{_SOURCE_HEAD}' nor a number from {SMALLEST_HEAD_RANGE:g} to {LARGEST_HEAD_RANGE:g}"
        )
    return value


def _say_result(result: ConversionResult) -> None:
    manifest, proof = result.manifest, result.proof
    if not manifest.source.known:
        cli.say("warning: the source is not Google's published file; only its agreement with itself is proved")
    cli.say(f"operators: {', '.join(f'{count} {name}' for name, count in manifest.model.operators.items())}")
    cli.say(f"TFLM runs it in {proof.arena_bytes:,} bytes of arena ({manifest.proof.pointer_bits}-bit)")
    cli.say(
        f"against the source, sound to scores: top class equal on {proof.top_equal} of {proof.patches} patches, largest"
        f" probability difference {proof.probability_difference:.3f}; log-mel within {proof.front_end_difference:.1g}"
    )
    cli.say(f"wrote {result.model} ({manifest.model.size_bytes:,} bytes, SHA-256 {manifest.model.sha256})")
    cli.say(f"      {result.class_map}")
    cli.say(f"      {result.manifest_path}")
