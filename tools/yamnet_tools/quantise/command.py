# SPDX-License-Identifier: Apache-2.0
"""The part of tools/convert_yamnet.py's command line that belongs to float weights."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.probe_audio import Probe
from yamnet_tools.quantise.conversion import (
    DEFAULT_CALIBRATION,
    DEFAULT_STEPS,
    FLOAT_NAME,
    QuantisationResult,
    convert_float,
)

_FEWEST, _MOST = 8, 16_384
_MOST_STEPS = 20_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only float weights have, as a group of their own."""
    group = parser.add_argument_group("float weights (yamnet.h5 or a folded .npz), to be quantised")
    group.add_argument(
        "--audio-dir",
        type=Path,
        metavar="DIR",
        help="recordings of any kind to calibrate on, besides made-up sounds; better than those alone",
    )
    group.add_argument(
        "--calib-count",
        type=cli.number(int, _FEWEST, _MOST),
        default=DEFAULT_CALIBRATION,
        metavar="N",
        help=f"patches of recordings, and of made-up sounds, {_FEWEST} to {_MOST} ({DEFAULT_CALIBRATION})",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of everything drawn at random (0)")
    group.add_argument(
        "--tuning-steps",
        type=cli.number(int, 0, _MOST_STEPS),
        default=DEFAULT_STEPS,
        metavar="N",
        help=f"steps of fine-tuning against the float network, 160 gain half a point ({DEFAULT_STEPS})",
    )
    group.add_argument(
        "--head",
        type=Path,
        metavar="HEAD.npz",
        help="another classifier: weights [1024, K], bias [K], class_names [K]",
    )
    group.add_argument(
        "--keep-float", action="store_true", help=f"also write {FLOAT_NAME}, to measure the int8 model against"
    )


def convert_with(options: argparse.Namespace, audio: Sequence[Probe]) -> int:
    """Convert as the parsed command line says and prove it on `audio`, too; returns the exit code: 1 when the result is
    poor.

    Raises:
        YamnetToolsError: weights, class map, audio or model cannot be used; nothing was written then.
    """
    result = convert_float(
        options.weights,
        options.out,
        audio_dir=options.audio_dir,
        calibration_count=options.calib_count,
        seed=options.seed,
        tuning_steps=options.tuning_steps,
        head=options.head,
        keep_float=options.keep_float,
        offline=options.offline,
        audio=audio,
        report=cli.say,
    )
    _say_result(result)
    return cli.EXIT_FAILED if result.proof.verdict == "poor" else cli.EXIT_OK


def _say_result(result: QuantisationResult) -> None:
    manifest, proof = result.manifest, result.proof
    cli.say(f"operators: {', '.join(f'{count} {name}' for name, count in manifest.model.operators.items())}")
    cli.say(f"TFLM runs it in {proof.arena_bytes:,} bytes of arena ({proof.pointer_bits}-bit)")
    cli.say(
        f"against its float network: top class equal or tied on {proof.top_equal} of {proof.patches} patches, largest"
        f" probability difference {proof.probability_difference:.3f}; TFLM and LiteRT at most {proof.engine_steps}"
        " steps of 1/256 apart"
    )
    cli.say(f"wrote {result.model} ({manifest.model.size_bytes:,} bytes, SHA-256 {manifest.model.sha256})")
    advice = {
        "good": "",
        "fair": "; recordings of the kind that the device will hear make it better: --audio-dir",
        "poor": f"; do not use it: calibrate on more (--calib-count, {DEFAULT_CALIBRATION} by default) or on "
        "recordings of the kind that the device will hear (--audio-dir)",
    }
    cli.say(
        f"verdict: {proof.verdict}: on {proof.unheard} made-up sounds that it was not calibrated on, its top class is "
        f"the float network's, or tied with it, on {proof.unheard_equal / proof.unheard:.1%}{advice[proof.verdict]}"
    )
