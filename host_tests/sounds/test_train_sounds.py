# SPDX-License-Identifier: Apache-2.0
"""tools/train_sounds.py on made-up sounds, with Google's network: from recordings to a device that tells of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from device_core import RuleSet
from yamnet_tools.engines import open_engine
from yamnet_tools.errors import OutputError
from yamnet_tools.events.scored import score_audio
from yamnet_tools.examples import own_sounds
from yamnet_tools.examples.synthesis import to_pcm
from yamnet_tools.model import load_model
from yamnet_tools.model_image.command import main as make_image
from yamnet_tools.sounds import patches
from yamnet_tools.sounds.clips import SoundsError
from yamnet_tools.sounds.command import main

OF_EACH = 4
Spoil = Callable[[Path], object]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example's first recordings of a bell, short ones, and of nine other things."""
    folder = tmp_path_factory.mktemp("recordings")
    taken: dict[str, int] = {}
    for name, sound in own_sounds.recordings():
        label = Path(name).parent.name
        taken[label] = taken.get(label, 0) + 1
        if label not in ("doorbell", "other") or taken[label] > (9 if label == "other" else OF_EACH):
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, to_pcm(sound[: 3 * 16_000]), 16_000)
    return folder / "recordings"


@pytest.fixture(scope="session")
def learnt(recordings: Path, converted_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What training writes. Nobody writes there."""
    out = tmp_path_factory.mktemp("learnt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patches, "MOST_PATCHES", 600)
        assert main(["--data", str(recordings), "--out", str(out), "--model", str(converted_model)]) == 0
    return out


def test_the_model_has_the_old_classes_as_before_and_the_new_one(learnt: Path, converted_model: Path) -> None:
    base, own = load_model(converted_model), load_model(learnt / "yamnet.tflite")
    assert own.class_names == (*base.class_names, "doorbell")
    heard = [np.random.default_rng(1).integers(-128, 127, (3, 96, 64), np.int8)]
    for name in ("noise", "siren"):
        pcm, _ = soundfile.read(f"examples/audio/{name}.wav", dtype="int16")
        heard.append(patches.device_core.PatchStream(own.front_end, *own.input_quantization).feed(pcm)[0])
    cut = np.concatenate(heard)
    scores = open_engine("device", own).score(cut)
    np.testing.assert_array_equal(scores, open_engine("tflm", own).score(cut))
    np.testing.assert_array_equal(scores[:, :521], open_engine("device", base).score(cut))
    manifest = json.loads((learnt / "manifest.json").read_text())
    assert (manifest["source"]["route"], manifest["source"]["sha256"]) == ("own sounds", base.sha256)
    assert manifest["class_map"]["classes"] == 522


def test_its_rule_finds_a_bell_that_it_has_not_heard(learnt: Path) -> None:
    model = load_model(learnt / "yamnet.tflite")
    document = json.loads((learnt / "rules.json").read_text())
    document["rules"][0] |= {"on": 0.6, "off": 0.5}  # four short recordings give no threshold to rely on
    rules = RuleSet.parse_bytes(json.dumps(document).encode(), list(model.class_names))
    events = score_audio(to_pcm(own_sounds.trial()), model, open_engine("device", model)).events(rules)
    (begun,) = [event for event in events if event.kind == "end"]
    assert 5 < begun.start_sample / 16_000 < 9
    assert begun.rule == "doorbell"


def test_the_model_partition_takes_it(learnt: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.bin"
    assert make_image(["--model", str(learnt / "yamnet.tflite"), "--out", str(image)]) == 0
    assert make_image(["--verify", str(image)]) == 0


def copied(*names: str) -> Spoil:
    """The bell under other names."""

    def copy(data: Path) -> None:
        for name in names:
            shutil.copytree(data / "doorbell", data / name)

    return copy


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda data: shutil.rmtree(data / "other"), "no folder other"),
        (lambda data: shutil.rmtree(data / "doorbell"), "no folder with a sound"),
        (lambda data: next((data / "doorbell").iterdir()).unlink(), "3 recordings; it takes 4"),
        (copied("door bell", "door_bell"), "door bell, door_bell: their rules would all be called door_bell"),
    ],
)
def test_recordings_that_nothing_can_be_learnt_from(
    recordings: Path, converted_model: Path, tmp_path: Path, spoil: Spoil, text: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(recordings, data)
    spoil(data)
    with pytest.raises(SoundsError, match=text):
        main(["--data", str(data), "--out", str(tmp_path / "out"), "--model", str(converted_model)])
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over_the_model(recordings: Path, converted_model: Path) -> None:
    with pytest.raises(OutputError, match="would overwrite an input"):
        main(["--data", str(recordings), "--out", str(converted_model.parent), "--model", str(converted_model)])
