# SPDX-License-Identifier: Apache-2.0
"""All that a quantiser calibrates on: recordings, made-up sounds, and impressions of each class on top of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

import device_core
from yamnet_tools.errors import SourceError
from yamnet_tools.quantise.calibration import calibration_patches
from yamnet_tools.quantise.checkpoints import Partial
from yamnet_tools.quantise.float_network import Float, FloatNetwork

_IMPRESSION_SHARE = 0.5  # of the number of other patches
_KEPT = "sounds"


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
    partial: Partial | None = None,
) -> Float:
    """Gather patches, shuffled.

    Args:
        network: whose classes impressions are of.
        audio_dir: recordings; None if there are none.
        count: patches of recordings, and again of made-up sounds.
        seed: of everything drawn.
        spec: front end.
        report: takes lines of progress.
        partial: keeps what is gathered.

    Returns:
        Log-mel patches float32 [n, 96, 64].

    Raises:
        AudioError: the folder holds no audio that can be read.
    """
    from yamnet_tools.quantise.impressions import impressions

    partial = partial or Partial()
    kept = partial.get(_KEPT)
    if kept is not None:
        sounds: Float = kept.astype(np.float32)
    else:
        recorded: list[Float] = []
        if audio_dir is not None:
            report(f"reading recordings in {audio_dir}")
            recorded = [calibration_patches(audio_dir, count, seed, spec, report)]
        sounds = np.concatenate([calibration_patches(None, count, seed, spec, report), *recorded])
        partial.keep({_KEPT: sounds}, now=True)
    wanted = int(len(sounds) * _IMPRESSION_SHARE)
    pool = np.concatenate([sounds, impressions(network, sounds, wanted, seed, report, partial)])
    shuffled: Float = pool[np.random.default_rng(seed).permutation(len(pool))]
    return shuffled
