# SPDX-License-Identifier: Apache-2.0
"""From blocks of PCM to scores: padding, gaps and pictures of them."""

from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from device_core import LogMelSpec, PatchStream
from yamnet_tools.audio import PcmBlock
from yamnet_tools.classify.class_columns import ClassColumns
from yamnet_tools.classify.plot_data import PlotData
from yamnet_tools.classify.scoring import Step, score
from yamnet_tools.model import TensorQuantization

HOP = 7680
PATCH = 15_600


@pytest.fixture
def model() -> SimpleNamespace:
    return SimpleNamespace(
        class_names=("loud", "quiet"),
        front_end=LogMelSpec.profile("yamnet"),
        input_quantization=TensorQuantization(0.05, 0),
        output_quantization=TensorQuantization(1 / 256, -128),
    )


class LoudnessEngine:
    """Scores a patch by its level."""

    name = "loudness"

    def score(self, patches: np.ndarray) -> np.ndarray:
        loud = patches.mean(axis=(1, 2)).clip(-128, 127).astype(np.int8)
        return np.stack([loud, np.invert(loud)], axis=1)


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3000, count).astype(np.int16)


def blocks(*parts: tuple[int, np.ndarray]) -> Iterator[PcmBlock]:
    return iter([PcmBlock(start, samples) for start, samples in parts])


def gather(steps: Iterator[Step]) -> tuple[list[int], np.ndarray]:
    all_steps = list(steps)
    starts = [start for step in all_steps for start in step.starts.tolist()]
    return starts, np.concatenate([step.patches for step in all_steps])


def test_blocks_of_any_size_give_the_stream_s_patches(model: SimpleNamespace) -> None:
    pcm = noise(60_000)
    patches, expected = PatchStream(model.front_end, *model.input_quantization).feed(pcm)
    cuts = [0, 1, 700, 30_000, 30_001, 60_000]
    parts = [(a, pcm[a:b]) for a, b in pairwise(cuts)]
    starts, found = gather(score(blocks(*parts), model, LoudnessEngine()))
    assert starts == expected.tolist() == [n * HOP for n in range(6)]
    assert np.array_equal(found, patches)


def test_only_a_clip_without_a_patch_is_padded(model: SimpleNamespace) -> None:
    pcm = noise(PATCH)
    for length in (1, 9000, PATCH - 1):
        starts, patches = gather(score(blocks((0, pcm[:length])), model, LoudnessEngine()))
        whole = np.concatenate([pcm[:length], np.zeros(PATCH - length, np.int16)])
        assert starts == [0]
        assert np.array_equal(patches, gather(score(blocks((0, whole)), model, LoudnessEngine()))[1])
    assert list(score(blocks(), model, LoudnessEngine())) == []


def test_no_patch_spans_a_gap(model: SimpleNamespace) -> None:
    pcm = noise(60_000)
    late = 100_000
    starts, patches = gather(score(blocks((0, pcm[:20_000]), (late, pcm[20_000:])), model, LoudnessEngine()))
    assert starts == [0, late, late + HOP, late + 2 * HOP, late + 3 * HOP]
    alone = gather(score(blocks((0, pcm[20_000:])), model, LoudnessEngine()))[1]
    assert np.array_equal(patches[1:], alone)


def test_a_gap_keeps_its_place_in_the_picture(model: SimpleNamespace) -> None:
    late = 12 * HOP
    data = PlotData(model)
    for step in score(blocks((0, noise(PATCH)), (late, noise(PATCH))), model, LoudnessEngine()):
        data.add(step)
    p = data.classes.probabilities([0])[0]
    assert len(p) == 13
    assert p[0] == p[12] > p[1:12].max() == 0
    waveform = data.waveform()
    gap = (waveform.time_s > (PATCH + 500) / 16_000) & (waveform.time_s < (late - 500) / 16_000)
    assert np.abs(waveform.high[gap]).max() == 0
    assert waveform.high[waveform.time_s > late / 16_000].max() > 0.1
    log_mel = data.log_mel()
    assert log_mel.end_s == pytest.approx((late + PATCH) / 16_000, abs=0.03)
    columns = log_mel.values.mean(axis=0)
    assert columns[len(columns) // 2] < columns[10] - 2


def test_columns_lie_at_the_middle_of_their_patches(model: SimpleNamespace) -> None:
    columns = ClassColumns(model, 8)
    for step in score(blocks((0, noise(PATCH + 2 * HOP))), model, LoudnessEngine()):
        columns.add(step)
    middle = PATCH / 2 / 16_000
    assert columns.edges_s().tolist() == pytest.approx([0, middle + 0.24, middle + 0.72, (PATCH + 2 * HOP) / 16_000])
