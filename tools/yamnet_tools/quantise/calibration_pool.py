# SPDX-License-Identifier: Apache-2.0
"""All that a quantiser calibrates on: recordings, made-up sounds, and impressions of each class on top of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import device_core
from yamnet_tools.errors import SourceError
from yamnet_tools.quantise.calibration import calibration_patches
from yamnet_tools.quantise.float_network import Float, FloatNetwork

_IMPRESSION_SHARE = 0.5  # of the number of other patches
_TELL_EVERY = 256


def require_pytorch() -> None:
    """Refuse early what calibration would refuse late.

    Raises:
        SourceError: PyTorch is not installed.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise SourceError(
            "--source keras needs PyTorch: pip install -e '.[convert]' (the default source, graft, needs nothing)"
        ) from error


def calibration_pool(
    network: FloatNetwork,
    audio_dir: Path | None,
    count: int,
    seed: int,
    spec: device_core.LogMelSpec,
    report: Callable[[str], None] = lambda _: None,
) -> Float:
    """Gather patches, shuffled.

    Args:
        network: whose classes impressions are of.
        audio_dir: recordings; None if there are none.
        count: patches of recordings, and again of made-up sounds.
        seed: of everything drawn.
        spec: front end.
        report: takes lines of progress.

    Returns:
        Log-mel patches float32 [n, 96, 64].

    Raises:
        AudioError: the folder holds no audio that can be read.
    """
    from yamnet_tools.quantise.impressions import impressions

    recorded: list[Float] = []
    if audio_dir is not None:
        report(f"reading recordings in {audio_dir}")
        recorded = [calibration_patches(audio_dir, count, seed, spec, report)]
    report(f"making up {count} sounds")
    sounds = np.concatenate([calibration_patches(None, count, seed, spec, report), *recorded])
    wanted = int(len(sounds) * _IMPRESSION_SHARE)

    def progress(done: int) -> None:
        if done % _TELL_EVERY == 0 or done == wanted:
            report(f"impressions of classes: {done} of {wanted}")

    pool = np.concatenate([sounds, impressions(network, sounds, wanted, seed, progress)])
    shuffled: Float = pool[np.random.default_rng(seed).permutation(len(pool))]
    return shuffled
