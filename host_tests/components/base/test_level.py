# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from device_core import level_dbfs

RATE = 16_000


def level(pcm: np.ndarray) -> float:
    return level_dbfs(pcm.astype(np.int16))


def test_level_of_known_signals() -> None:
    sine = 32767 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert level(sine) == pytest.approx(-3.01, abs=0.01)
    assert level(np.full(RATE, -32768)) == pytest.approx(0.0, abs=1e-4)
    assert level(sine / 100) == pytest.approx(-43.01, abs=0.05)
    assert level(np.full(RATE, 328)) == pytest.approx(20 * np.log10(328 / 32768), abs=0.01)
    assert level(np.zeros(RATE)) == level(np.zeros(0)) == -200.0


def test_ten_minutes_at_full_scale_do_not_overflow() -> None:
    assert level(np.full(600 * RATE, -32768)) == pytest.approx(0.0, abs=1e-3)
