# SPDX-License-Identifier: Apache-2.0
"""The generated pages: others' text stays, figures are the evaluation's, a missed target is said to be missed."""

from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.evaluate.accuracy_page import BEGIN, Report, accuracy_page, model_card, with_section
from yamnet_tools.evaluate.dataset import Clip, Target
from yamnet_tools.evaluate.evaluation import Evaluation, Settings, evaluate
from yamnet_tools.model import convert
from yamnet_tools.model.manifest import Manifest
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
NAMES = ("float", "keras", "graft", "google", *(v.name for v in VARIANTS), PREDECESSOR.name)
POWER = ("graft@power", "keras@power", "float@power")


class Made:
    """Two classes; the second model onwards is wrong on a share of the patches."""

    kind, size_bytes, class_names = "made", 1234, ("loud", "quiet")

    def __init__(self, name: str, wrong: bool) -> None:
        self.name, self._wrong = name, wrong

    def score(self, pcm: np.ndarray) -> np.ndarray:
        scores = np.tile(np.array([0.9, 0.1], np.float32), (10, 1))
        if self._wrong:
            scores[0] = scores[0, ::-1]
        return scores if np.abs(pcm.astype(int)).mean() > 1000 else scores[:, ::-1]


def evaluation(*, keras_is_wrong: bool) -> Evaluation:
    scorers = [Made(name, wrong=name == "keras" and keras_is_wrong) for name in (*NAMES, *POWER)]
    clips = [
        Clip(path, label, "examples") for path, label in zip(sorted(EXAMPLES.glob("*.wav")), "lq" * 9, strict=False)
    ]
    targets = {"l": Target("loud", (0,)), "q": Target("quiet", (1,))}
    return evaluate(scorers, clips, targets, 0, Settings(repeats=10))


@pytest.fixture(scope="module")
def manifest(weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return convert(weights_dir, tmp_path_factory.mktemp("graft"), offline=True).manifest


@pytest.mark.parametrize("wrong", [False, True])
def test_targets_are_judged_by_the_figures(manifest: Manifest, wrong: bool) -> None:
    page = accuracy_page(Report(evaluation(keras_is_wrong=wrong), manifest, manifest, "0" * 64, 10, 20))
    [line] = [line for line in page.splitlines() if line.startswith("| top-1 equal to the float network")]
    assert ("90.00%" in line and "**not reached**" in line) if wrong else ("100.00%" in line and "not" not in line)


def test_the_card_names_hashes_and_sizes(manifest: Manifest) -> None:
    card = model_card(Report(evaluation(keras_is_wrong=False), manifest, manifest, "ab" * 32, 10, 20))
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "ab" * 32 in card
    assert f"{manifest.proof.tflm_arena_bytes:,}" in card


def test_a_section_replaces_itself_and_nothing_else() -> None:
    page = with_section("# Accuracy\n\n## Events\n\ntheirs\n", "first")
    again = with_section(page + "\nafter\n", "second")
    assert again.count(BEGIN) == 1
    assert "first" not in again
    assert again.index("theirs") < again.index("second") < again.index("after")
    assert with_section(again, "second") == again
    assert with_section("", "x").startswith("# Accuracy\n")
