# SPDX-License-Identifier: Apache-2.0
"""From float weights to a model that the other tools take, as a user runs it."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from quantise.conftest import NEEDED, write_h5
from yamnet_tools.engines import open_engine
from yamnet_tools.errors import AudioError, ModelError, OutputError, SourceError
from yamnet_tools.model import load_model
from yamnet_tools.model.command import main
from yamnet_tools.model.manifest import read_manifest
from yamnet_tools.quantise.conversion import convert_float
from yamnet_tools.quantise.float_source import find_float_weights
from yamnet_tools.quantise.head import load_head
from yamnet_tools.quantise.proof import most_far

pytest.importorskip("h5py", reason=NEEDED)
pytest.importorskip("torch", reason=NEEDED)

pytestmark = pytest.mark.slow

FAST = ["--source", "keras", "--offline", "--calib-count", "16", "--tuning-steps", "0"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """Three classes: weak evidence for two, a strong bias for the last."""
    rng = np.random.default_rng(0)
    path = tmp_path / "head.npz"
    weights = rng.normal(0, 0.02, (1024, 3)).astype(np.float32)
    np.savez(path, weights=weights, bias=np.array([-1, 0, 3], np.float32), class_names=np.array(["a", "b, c", "door"]))
    return path


def test_a_head_of_ones_own_reaches_the_device_model(float_weights: Path, head: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([*FAST, "--weights", str(float_weights), "--out", str(out), "--head", str(head)]) == 0
    model = load_model(out / "yamnet.tflite")
    assert model.class_names == ("a", "b, c", "door")
    scores = open_engine("litert", model).score(np.zeros((2, 96, 64), np.int8))
    assert scores.shape == (2, 3)
    assert np.all(scores.argmax(axis=1) == 2)
    manifest = read_manifest((out / "manifest.json").read_bytes())
    assert manifest.source.route == "keras"
    assert manifest.class_map.classes == 3
    assert manifest.proof.tflm_arena_bytes < 300_000


def test_how_far_engines_may_be_apart_goes_by_the_number_of_classes() -> None:
    assert most_far(100, 521) == pytest.approx(0.02 * 52_100)
    assert most_far(100, 13) == pytest.approx(26)
    assert most_far(100, 3) == most_far(100, 1) == 25
    assert most_far(12, 3) > 1  # of 36 values, one of which differed where nothing was wrong


def test_googles_classes_come_out_as_they_went_in(float_weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([*FAST, "--weights", str(float_weights), "--out", str(out), "--keep-float"]) == 0
    proof = json.loads((out / "manifest.json").read_bytes())["proof"]
    assert proof["top_class_equal"] > 0.5 * proof["patches"]
    assert (out / "yamnet_float.tflite").stat().st_size > 14_000_000


def test_random_weights_fail_the_known_answers(tmp_path: Path, tensors: dict) -> None:
    path = write_h5(tmp_path / "yamnet.h5", tensors)
    out = tmp_path / "out"
    with pytest.raises(ModelError, match="not a working YAMNet"):
        convert_float(path, out, offline=True)
    assert not out.exists()


def test_one_random_layer_fails_the_known_answers(float_weights: Path, tmp_path: Path) -> None:
    """The classifier head that was silently random once, in the folded layout."""
    source = find_float_weights(float_weights).network
    from quantise.conftest import as_npz

    arrays = as_npz(source)
    rng = np.random.default_rng(0)
    arrays["fc_w"] = rng.normal(0, arrays["fc_w"].std(), arrays["fc_w"].shape).astype(np.float32)
    np.savez(tmp_path / "broken.npz", **arrays)
    with pytest.raises(ModelError, match="not a working YAMNet"):
        convert_float(tmp_path / "broken.npz", tmp_path / "out", offline=True)


def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(
    float_weights: Path, head: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {"calibration_count": 16, "tuning_steps": 1, "head": head, "offline": True}
    whole = convert_float(float_weights, tmp_path / "whole", **job)  # type: ignore[arg-type]
    said: list[str] = []

    def stop(*_: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("yamnet_tools.quantise.conversion.to_model", stop)
        with pytest.raises(KeyboardInterrupt):
            convert_float(float_weights, tmp_path / "resumed", **job)  # type: ignore[arg-type]
    assert not (tmp_path / "resumed").exists()
    resumed = convert_float(float_weights, tmp_path / "resumed", **job, report=said.append)  # type: ignore[arg-type]
    assert any("taken up" in line for line in said)
    assert not any("rounding layers" in line or "step 1 of 1" in line for line in said)
    assert resumed.model.read_bytes() == whole.model.read_bytes()


def test_without_pytorch_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SourceError, match=r"PyTorch.*pip install -e '\.\[convert\]'"):
        convert_float(None, tmp_path / "out", offline=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weights": np.zeros((1024, 4), np.float32)}, "weights"),
        ({"bias": np.zeros(2, np.float32)}, "bias"),
        ({"class_names": np.array(["a", "a", "b"])}, "twice"),
        ({"class_names": np.array(["a", " ", "b"])}, "empty"),
        ({"extra": np.zeros(1)}, "extra"),
        ({"bias": np.array([0, np.nan, 0], np.float32)}, "bias"),
    ],
)
def test_a_wrong_head_is_named(head: Path, tmp_path: Path, change: dict, named: str) -> None:
    arrays = {**np.load(head), **change}
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(ModelError, match=named):
        load_head(tmp_path / "wrong.npz")


def test_head_and_weights_are_never_replaced_by_the_model(float_weights: Path, head: Path, tmp_path: Path) -> None:
    named = head.rename(tmp_path / "manifest.json")
    before = named.read_bytes()
    with pytest.raises(OutputError, match=r"manifest\.json: would overwrite an input"):
        convert_float(float_weights, tmp_path, head=named, offline=True)
    assert named.read_bytes() == before


def test_no_weights_says_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"storage\.googleapis\.com/audioset/yamnet\.h5.*b504399"):
        find_float_weights(tmp_path)


def test_a_folder_without_audio_is_named(float_weights: Path, head: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="empty"):
        convert_float(float_weights, tmp_path / "out", audio_dir=tmp_path / "empty", head=head, offline=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--source", "keras", "--head-range", "8"],
        ["--audio-dir", "x"],
        ["--head", "x.npz"],
        ["--source", "keras", "--calib-count", "3"],
    ],
)
def test_options_of_the_other_source_are_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
