# SPDX-License-Identifier: Apache-2.0
"""Calibration audio as log-mel patches: recordings of any kind, or made-up sounds where there are none."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools.audio import find_recordings, open_recording
from yamnet_tools.errors import AudioError
from yamnet_tools.quantise.float_network import Float
from yamnet_tools.quantise.progress import Progress
from yamnet_tools.quantise.synthetic_audio import synthetic_sounds

Pcm = npt.NDArray[np.int16]

_LONGEST_S = 600.0  # of one recording; longer ones would crowd out the others


def calibration_patches(
    audio_dir: Path | None,
    count: int,
    seed: int,
    spec: device_core.LogMelSpec,
    report: Callable[[str], None] = lambda _: None,
) -> Float:
    """Draw patches for calibration through the device's front end.

    Args:
        audio_dir: a folder of recordings in any layout, rate and format; None for made-up sounds.
        count: patches wanted; a folder that holds fewer gives all it has.
        seed: of the choice, or of the sounds.
        spec: front end.
        report: takes lines for people: recordings that were left out.

    Returns:
        Log-mel patches float32 [n, 96, 64].

    Raises:
        AudioError: the folder holds no audio that can be read.
    """
    if audio_dir is None:
        progress = Progress(report, "made-up sounds", count)
        sounds: list[Float] = []
        for pcm in synthetic_sounds(count, seed):
            sounds.append(log_mel_patches(pcm, spec)[0])
            progress(len(sounds))
        return np.stack(sounds)
    rng = np.random.default_rng(seed)
    names = find_recordings(str(audio_dir))
    order = rng.permutation(len(names))
    share = max(1, -(-count // len(names)))
    chosen: list[Float] = []
    spare: list[Float] = []
    for index in order:
        try:
            patches = _patches_anywhere(_read(names[index]), spec, 8 * share, rng)
        except AudioError as error:
            report(f"left out: {error}")
            continue
        chosen += patches[:share]
        spare += patches[share:]
        if len(chosen) >= count:
            break
    if not chosen:
        raise AudioError(f"{audio_dir}: none of its {len(names)} recordings can be read")
    missing = count - len(chosen)
    if missing > 0 and spare:
        chosen += [spare[pick] for pick in rng.permutation(len(spare))[:missing]]
    return np.stack(chosen[:count])


def log_mel_patches(pcm: Pcm, spec: device_core.LogMelSpec) -> Float:
    """All patches of a recording, one every 0.48 s, a short one zero-padded: int16 [n] -> float32 [k, 96, 64]."""
    frames = _frames(pcm, spec)
    starts = range(0, len(frames) - spec.patch_frames + 1, spec.patch_hop)
    return np.stack([frames[start : start + spec.patch_frames] for start in starts])


def _frames(pcm: Pcm, spec: device_core.LogMelSpec) -> Float:
    """Log-mel frames of a recording, a short one zero-padded to a patch: float32 [n, 64]."""
    padded = np.pad(pcm, (0, max(0, spec.patch_samples - pcm.size)))
    frames: Float = device_core.log_mel(padded, spec)
    return frames


def _patches_anywhere(pcm: Pcm, spec: device_core.LogMelSpec, most: int, rng: np.random.Generator) -> list[Float]:
    """Patches that begin at different frames, in no order."""
    frames = _frames(pcm, spec)
    starts = rng.permutation(len(frames) - spec.patch_frames + 1)[:most]
    return [frames[start : start + spec.patch_frames] for start in starts]


def _read(name: str) -> Pcm:
    with open_recording(name) as recording:
        return np.concatenate(list(_head(block.samples for block in recording.blocks())))


def _head(blocks: Iterator[Pcm]) -> Iterator[Pcm]:
    """The first ten minutes."""
    left = int(_LONGEST_S * 16_000)
    for block in blocks:
        yield block[:left]
        left -= len(block)
        if left <= 0:
            return
