# SPDX-License-Identifier: Apache-2.0
"""Recordings to learn from, made by the device's own microphone: what is learnt is the room that it will hear."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.device.any_device import AnyDevice
from yamnet_tools.errors import OutputError, UsageError
from yamnet_tools.files import replacing

DEFAULT_DATA = Path("recordings")
DEFAULT_SECONDS = 5.0
LONGEST_SECONDS = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `record`."""
    parser.add_argument(
        "--label", required=True, metavar="NAME", help="what is heard: the folder, as doorbell or other"
    )
    parser.add_argument(
        "--data", type=Path, default=DEFAULT_DATA, metavar="DIR", help="holds a folder for each label (recordings/)"
    )
    parser.add_argument("--count", type=cli.number(int, 1), default=1, metavar="N", help="of clips (1)")
    parser.add_argument(
        "--seconds",
        type=cli.number(float, 0.5, LONGEST_SECONDS),
        default=DEFAULT_SECONDS,
        metavar="S",
        help=f"of each ({DEFAULT_SECONDS:g})",
    )


def run(device: AnyDevice, options: argparse.Namespace) -> int:
    """Record clips, one after the other; at a terminal each waits for Enter.

    Raises:
        UsageError: the label is no folder's name.
        DeviceError: no sound comes.
        OutputError: a clip cannot be written.
    """
    label = options.label
    if label != label.strip() or label in ("", ".", "..") or not label.isprintable() or set(label) & set("/\\\\:"):
        raise UsageError(f"--label {label!r}: no name for a folder")
    for number in range(1, options.count + 1):
        if sys.stdin.isatty():
            cli.say(f"clip {number} of {options.count}: Enter, then {label}")
            sys.stdin.readline()
        cli.say(f"clip {number} of {options.count}: recording {options.seconds:g} s of {label}")
        pcm = device.sound(options.seconds)
        path = options.data / label / f"{label}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.wav"
        _write(path, pcm)
        print(f"{path}: {len(pcm) / SAMPLE_RATE:.1f} s, {_described(pcm)}", flush=True)
    return cli.EXIT_OK


def _write(path: Path, pcm: npt.NDArray[np.int16]) -> None:
    with replacing(path) as temporary:
        try:
            soundfile.write(temporary, pcm, SAMPLE_RATE, subtype="PCM_16")
        except soundfile.LibsndfileError as error:
            raise OutputError(f"{path}: cannot be written: {error.error_string}") from error


def _described(pcm: npt.NDArray[np.int16]) -> str:
    """How loud it is, and what would make it a bad example."""
    peak = int(np.abs(pcm.astype(np.int32)).max())
    if peak == 0:
        return "all samples are zero: is the microphone muted?"
    level = f"peak {20 * np.log10(peak / 32768):.1f} dBFS"
    return f"{level}: overdriven, record from further away" if peak >= 32767 else level
