# SPDX-License-Identifier: Apache-2.0
"""Log-mel against Google's definition in float64."""

from pathlib import Path

import numpy as np
import pytest

import definition
import device_core
import signals
import wav

YAMNET = device_core.LogMelSpec.profile("yamnet")
POWER = device_core.LogMelSpec.profile("power")

# |X|^2 + 1e-10 looks 13 decades below full scale, where 31-bit integers leave up to 8e-3 beside a full-scale tone.
TOLERANCE = {"yamnet": 1e-3, "power": 1e-2}


@pytest.mark.parametrize("profile", ["yamnet", "power"])
@pytest.mark.parametrize("name", signals.awkward_signals())
def test_awkward_signals_are_finite_and_right(name: str, profile: str) -> None:
    pcm = signals.awkward_signals()[name]
    computed = device_core.log_mel(pcm, device_core.LogMelSpec.profile(profile))
    expected = definition.log_mel(pcm, profile)
    assert computed.shape == expected.shape
    assert np.isfinite(computed).all()
    np.testing.assert_allclose(computed, expected, atol=TOLERANCE[profile], rtol=0)


def test_random_tones_at_every_level() -> None:
    random = np.random.default_rng(11)
    for _ in range(60):
        pcm = signals.tone(random.uniform(0, 8000), 10 ** random.uniform(0, 4.5), random.uniform(0, 6.3))
        error = np.abs(device_core.log_mel(pcm, YAMNET) - definition.log_mel(pcm)).max()
        assert error < TOLERANCE["yamnet"]


def test_real_recordings(shared_clips: list[Path]) -> None:
    for clip in shared_clips:
        pcm = wav.read(clip)
        np.testing.assert_allclose(
            device_core.log_mel(pcm, YAMNET), definition.log_mel(pcm), atol=1e-3, rtol=0, err_msg=str(clip)
        )
        np.testing.assert_allclose(
            device_core.log_mel(pcm, POWER), definition.log_mel(pcm, "power"), atol=1e-2, rtol=0, err_msg=str(clip)
        )


def test_silence_is_the_logarithm_of_the_offset() -> None:
    silence = np.zeros(1000, np.int16)
    for spec in (YAMNET, POWER):
        np.testing.assert_allclose(device_core.log_mel(silence, spec), np.log(spec.log_offset), rtol=1e-6)


def test_quantized_patches_differ_from_the_definition_by_ties_only(shared_clips: list[Path]) -> None:
    scale, zero_point = 0.048020608723163605, 16
    equal = total = 0
    for clip in shared_clips:
        pcm = wav.read(clip)
        patches, starts = device_core.PatchStream(YAMNET, scale, zero_point).feed(pcm)
        expected = definition.quantize(definition.log_mel(pcm), scale, zero_point)
        for patch, start in zip(patches, starts, strict=True):
            frame = start // YAMNET.frame_hop
            steps = np.abs(patch.astype(int) - expected[frame : frame + YAMNET.patch_frames])
            assert steps.max() <= 1, clip
            equal += np.count_nonzero(steps == 0)
            total += steps.size
    assert equal / total >= 0.999


def test_quantization_rounds_halves_away_from_zero_and_clamps() -> None:
    values = np.array([-1e9, -2.5, -1.5, -0.5, 0.0, 0.49999997, 0.5, 1.5, 2.5, 1e9], np.float32)
    expected = [-128, -3, -2, -1, 0, 0, 1, 2, 3, 127]
    assert device_core.quantize_patch(values, 1.0, 0).tolist() == expected
    assert device_core.quantize_patch(values[1:-1].reshape(2, 4), 1.0, 5).tolist() == [[2, 3, 4, 5], [5, 6, 7, 8]]
