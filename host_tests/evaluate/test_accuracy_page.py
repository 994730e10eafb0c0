# SPDX-License-Identifier: Apache-2.0
"""The generated pages: others' text stays, figures are the evaluation's, a missed target is said to be missed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from yamnet_tools.errors import SourceError
from yamnet_tools.evaluate import accuracy_command
from yamnet_tools.evaluate.accuracy_page import Report, accuracy_page
from yamnet_tools.evaluate.dataset import Clip
from yamnet_tools.evaluate.evaluation import Settings, evaluate
from yamnet_tools.evaluate.labels import Target
from yamnet_tools.evaluate.model_card import model_card
from yamnet_tools.evaluate.provenance import provenance
from yamnet_tools.evaluate.results import Evaluation
from yamnet_tools.evaluate.reuse import made_once
from yamnet_tools.model.manifest import Manifest, read_manifest
from yamnet_tools.paths import MANIFEST_NAME
from yamnet_tools.quantise.ablation import PREDECESSOR, VARIANTS, Variant
from yamnet_tools.quantise.float_source import FloatSource

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
NAMES = ("float", "keras", "graft", "google", *(v.name for v in VARIANTS), PREDECESSOR.name)
POWER = ("graft@power", "keras@power", "float@power")


class Made:
    """Two classes; the second model onwards is wrong on a share of the patches."""

    kind, front_end, size_bytes, class_names = "made", "yamnet", 1234, ("loud", "quiet")

    def __init__(self, name: str, wrong: bool) -> None:
        self.name, self._wrong = name, wrong

    def score(self, pcm: np.ndarray) -> np.ndarray:
        scores = np.tile(np.array([0.9, 0.1], np.float32), (10, 1))
        if self._wrong:
            scores[0] = scores[0, ::-1]
        return scores if np.abs(pcm.astype(int)).mean() > 1000 else scores[:, ::-1]


def evaluation(*, keras_is_wrong: bool, source: str = "examples") -> Evaluation:
    scorers = [Made(name, wrong=name == "keras" and keras_is_wrong) for name in (*NAMES, *POWER)]
    paths = sorted(EXAMPLES.glob("*.wav"))
    clips = [Clip(path, label, source, str(path)) for path, label in zip(paths, "lq" * 9, strict=False)]
    targets = {"l": Target("loud", (0,)), "q": Target("quiet", (1,))}
    return evaluate(scorers, clips, targets, 0, Settings(repeats=10))


def report(made: Manifest, *, keras_is_wrong: bool = False, source: str = "examples") -> Report:
    found = evaluation(keras_is_wrong=keras_is_wrong, source=source)
    return Report(found, made, made, "ab" * 32, "It is nobody's.", ", somehow")


@pytest.fixture(scope="module")
def manifest(converted_model: Path) -> Manifest:
    return read_manifest(converted_model.with_name(MANIFEST_NAME).read_bytes())


@pytest.mark.parametrize("wrong", [False, True])
def test_targets_are_judged_by_the_figures(manifest: Manifest, wrong: bool) -> None:
    page = accuracy_page(report(manifest, keras_is_wrong=wrong))
    [line] = [line for line in page.splitlines() if line.startswith("| top-1 equal to the float network")]
    assert ("90.0%" in line and "**not reached**" in line) if wrong else ("100.0%" in line and "not" not in line)


def test_esc_10_is_set_beside_the_figures_of_others(manifest: Manifest) -> None:
    assert "ESC-10 alone" not in accuracy_page(report(manifest))
    made = report(manifest, source="somebody/ESC-10@1")
    [line] = [line for line in accuracy_page(made).splitlines() if line.startswith("On the ")]
    found = made.esc_10("graft")
    assert found is not None
    inside = found.accuracy.low <= 0.970 <= found.accuracy.high
    assert ("accuracy 0.970 (inside" in line) == inside
    assert "On ESC-10 alone" in model_card(made)


def test_the_card_names_hashes_and_sizes_and_its_metadata_are_the_figures(manifest: Manifest) -> None:
    made = report(manifest, source="somebody/ESC-10@1")
    card = model_card(made)
    _, front, text = card.split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["license"] == "apache-2.0"
    assert metadata["pipeline_tag"] == "audio-classification"
    graft, keras = metadata["model-index"]
    assert (graft["name"], keras["name"]) == ("graft", "keras")
    over_all, esc_10 = graft["results"]
    values = {metric["type"]: metric["value"] for metric in over_all["metrics"]}
    model = made.evaluation.model("graft")
    assert values["mean_average_precision"] == pytest.approx(model.mean_average_precision.value, abs=1e-4)
    assert values["accuracy"] == pytest.approx(model.accuracy.value, abs=1e-4)
    assert "ESC-10" in esc_10["dataset"]["name"]
    assert "ab" * 32 in text
    assert "It is nobody's." in text
    assert f"{manifest.proof.tflm_arena_bytes:,}" in text


def test_rebuilt_weights_are_said_to_be_rebuilt(tmp_path: Path) -> None:
    def source(known: bool) -> FloatSource:
        return FloatSource(tmp_path / "w.npz", "here", "0" * 64, 1, known, None)  # type: ignore[arg-type]

    assert "byte for byte" in provenance(source(known=True))
    assert "**not**" not in provenance(source(known=True))
    assert "**not**" in provenance(source(known=False))
    notes = tmp_path / "w_sources.json"
    notes.write_text('{"a": {"shape": [2, 3], "exact_fraction": 1.0}, "b": {"shape": [2], "exact_fraction": 0.0}}')
    assert "**rebuilt**" in provenance(source(known=False))
    assert "75.0%" in provenance(source(known=False))
    notes.write_text('{"a": 1}')
    with pytest.raises(SourceError, match="w_sources"):
        provenance(source(known=False))


def test_a_model_is_made_again_only_if_something_changed(tmp_path: Path) -> None:
    product, calls = tmp_path / "made", []

    def make() -> None:
        calls.append(1)
        product.write_text("x")

    assert made_once(tmp_path, product, {"steps": 1}, make)
    assert not made_once(tmp_path, product, {"steps": 1}, make)
    assert made_once(tmp_path, product, {"steps": 2}, make)
    product.unlink()
    assert made_once(tmp_path, product, {"steps": 2}, make)
    with pytest.raises(ZeroDivisionError):
        made_once(tmp_path, product, {"steps": 3}, lambda: 1 // 0)
    assert made_once(tmp_path, product, {"steps": 2}, make)
    assert len(calls) == 4


def test_the_simpler_ways_are_made_once_for_the_same_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = []

    def build(_network: object, ways: tuple[Variant, ...], *_: object) -> Iterator[tuple[Variant, bytes]]:
        calls.append(1)
        yield from ((way, way.name.encode()) for way in ways)

    monkeypatch.setattr(accuracy_command, "build_variants", build)
    class_map = tmp_path / "classes.csv"
    class_map.write_text("classes")
    source = FloatSource(tmp_path / "w.npz", "here", "0" * 64, 1, False, None)  # type: ignore[arg-type]
    for _ in range(2):
        accuracy_command.make_variants(source, tmp_path / "ways", class_map)
    assert len(calls) == 1
    for way in (*VARIANTS, PREDECESSOR):
        assert (tmp_path / "ways" / way.name / "yamnet.tflite").read_bytes() == way.name.encode()
        assert (tmp_path / "ways" / way.name / "yamnet_class_map.csv").read_text() == "classes"
