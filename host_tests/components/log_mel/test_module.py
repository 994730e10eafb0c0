# SPDX-License-Identifier: Apache-2.0
"""The Python face of the front end: profiles, array kinds, errors."""

import numpy as np
import pytest

import device_core

YAMNET = device_core.LogMelSpec.profile("yamnet")


def test_profiles_differ_only_in_spectrum_and_offset() -> None:
    power = device_core.LogMelSpec.profile("power")
    assert device_core.profile_names() == ["yamnet", "power"]
    fields = [name for name in dir(YAMNET) if not name.startswith("_") and name != "profile"]
    differing = {name for name in fields if getattr(YAMNET, name) != getattr(power, name)}
    assert differing == {"name", "spectrum", "log_offset"}
    assert (YAMNET.spectrum, YAMNET.log_offset) == ("magnitude", 1e-3)
    assert (power.spectrum, power.log_offset) == ("power", 1e-10)
    assert device_core.LogMelSpec.profile("yamnet") == YAMNET
    assert power != YAMNET


def test_an_unknown_profile_is_named_beside_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r'unknown front-end profile "mfcc"; this program computes yamnet, power'):
        device_core.LogMelSpec.profile("mfcc")


@pytest.mark.parametrize("pcm", [np.zeros(400), np.zeros(400, np.int32), np.zeros((2, 400), np.int16)])
def test_only_int16_vectors_are_pcm(pcm: np.ndarray) -> None:
    with pytest.raises(TypeError):
        device_core.log_mel(pcm, YAMNET)  # type: ignore[arg-type]


@pytest.mark.parametrize(("scale", "zero_point"), [(0.0, 0), (-1.0, 0), (float("nan"), 0), (1.0, 128), (1.0, -129)])
def test_quantization_that_cannot_be_is_refused(scale: float, zero_point: int) -> None:
    with pytest.raises(ValueError, match=r"scale|zero point"):
        device_core.PatchStream(YAMNET, scale, zero_point)


def test_strided_and_read_only_arrays() -> None:
    stereo = np.random.default_rng(7).integers(-3000, 3000, (2_000, 2)).astype(np.int16)
    left = np.ascontiguousarray(stereo[:, 0])
    left.setflags(write=False)
    assert device_core.log_mel(stereo[:, 0], YAMNET).tobytes() == device_core.log_mel(left, YAMNET).tobytes()


def test_results_own_their_memory() -> None:
    stream = device_core.LogMelStream(YAMNET)
    first = stream.feed(np.full(400, 5, np.int16))
    kept = first.copy()
    stream.feed(np.full(4_000, 9_000, np.int16))
    assert (first == kept).all()
    first[:] = 0.0
