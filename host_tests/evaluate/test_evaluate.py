# SPDX-License-Identifier: Apache-2.0
"""tools/evaluate_model.py on the project's own examples, with a graft and Google's waveform model."""

import csv
import json
import re
import shutil
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_core import LogMelSpec
from yamnet_tools.errors import ModelError, OutputError
from yamnet_tools.evaluate.command import main, open_scorers, to_json
from yamnet_tools.evaluate.dataset import DatasetError, read_dataset
from yamnet_tools.evaluate.evaluation import Settings, evaluate
from yamnet_tools.evaluate.html_report import html_report
from yamnet_tools.evaluate.labels import Target, read_label_map, target_of
from yamnet_tools.evaluate.scorers import open_scorer
from yamnet_tools.evaluate.text_report import text_report
from yamnet_tools.model import front_end
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.source import CLASS_MAP, WEIGHTS
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise.float_model import float_model
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.weights_npz import load_npz

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
LABELS = {"siren": "siren", "speech": "speech", "smoke_alarm_t3": "smoke_alarm", "telephone": "telephone"}


@pytest.fixture(scope="module")
def class_names(weights_dir: Path) -> tuple[str, ...]:
    return read_class_map((weights_dir / CLASS_MAP.name).read_bytes())


@pytest.fixture(scope="module")
def graft(converted_model: Path) -> Path:
    return converted_model


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
    assert graft_result["agreement"]["top_tied"]["value"] > 0.9
    assert google["agreement"] is None
    # The wrong front end must show in the figures.
    assert power["front_end_change"]["other"] == "graft"
    assert power["front_end_change"]["top_equal"]["value"] < 0.8
    assert graft_result["front_end_change"] is None
    assert graft_result["accuracy"]["value"] == 1.0
    text = page.read_text()
    assert text.count("<svg") == 3 + len(report["models"])
    # Nothing is asked for but the page itself; the only links out of it are to clips.
    assert not re.search(r"src=|@import|<link|<script|url\((?!#)", text)
    assert {link[:8] for link in re.findall(r"href=['\"](?![#]|data:image/png)([^'\"]*)", text)} <= {"file:///"}
    assert "zero-shot" in capsys.readouterr().out


def test_an_index_overrides_folders(labelled: Path) -> None:
    with (labelled / "index.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([["path", "label", "source"], ["siren/siren.wav", "speech", "mine"]])
    [clip] = read_dataset(labelled)
    assert (clip.label, clip.source) == ("speech", "mine")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"path,label\nmissing.wav,x\n", "row 2: there is no missing.wav"),
        (b"path,label\n,x\n", "row 2 has no path"),
        (b"path,label\na\n", "row 2 has no label"),
        (b"file,what\na,b\n", "no column 'path' .* file, what"),
        (b"path,what\na,b\n", "no column 'label'"),
        (b"path,label\n", "no rows"),
        (b"", "no column 'path'"),
        (b"path,label\nb\xe9b\xe9.wav,x\n", "not UTF-8: byte 0xe9 at 12"),
        (b'path,label\n"a,x\n', "is not CSV"),
        (b"path,label\n" + b"x" * 200_000 + b",y\n", "is not CSV"),
    ],
)
def test_a_wrong_index_is_one_clear_error(tmp_path: Path, text: bytes, named: str) -> None:
    (tmp_path / "index.csv").write_bytes(text)
    with pytest.raises(DatasetError, match=named):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("label,name,classes\nx,x,Dragon\n", "no class 'Dragon'"),
        ("label,name\nx,x\n", "no column 'classes'"),
        ("label,classes\nDog bark,Dog\ndog_bark,Bark\n", "'dog_bark' is there twice"),
    ],
)
def test_a_wrong_map_is_one_clear_error(tmp_path: Path, class_names: tuple[str, ...], text: str, named: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(DatasetError, match=named):
        read_label_map(tmp_path / "m.csv", class_names)


def test_names_of_known_collections_tell_the_recording(tmp_path: Path) -> None:
    names = ("us8k/dog_bark/100032-3-0-0.wav", "esc/dog/1-100032-A.wav", "esc/dog/mine_1.wav", "esc/dog/mine_2.wav")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLES / "siren.wav", tmp_path / name)
    clips = {clip.path.name: clip for clip in read_dataset(tmp_path)}
    assert clips["100032-3-0-0.wav"].recording == clips["1-100032-A.wav"].recording
    assert clips["mine_1.wav"].recording != clips["mine_2.wav"].recording
    assert (clips["1-100032-A.wav"].source, clips["100032-3-0-0.wav"].source) == ("esc", "us8k")


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


@pytest.mark.parametrize("label", ["dog_bark", "Dog bark", "001 - Dog bark", "DOG-BARK"])
def test_labels_are_written_in_many_ways(class_names: tuple[str, ...], label: str) -> None:
    found = target_of(label, read_label_map(None, class_names), class_names)
    assert found is not None
    assert found.name == "dog"


class Oracle:
    """Hears what a clip's length says: n whole seconds mean class n."""

    kind, front_end, size_bytes = "test", "yamnet", 0
    class_names = ("zero", "one", "two", "three")

    def __init__(self, name: str = "oracle", patches: int = 1) -> None:
        self.name, self._patches = name, patches

    def score(self, pcm: np.ndarray) -> np.ndarray:
        scores = np.full((self._patches, 4), 0.01, np.float32)
        scores[:, len(pcm) // 16_000] = 0.9
        return scores


def write_clip(path: Path, seconds: int, level: int = 0) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, 16_000, 0, "NONE", ""))
        stream.writeframes(np.full(16_000 * seconds, level, np.int16).tobytes())


def test_unreadable_clips_and_unknown_labels_are_said(tmp_path: Path) -> None:
    for name, seconds in (("one/a", 1), ("two/b", 2), ("nothing known/c", 1)):
        write_clip(tmp_path / f"{name}.wav", seconds)
    (tmp_path / "one" / "broken.wav").write_bytes(b"not audio")
    told: list[int] = []
    found = evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10), told.append)
    assert found.clips == 2
    assert found.models[0].accuracy.value == 1.0
    assert [line for line in found.unreadable if "broken.wav" in line]
    assert any("nothing known" in line for line in found.left_out)
    assert told[-1] == 4


def test_a_clip_that_repeats_another_counts_once(tmp_path: Path) -> None:
    write_clip(tmp_path / "one" / "a.wav", 1)
    write_clip(tmp_path / "two" / "a again.wav", 1)
    write_clip(tmp_path / "two" / "b.wav", 2)
    found = evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    assert found.clips == 2
    [line] = found.left_out
    assert "a again.wav: the same samples as" in line
    assert "there labelled 'one', here 'two'" in line
    assert not found.unreadable


def test_one_target_among_counter_examples_is_enough(tmp_path: Path) -> None:
    write_clip(tmp_path / "one" / "a.wav", 1)
    write_clip(tmp_path / "other" / "b.wav", 2)
    found = evaluate([Oracle()], read_dataset(tmp_path), {"other": None}, 0, Settings(repeats=10))
    [target] = found.models[0].targets
    assert (target.average_precision.value, target.roc_auc.value) == (1.0, 1.0)
    assert found.counter_examples == 1
    to_json(found)
    assert "∞" in text_report(found)


class OwnSounds(Oracle):
    """Hears two seconds, and a bell in three."""

    class_names = ("two", "bell")

    def score(self, pcm: np.ndarray) -> np.ndarray:
        return super().score(pcm)[:, 2:]


class Stranger(OwnSounds):
    class_names = ("whisper", "bell")


def test_models_of_different_classes_are_compared_by_name(tmp_path: Path) -> None:
    for label, seconds in (("one", 1), ("two", 2), ("bell", 3)):
        write_clip(tmp_path / label / "a.wav", seconds)
        write_clip(tmp_path / label / "b.wav", seconds, level=1)
    found = evaluate([Oracle(), OwnSounds("own")], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    oracle, own = found.models
    assert [target.name for target in oracle.targets] == ["bell", "one", "two"]
    assert [target.classes for target in oracle.targets] == [[], ["one"], ["two"]]
    assert [target.classes for target in own.targets] == [["bell"], [], ["two"]]
    assert [target.roc_auc.value for target in oracle.targets] == [0.5, 1.0, 1.0]
    assert [target.roc_auc.value for target in own.targets] == [1.0, 0.5, 1.0]
    assert own.agreement is not None
    assert (own.agreement.patches, own.agreement.largest_difference) == (6, 0)
    assert "bell" in text_report(found)
    html_report(found)
    found = evaluate([OwnSounds("own"), Stranger("other")], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    assert found.models[1].agreement is not None  # the bell
    strangers = evaluate([Oracle(), Stranger("other")], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    assert strangers.models[1].agreement is None
    assert "other" in text_report(strangers)
    html_report(strangers)


def test_one_clip_alone_has_figures_where_they_are_defined(tmp_path: Path) -> None:
    write_clip(tmp_path / "one" / "a.wav", 1)
    found = evaluate([Oracle(), Oracle("again")], read_dataset(tmp_path), {}, 0, Settings(repeats=10))
    figures = json.loads(to_json(found))["models"][1]
    assert figures["mean_average_precision"]["value"] == 1.0
    assert figures["mean_roc_auc"]["value"] is None
    assert figures["agreement"]["top_equal"]["value"] == 1.0
    assert "nan" not in text_report(found).lower().replace("nan ", "")
    assert html_report(found).count("<svg") == 5


def test_names_are_text_in_the_page_and_not_html(tmp_path: Path) -> None:
    write_clip(tmp_path / "<b>one" / "a'<i>.wav", 1)
    write_clip(tmp_path / "two" / "b.wav", 2)
    write_clip(tmp_path / "two" / "a again.wav", 2)
    targets = {"<b>one": Target("<u>one", (2,)), "two": Target("two", (1,))}
    page = html_report(evaluate([Oracle("<s>oracle")], read_dataset(tmp_path), targets, 0, Settings(repeats=10)))
    assert not [tag for tag in ("<b>one", "<i>", "<u>one", "<s>oracle") if tag in page]
    assert "&lt;u&gt;one" in page
    assert "/a%27%3Ci%3E.wav'>a&#39;&lt;i&gt;.wav</a>" in page


def test_labels_that_nobody_knows_are_named(tmp_path: Path) -> None:
    write_clip(tmp_path / "what" / "a.wav", 1)
    with pytest.raises(DatasetError, match=r"no label \(what\).*--labels"):
        evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10))


def test_no_clip_that_can_be_read_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.wav").write_bytes(b"not audio")
    with pytest.raises(DatasetError, match=r"none of the 1 clips can be read.*a\.wav"):
        evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10))


def test_an_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no audio"):
        read_dataset(tmp_path)


def test_confusions_name_the_clips(tmp_path: Path) -> None:
    write_clip(tmp_path / "one" / "a.wav", 1)
    write_clip(tmp_path / "one" / "b.wav", 2)
    write_clip(tmp_path / "two" / "c.wav", 2, level=1)
    found = evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10)).models[0]
    [confusion] = found.confusions
    assert (confusion.label, confusion.heard, confusion.share) == ("one", "two", 0.5)
    assert [Path(clip).name for clip in confusion.clips] == ["b.wav"]
    [alarm] = found.false_alarms
    assert Path(alarm.clip).name == "b.wav"
    assert found.confusion_matrix == [[1, 1], [0, 1]]


def test_equal_seeds_give_equal_reports(tmp_path: Path) -> None:
    for number in range(6):
        write_clip(tmp_path / "one" / f"{number}.wav", 1 + number % 2, level=number)
        write_clip(tmp_path / "two" / f"{number}.wav", 2, level=-1 - number)
    clips = read_dataset(tmp_path)
    reports = [evaluate([Oracle()], clips, {}, 0, Settings(repeats=50, seed=seed)) for seed in (0, 0, 1)]
    pages = [to_json(found).decode() + html_report(found) for found in reports]
    assert pages[0] == pages[1]
    assert pages[0] != pages[2]


def test_collections_that_share_a_recording_show_it(tmp_path: Path) -> None:
    write_clip(tmp_path / "esc" / "one" / "1-77-A.wav", 1)
    write_clip(tmp_path / "esc" / "two" / "1-78-A.wav", 2)
    write_clip(tmp_path / "us" / "one" / "77-1-0-0.wav", 1, level=1)
    esc, urban = evaluate([Oracle()], read_dataset(tmp_path), {}, 0, Settings(repeats=10)).models[0].sources
    assert (esc.recordings, esc.shared_recordings) == (2, 1)
    assert (urban.recordings, urban.shared_recordings) == (1, 1)


def test_labels_of_one_name_share_their_classes(tmp_path: Path) -> None:
    write_clip(tmp_path / "a" / "a.wav", 1)
    write_clip(tmp_path / "b" / "b.wav", 2)
    write_clip(tmp_path / "three" / "c.wav", 3)
    both = {"a": Target("both", (1,)), "b": Target("both", (2,))}
    found = evaluate([Oracle()], read_dataset(tmp_path), both, 0, Settings(repeats=10)).models[0]
    assert found.accuracy.value == 1.0
    assert found.targets[0].classes == ["one", "two"]


def test_a_file_that_is_no_model_is_one_clear_error(labelled: Path) -> None:
    with pytest.raises(ModelError, match=r"siren\.wav"):
        main([str(labelled / "siren" / "siren.wav"), "--data", str(labelled)])


def test_a_damaged_model_is_one_clear_error(graft: Path, labelled: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.tflite"
    half.write_bytes(graft.read_bytes()[:100_000])
    with pytest.raises(ModelError, match=r"half\.tflite: "):
        main([str(half), "--data", str(labelled)])


def test_a_report_never_replaces_a_model(graft: Path, labelled: Path) -> None:
    before = graft.read_bytes()
    clip = next(labelled.rglob("*.wav"))
    heard = clip.read_bytes()
    for place in (graft, graft.with_name("manifest.json"), clip):
        for option in ("--json", "--html"):
            with pytest.raises(OutputError, match="would overwrite an input"):
                main([f"a={graft}", "--data", str(labelled), option, str(place)])
    assert (graft.read_bytes(), clip.read_bytes()) == (before, heard)


def test_a_model_below_a_limit_fails(graft: Path, labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def judged(*limits: str) -> tuple[int, str]:
        arguments = [f"m={graft}", "--data", str(labelled), "--bootstrap", "10"]
        code = main([*arguments, *(word for limit in limits for word in ("--fail-below", limit))])
        return code, capsys.readouterr().err

    assert judged("accuracy=0", "map=0")[0] == 0
    code, told = judged("accuracy=0", "baby_cry_auc=0.5")
    assert code == 1
    assert "--fail-below: m: baby_cry_auc is not to be told from these clips, below 0.5" in told
    code, told = judged("map=1", "auc=1")
    assert (code == 1) == ("--fail-below: m: " in told)


@pytest.mark.parametrize("limit", ["", "map", "map=", "map=2", "map=-0.1", "map=nan", "precision=0.5", "=0.5"])
def test_a_limit_that_is_none_is_wrong_usage(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["m", "--data", "d", "--fail-below", limit])
    assert caught.value.code == 2
    assert "FIGURE is one of map, accuracy, auc, baby_cry_auc" in capsys.readouterr().err


def test_json_goes_to_standard_output_alone(
    graft: Path, labelled: Path, label_map: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (labelled / "siren" / "broken.wav").write_bytes(b"not audio")
    arguments = [str(graft), "--data", str(labelled), "--labels", str(label_map), "--bootstrap", "10", "--json"]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["clips"] == 4
    assert "broken.wav" in err


@pytest.fixture
def network(weights_dir: Path) -> FloatNetwork:
    path = weights_dir / "yamnet_float.npz"
    if not path.is_file():
        pytest.skip(f"needs float weights: {path}")
    return load_npz(path)


def test_a_float_model_of_patches_is_found_by_its_shape(network: FloatNetwork, tmp_path: Path) -> None:
    """The float network as another converter writes it: [1, 96, 64, 1], without metadata."""
    plain = float_model(network, {})
    shapes = {}
    for number, shape in enumerate(((1, 96, 64), (1, 96, 64, 1))):
        tensors = list(plain.tensors)
        tensors[plain.inputs[0]] = replace(tensors[plain.inputs[0]], shape=shape)
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(write_model(replace(plain, tensors=tuple(tensors))))
        shapes[shape] = open_scorer(path, "float", "litert")
    pcm = np.random.default_rng(0).integers(-3000, 3000, 16_000, np.int16)
    three, four = (scorer.score(pcm) for scorer in shapes.values())
    assert three.shape == (1, 521)
    assert np.array_equal(three, four)
    assert all("yamnet front end" in scorer.kind for scorer in shapes.values())


def test_a_float_models_front_end_is_the_one_it_names(network: FloatNetwork, tmp_path: Path) -> None:
    power = LogMelSpec.profile("power")
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(float_model(network, {front_end.METADATA_NAME: front_end.encode(power)})))
    assert open_scorer(path, "m", "litert").front_end == "power"
    names = [scorer.name for scorer in open_scorers([f"m={path}"], "litert", ablation=True)]
    assert names == ["m", "m@yamnet"]


def test_a_waveform_model_takes_no_other_front_end(weights_dir: Path, labelled: Path) -> None:
    with pytest.raises(ModelError, match="its own front end"):
        main([f"google@power={weights_dir / WEIGHTS.name}", "--data", str(labelled)])
