# SPDX-License-Identifier: Apache-2.0
"""tools/evaluate_model.py on the project's own examples, with a graft and Google's waveform model."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.evaluate.command import main
from yamnet_tools.evaluate.dataset import DatasetError, read_dataset, read_label_map, target_of
from yamnet_tools.evaluate.evaluation import Settings, evaluate
from yamnet_tools.model import convert
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.source import CLASS_MAP, WEIGHTS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
LABELS = {"siren": "siren", "speech": "speech", "smoke_alarm_t3": "smoke_alarm", "telephone": "telephone"}


@pytest.fixture(scope="module")
def class_names(weights_dir: Path) -> tuple[str, ...]:
    return read_class_map((weights_dir / CLASS_MAP.name).read_bytes())


@pytest.fixture(scope="module")
def graft(weights_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert(weights_dir / WEIGHTS.name, tmp_path_factory.mktemp("graft"), offline=True).model


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    for stem, label in LABELS.items():
        folder = tmp_path / "set" / label
        folder.mkdir(parents=True)
        shutil.copy(EXAMPLES / f"{stem}.wav", folder)
    return tmp_path / "set"


@pytest.fixture
def label_map(tmp_path: Path) -> Path:
    path = tmp_path / "map.csv"
    path.write_text(
        "label,name,classes\nsiren,siren,Siren\nspeech,speech,Speech\nsmoke_alarm,smoke alarm,"
        '"Smoke detector, smoke alarm; Alarm; Beep, bleep"\ntelephone,telephone,Telephone; Dial tone; Ringtone\n'
    )
    return path


def test_two_kinds_of_model_side_by_side(
    graft: Path, weights_dir: Path, labelled: Path, label_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "r.html", tmp_path / "r.json"
    models = [f"graft={graft}", f"google={weights_dir / WEIGHTS.name}"]
    data = ["--data", str(labelled), "--labels", str(label_map), "--reference", "google", "--bootstrap", "20"]
    code = main([*models, *data, "--front-end-ablation", "--html", str(page), "--json", str(figures)])
    assert code == 0
    report = json.loads(figures.read_text())
    assert [model["name"] for model in report["models"]] == ["graft", "graft@power", "google"]
    graft_result, power, google = report["models"]
    assert graft_result["agreement"]["top_tied"] > 0.9
    assert google["agreement"] is None
    # The wrong front end must show in the figures.
    assert power["agreement"]["top_equal"] < graft_result["agreement"]["top_equal"] - 0.2
    assert graft_result["accuracy"]["value"] == 1.0
    text = page.read_text()
    assert text.count("<svg") == 2
    assert "src=" not in text
    assert "zero-shot" in capsys.readouterr().out


def test_an_index_overrides_folders(labelled: Path) -> None:
    with (labelled / "index.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["path", "label", "source"], ["siren/siren.wav", "speech", "mine"]])
    [clip] = read_dataset(labelled)
    assert (clip.label, clip.source) == ("speech", "mine")


@pytest.mark.parametrize(
    ("text", "named"),
    [("path,label\nmissing.wav,x\n", "missing.wav"), ("path,label\n,x\n", "no path"), ("file,what\na,b\n", "no path")],
)
def test_a_wrong_index_names_the_line(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(DatasetError, match=named):
        read_dataset(tmp_path)


def test_clips_outside_folders_have_no_label(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "siren.wav", tmp_path)
    with pytest.raises(DatasetError, match=r"siren\.wav: no label"):
        read_dataset(tmp_path)


def test_every_class_of_the_shipped_map_exists(class_names: tuple[str, ...]) -> None:
    from importlib.resources import files

    text = (files("yamnet_tools.evaluate") / "label_map.csv").read_text()
    named = [name.strip() for row in csv.DictReader(text.splitlines()) for name in row["classes"].split(";")]
    assert set(filter(None, named)) <= set(class_names)


def test_labels_find_classes_by_name_too(class_names: tuple[str, ...]) -> None:
    targets = read_label_map(None, class_names)
    assert target_of("crying_baby", targets, class_names).classes == (20,)  # type: ignore[union-attr]
    assert target_of("infant_cry", targets, class_names).classes == (20,)  # type: ignore[union-attr]
    with pytest.raises(KeyError):
        target_of("no such sound", targets, class_names)


def test_a_map_with_an_unknown_class_names_it(tmp_path: Path, class_names: tuple[str, ...]) -> None:
    (tmp_path / "m.csv").write_text("label,name,classes\nx,x,Dragon\n")
    with pytest.raises(DatasetError, match="Dragon"):
        read_label_map(tmp_path / "m.csv", class_names)


class Oracle:
    """Hears what a clip's length says: n whole patches mean class n."""

    name, kind, size_bytes = "oracle", "test", 0
    class_names = ("zero", "one", "two", "three")

    def score(self, pcm: np.ndarray) -> np.ndarray:
        scores = np.full((1, 4), 0.01, np.float32)
        scores[0, len(pcm) // 16_000] = 0.9
        return scores


def test_unreadable_clips_and_unknown_labels_are_said(tmp_path: Path) -> None:
    from wave import open as open_wave

    for name, seconds in (("one/a", 1), ("two/b", 2), ("nothing known/c", 1), ("one/broken", 0)):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        if not seconds:
            path.write_bytes(b"not audio")
            continue
        with open_wave(str(path), "wb") as wave:
            wave.setparams((1, 2, 16_000, 0, "NONE", ""))
            wave.writeframes(np.zeros(16_000 * seconds, np.int16).tobytes())
    found = evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    assert found.clips == 2
    assert found.models[0].accuracy.value == 1.0
    assert any("broken.wav" in line for line in found.left_out)
    assert any("nothing known" in line for line in found.left_out)


def test_a_file_that_is_no_model_is_one_clear_error(labelled: Path) -> None:
    with pytest.raises(ModelError, match=r"siren\.wav"):
        main([str(labelled / "siren" / "siren.wav"), "--data", str(labelled)])
