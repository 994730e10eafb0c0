# SPDX-License-Identifier: Apache-2.0
"""tools/make_examples.py: writes examples/audio."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE, open_recording
from yamnet_tools.errors import AudioError, OutputError
from yamnet_tools.examples import clips, own_sounds
from yamnet_tools.examples.synthesis import Sound, to_pcm
from yamnet_tools.files import replacing
from yamnet_tools.paths import CHECKOUT

_SOUNDS = (clips.smoke_alarm_t3, clips.siren, clips.telephone, clips.sine_440hz, clips.noise)
_SPEECH = "speech.wav"
_WORDS = "Hello. This is the device speaking. If you can hear me, it should say so."
_ESPEAK_ARGUMENTS = ("-v", "en-us", "-s", "160")
_ESPEAK_TIMEOUT_S = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the example clips; returns the exit code.

    Raises:
        YamnetToolsError: espeak-ng fails.
        OSError: A clip cannot be written.
    """
    parser = cli.parser("Make the example clips: 16 kHz, mono, 16 bits, the same bytes each time but for the speech.")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "examples" / "audio", metavar="FOLDER")
    parser.add_argument(
        "--own-sounds",
        type=Path,
        metavar="FOLDER",
        help="write the recordings of docs/own-sounds.md there, and nothing else",
    )
    options = parser.parse_args(arguments)
    if options.own_sounds:
        for name, recording in own_sounds.recordings():
            _write(options.own_sounds / name, recording)
        return cli.EXIT_OK
    folder: Path = options.output
    for sound in _SOUNDS:
        _write(folder / f"{sound.__name__}.wav", sound())
    speech = folder / _SPEECH
    if shutil.which("espeak-ng"):
        _write(speech, _speak())
    elif speech.exists():
        cli.say(f"espeak-ng is not installed: {speech} stays as it is")
    else:
        cli.say(f"espeak-ng is not installed: no {_SPEECH} and no kitchen.wav")
        return cli.EXIT_OK
    _write(folder / "kitchen.wav", clips.kitchen(_read(speech)))
    return cli.EXIT_OK


def _speak() -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder, _SPEECH)
        command = ["espeak-ng", *_ESPEAK_ARGUMENTS, "-w", str(spoken), _WORDS]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_ESPEAK_TIMEOUT_S)
        except subprocess.SubprocessError as error:
            raise AudioError(f"espeak-ng failed: {error}") from error
        return _read(spoken)


def _read(path: Path) -> Sound:
    with open_recording(str(path)) as recording:
        return np.concatenate([block.samples for block in recording.blocks()]) / 32768


def _write(path: Path, sound: Sound) -> None:
    with replacing(path) as temporary:
        try:
            soundfile.write(temporary, to_pcm(sound), SAMPLE_RATE, subtype="PCM_16")
        except soundfile.LibsndfileError as error:
            raise OutputError(f"{path}: cannot be written: {error.error_string}") from error
    cli.say(f"wrote {path}")
