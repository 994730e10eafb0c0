# SPDX-License-Identifier: Apache-2.0
"""The clips in examples/audio: made again bit for bit, and recognised as what they are."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from yamnet_tools import examples
from yamnet_tools.audio import open_recording
from yamnet_tools.classify.scoring import score
from yamnet_tools.engines import open_engine
from yamnet_tools.model import YamnetModel, load_model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
CLIPS = sorted(path.name for path in EXAMPLES.glob("*.wav"))
RATE = 16_000


def test_they_are_short_16_khz_mono_and_small_together() -> None:
    assert CLIPS == [
        "kitchen.wav",
        "noise.wav",
        "sine_440hz.wav",
        "siren.wav",
        "smoke_alarm_t3.wav",
        "speech.wav",
        "telephone.wav",
    ]
    for name in CLIPS:
        info = soundfile.info(EXAMPLES / name)
        assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
        assert 2.0 <= info.duration <= 13.0
    assert sum((EXAMPLES / name).stat().st_size for name in CLIPS) < 1_500_000


def test_the_generator_makes_the_same_bytes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    shutil.copy(EXAMPLES / "speech.wav", tmp_path)
    assert examples.main(["--output", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == CLIPS
    for name in CLIPS:
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes(), name


def test_without_espeak_ng_and_without_speech_the_rest_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert examples.main(["--output", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({*CLIPS} - {"speech.wav", "kitchen.wav"})
    assert "espeak-ng is not installed" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng (Debian: apt install espeak-ng)")
def test_espeak_ng_speaks(tmp_path: Path) -> None:
    assert examples.main(["--output", str(tmp_path)]) == 0
    made, _ = soundfile.read(tmp_path / "speech.wav")
    kept, _ = soundfile.read(EXAMPLES / "speech.wav")
    assert len(made) == pytest.approx(len(kept), rel=0.2)
    assert np.sqrt(np.mean(made**2)) > 0.02


def test_the_alarm_keeps_the_temporal_three_pattern() -> None:
    sound, _ = soundfile.read(EXAMPLES / "smoke_alarm_t3.wav")
    spectrum = np.abs(np.fft.rfft(sound))
    assert abs(np.fft.rfftfreq(len(sound), 1 / RATE)[spectrum.argmax()] - 3100) < 5
    level = np.sqrt(np.mean(np.square(sound).reshape(-1, RATE // 50), axis=1))  # every 20 ms
    onsets = np.flatnonzero((level[1:] > 0.2) & (level[:-1] <= 0.2)) + 1
    ends = np.flatnonzero((level[1:] <= 0.2) & (level[:-1] > 0.2)) + 1
    starts = np.concatenate([[0], onsets]) / 50
    assert starts == pytest.approx([0, 1, 2, 4, 5, 6], abs=0.03)
    assert ends / 50 - starts == pytest.approx([0.5] * 6, abs=0.05)


@pytest.fixture(scope="module")
def model(converted_model: Path) -> YamnetModel:
    return load_model(converted_model)


def heard(model: YamnetModel, name: str) -> np.ndarray:
    """Probabilities as the device computes them, [patches, 521]."""
    with open_recording(str(EXAMPLES / name)) as recording:
        scores = np.concatenate(
            [step.scores for step in score(recording.blocks(), model, open_engine("tflm", model))]
        ).astype(float)
    return (scores - model.output_quantization.zero_point) * model.output_quantization.scale


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("smoke_alarm_t3.wav", "Smoke detector, smoke alarm"),
        ("siren.wav", "Siren"),
        ("speech.wav", "Speech"),
        ("telephone.wav", "Telephone"),
        ("sine_440hz.wav", "Sine wave"),
        ("noise.wav", "Noise"),
    ],
)
def test_the_clip_is_heard_as_what_it_is(model: YamnetModel, name: str, class_name: str) -> None:
    p = heard(model, name)
    index = model.class_names.index(class_name)
    assert p[:, index].max() == p.max()
    assert p.mean(axis=0).argmax() == index
    assert p[:, index].max() > 0.8


def test_the_telephone_dials_and_the_noise_is_white(model: YamnetModel) -> None:
    names = model.class_names
    telephone = heard(model, "telephone.wav")
    assert telephone[0, names.index("Dial tone")] > 0.8
    assert telephone[-3:, names.index("Telephone dialing, DTMF")].max() > 0.8
    assert heard(model, "noise.wav")[:, names.index("White noise")].max() > 0.7


def test_the_kitchen_holds_speech_and_then_the_alarm(model: YamnetModel) -> None:
    p = heard(model, "kitchen.wav")
    speech, alarm = (p[:, model.class_names.index(name)] for name in ("Speech", "Smoke detector, smoke alarm"))
    assert speech[:9].min() > 0.8
    assert speech[13:].max() < 0.1
    assert alarm[:9].max() < 0.1
    assert alarm[12:16].min() > 0.5
