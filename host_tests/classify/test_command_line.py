# SPDX-License-Identifier: Apache-2.0
"""tools/classify.py, run as a person runs it."""

import json
import os
import pty
import shlex
import shutil
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from device_core import PatchStream
from yamnet_tools.classify import app, options
from yamnet_tools.engines import ENGINE_NAMES, open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.model import load_model
from yamnet_tools.model.tflite_reader import read_model

Classify = Callable[..., subprocess.CompletedProcess[str]]
RATE = 16_000
PATCH = 15_600
HOP = 7_680


def pcm(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2000, round(seconds * RATE)).astype(np.int16)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """3.5 s of noise: 6 patches and a rest."""
    soundfile.write(tmp_path / "clip.wav", pcm(3.5), RATE)
    return tmp_path / "clip.wav"


def test_json_has_exactly_the_documented_form(
    classify: Classify, classify_json: Callable[..., Any], clip: Path, converted_model: Path
) -> None:
    line = classify_json("clip.wav", "--top", 3)
    model = load_model(converted_model)
    assert list(line) == ["file", "duration_s", "engine", "model_sha256", "patches", "max", "mean"]
    assert (line["file"], line["duration_s"], line["engine"]) == ("clip.wav", 3.5, "device")
    assert line["model_sha256"] == model.sha256
    assert [list(patch) for patch in line["patches"]] == [["start_s", "top"]] * 6
    assert [patch["start_s"] for patch in line["patches"]] == [n * HOP / RATE for n in range(6)]

    assert classify(clip, "--scores", "all.npz").returncode == 0
    scores = np.load(clip.parent / "all.npz")["scores"]
    p = (scores - float(model.output_quantization.zero_point)) * model.output_quantization.scale
    lists = [(patch["top"], row) for patch, row in zip(line["patches"], p, strict=True)]
    for entries, row in [*lists, (line["max"], p.max(axis=0)), (line["mean"], p.mean(axis=0))]:
        assert [list(entry) for entry in entries] == [["index", "name", "p"]] * 3
        assert [entry["name"] for entry in entries] == [model.class_names[entry["index"]] for entry in entries]
        assert [entry["p"] for entry in entries] == pytest.approx(sorted(row)[:-4:-1], abs=1e-8)
        assert [entry["p"] for entry in entries] == pytest.approx([row[e["index"]] for e in entries], abs=1e-8)


@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_scores_are_the_engine_s_on_the_device_s_patches(
    classify: Classify, clip: Path, converted_model: Path, engine: str
) -> None:
    done = classify("clip.wav", "--scores", "sub/out.npz", engine=engine)
    assert (done.returncode, done.stderr) == (0, "")
    saved = np.load(clip.parent / "sub" / "out.npz")
    model = load_model(converted_model)
    patches, starts = PatchStream(model.front_end, *model.input_quantization).feed(pcm(3.5))
    assert (saved["patches"].dtype, saved["scores"].dtype, saved["start_s"].dtype) == (np.int8, np.int8, np.float64)
    assert np.array_equal(saved["patches"], patches)
    assert np.array_equal(saved["scores"], open_engine(engine, model).score(patches))
    assert np.array_equal(saved["start_s"], starts / RATE)
    assert (saved["input_scale"], saved["input_zero_point"]) == model.input_quantization
    assert (saved["output_scale"], saved["output_zero_point"]) == model.output_quantization


def test_embeddings_are_what_the_models_last_layer_reads(classify: Classify, clip: Path, converted_model: Path) -> None:
    done = classify("clip.wav", "--scores", "out.npz", "--embeddings", "sub/values.npz", "--engine", "litert")
    assert (done.returncode, done.stderr) == (0, "")
    saved, scored = np.load(clip.parent / "sub" / "values.npz"), np.load(clip.parent / "out.npz")
    assert (saved["embeddings"].dtype, saved["embeddings"].shape) == (np.int8, (6, 1024))
    assert np.array_equal(saved["start_s"], scored["start_s"])
    model = read_model(converted_model.read_bytes())
    weights, bias = (next(t for t in model.tensors if t.name == f"logits/{name}") for name in ("weights", "bias"))
    real = saved["embedding_scale"] * (saved["embeddings"].astype(float) - saved["embedding_zero_point"])
    logits = real @ (weights.values().T * weights.quantization.scale) + bias.values() * bias.quantization.scale
    exact = open_engine("device", load_model(converted_model)).score(scored["patches"])
    probabilities = 1 / (1 + np.exp(-np.clip(logits, -10, 10)))
    assert np.abs((exact + 128.0) / 256 - probabilities).max() < 0.03  # a step of the logits is 0.079


def test_short_clips_are_padded_and_others_are_not(classify: Classify, tmp_path: Path) -> None:
    patches = {1: 1, 5000: 1, PATCH - 1: 1, PATCH: 1, PATCH + HOP - 1: 1, PATCH + HOP: 2}
    for samples in patches:
        sound = pcm(2.0)[:samples]
        soundfile.write(tmp_path / f"{samples}.wav", sound, RATE)
        soundfile.write(
            tmp_path / f"{samples}p.wav", np.append(sound, np.zeros(max(0, PATCH - samples), np.int16)), RATE
        )
    clips = [name for samples in patches for name in (f"{samples}.wav", f"{samples}p.wav")]
    done = classify(*clips, "--json", "--scores", "out.npz")
    lines = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
    for samples, count in patches.items():
        ours, padded = (np.load(tmp_path / f"out-{name}.npz")["patches"] for name in (f"{samples}", f"{samples}p"))
        assert len(ours) == count
        assert np.array_equal(ours, padded)
        assert lines[f"{samples}.wav"]["patches"] == lines[f"{samples}p.wav"]["patches"]
        assert lines[f"{samples}.wav"]["duration_s"] == round(samples / RATE, 6)


def test_the_same_sound_gives_the_same_scores_whatever_carries_it(
    classify_json: Callable[..., Any], clip: Path
) -> None:
    sound = pcm(3.5)
    soundfile.write(clip.with_suffix(".flac"), sound, RATE)
    soundfile.write(clip.with_name("stereo.wav"), np.stack([sound, sound], axis=1), RATE)
    soundfile.write(clip.with_name("float.wav"), sound / 32768, RATE, subtype="FLOAT")
    expected = classify_json("clip.wav")
    streamed = bytearray(clip.read_bytes())
    streamed[4:8] = streamed[40:44] = b"\xff\xff\xff\xff"
    for name in ("clip.flac", "stereo.wav", "float.wav"):
        assert classify_json(name) | {"file": "clip.wav"} == expected
    for data in (clip.read_bytes(), bytes(streamed)):
        line = classify_json("-", input=data, encoding=None, errors=None)
        assert line["file"] == "-"
        assert line | {"file": "clip.wav"} == expected


def test_text_goes_to_standard_output_alone(classify: Classify, examples_dir: Path) -> None:
    done = classify(examples_dir / "smoke_alarm_t3.wav")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{examples_dir / 'smoke_alarm_t3.wav'}: 8.00 s, 15 patches, device"
    assert "Smoke detector, smoke alarm" in lines[2]
    assert "  heard (p >= 0.3):" in lines


def test_folders_patterns_and_files_are_heard_in_order(classify: Classify, clip: Path) -> None:
    for name in ("set/b.wav", "set/a/c.flac", "other.wav"):
        (clip.parent / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(clip.parent / name, pcm(1.0), RATE)
    done = classify("set", "o*.wav", "clip.wav", "--json")
    files = [json.loads(line)["file"] for line in done.stdout.splitlines()]
    assert files == ["set/a/c.flac", "set/b.wav", "other.wav", "clip.wav"]


def test_bad_clips_cost_a_line_each_and_the_others_are_done(classify: Classify, clip: Path) -> None:
    folder = clip.parent
    whole = clip.read_bytes()
    bad = {
        "missing.wav": None,
        "empty.wav": b"",
        "text.wav": b"not a recording",
        "cut.wav": whole[:40],
        "no_channels.wav": whole[:22] + b"\0\0" + whole[24:],
    }
    for name, content in bad.items():
        if content is not None:
            (folder / name).write_bytes(content)
    sound = pcm(3.0) / 32768
    sound[40_000] = np.nan
    soundfile.write(folder / "nan.wav", sound, RATE, subtype="FLOAT")
    (folder / "no_audio").mkdir()
    names = [*bad, "nan.wav", "no_audio"]
    for name in ("cut.wav", "no_audio"):
        done = classify(name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"classify.py: error: {name}: ")
        assert done.stderr.count("\n") == 1
    done = classify("clip.wav", *names, "clip.wav", "--json")
    assert done.returncode == 1
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["clip.wav", "clip.wav"]
    assert done.stderr.count("\n") == len(names)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"not a WAV at all", b"fLaC" + bytes(100)])
def test_bad_standard_input(classify: Classify, data: bytes) -> None:
    done = classify("-", input=data, encoding=None, errors=None)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"classify.py: error: standard input: ")
    assert done.stderr.count(b"\n") == 1


def test_a_pipe_that_breaks_off(classify: Classify, clip: Path) -> None:
    done = classify("-", "--json", input=clip.read_bytes()[:-1000], encoding=None, errors=None)
    assert done.returncode == 1
    assert json.loads(done.stdout)["duration_s"] == 3.5 - 500 / RATE
    assert b"standard input: truncated: its header promises 3.500 s" in done.stderr


def test_a_recording_cut_short_is_heard_as_far_as_it_goes(classify: Classify, clip: Path) -> None:
    whole = clip.read_bytes()
    (clip.parent / "half.wav").write_bytes(whole[: len(whole) // 2])
    (clip.parent / "short.wav").write_bytes(whole[:10_000])  # less than a patch
    done = classify("half.wav", "short.wav")
    assert done.returncode == 1
    assert "half.wav: 1.75 s, 2 patches, device, heard as far as it goes\n" in done.stdout
    assert "short.wav: 0.31 s, 1 patch, device, heard as far as it goes\n" in done.stdout
    assert [line.partition(" promises")[0] for line in done.stderr.splitlines()] == [
        f"classify.py: error: {name}: truncated: its header" for name in ("half.wav", "short.wav")
    ]


def test_an_empty_name_is_not_the_current_folder(classify: Classify, clip: Path) -> None:
    assert clip.parent.is_dir()
    done = classify("")
    assert (done.returncode, done.stdout) == (1, "")
    assert "an empty name" in done.stderr


def test_models_that_cannot_be_used(classify: Classify, clip: Path, weights_dir: Path, converted_model: Path) -> None:
    waveform = weights_dir / "lite-model_yamnet_classification_tflite_1.tflite"
    (clip.parent / "cut.tflite").write_bytes(converted_model.read_bytes()[:100_000])
    for model, reason in (
        (waveform, "waveform"),
        ("clip.wav", ""),
        ("cut.tflite", ""),
        ("none.tflite", "No such file"),
    ):
        done = classify("clip.wav", "--model", model)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{model}: " in done.stderr
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1


def test_without_a_model_the_way_to_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(app, "DEFAULT_MODEL", tmp_path / "yamnet.tflite")
    monkeypatch.setattr(options, "DEFAULT_MODEL", tmp_path / "yamnet.tflite")
    with pytest.raises(ModelError, match=r"run `python tools/convert_yamnet.py` first"):
        app.main(["clip.wav"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["clip.wav", "--mic"],
        ["-", "-"],
        ["clip.wav", "--threshold", "1.5"],
        ["clip.wav", "--threshold", "nan"],
        ["clip.wav", "--top", "0"],
        ["clip.wav", "--top", "1025"],
        ["clip.wav", "--top", "two"],
        ["clip.wav", "--plot", "picture.doc"],
        ["clip.wav", "--scores", "clip.wav"],
        ["clip.wav", "--scores", "a.npz", "--embeddings", "a.npz"],
        ["clip.wav", "--engine", "onnx"],
        ["clip.wav", "--frobnicate"],
    ],
)
def test_wrong_options(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        options.parse(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].count(": error: ") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"), [([], "nothing to hear"), (["c.wav", "--classes", "Sirn"], "'Siren'")]
)
def test_wrong_usage_exits_with_2(classify: Classify, arguments: list[str], reason: str) -> None:
    done = classify(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("classify.py: error: ")
    assert reason in done.stderr


def test_classes_top_and_threshold_choose_what_is_listed(
    classify_json: Callable[..., Any], classify: Classify, examples_dir: Path
) -> None:
    alarm = examples_dir / "smoke_alarm_t3.wav"
    chosen = classify_json(alarm, "--classes", "20; Smoke detector, smoke alarm", "--classes", "beep")
    assert {entry["index"] for entry in chosen["max"]} == {20, 393, 475}
    assert all(len(patch["top"]) == 3 for patch in chosen["patches"])
    assert [entry["index"] for entry in classify_json(alarm, "--classes", "20,smoke alarm", "--top", 1)["max"]] == [393]
    assert len(classify_json(alarm)["mean"]) == 5
    assert len(classify_json(alarm, "--top", 521)["mean"]) == 521
    thin = classify_json(alarm, "--threshold", 0.5)
    assert min(entry["p"] for patch in thin["patches"] for entry in patch["top"]) >= 0.5
    assert any(len(patch["top"]) == 0 for patch in thin["patches"])  # the pause between two cycles
    heard = classify(alarm, "--threshold", 0.5, "--classes", "Speech;smoke alarm").stdout
    assert "heard (p >= 0.5):" in heard
    assert "Speech" not in heard


def test_compare_says_how_far_the_engines_are_apart(classify: Classify, clip: Path) -> None:
    for engine in ENGINE_NAMES:
        assert classify(clip, "--scores", f"{engine}.npz", engine=engine).returncode == 0
    ours, exact, other = (np.load(clip.parent / f"{engine}.npz")["scores"].astype(int) for engine in ENGINE_NAMES)
    assert np.array_equal(ours, exact)
    different = np.count_nonzero(ours != other)
    done = classify("clip.wav", "--compare")
    assert done.stderr == ""
    equal, apart = done.stdout.splitlines()[-2:]
    assert equal == f"clip.wav: device and tflm agree in all {ours.size} outputs of {len(ours)} patches"
    assert "device and litert" in apart
    if different:
        assert f"differ in {different} of {ours.size} outputs, by at most {np.abs(ours - other).max()} steps" in apart
    else:
        assert f"agree in all {ours.size} outputs" in apart
    done = classify("clip.wav", "--compare", "--json", engine="tflm")
    assert json.loads(done.stdout)["engine"] == "tflm"
    assert "tflm and device" in done.stderr
    assert "tflm and litert" in done.stderr


def test_plots_are_pictures_named_after_their_clips(classify: Classify, clip: Path) -> None:
    soundfile.write(clip.with_name("short.wav"), pcm(0.2), RATE)
    (clip.parent / "more").mkdir()
    soundfile.write(clip.parent / "more" / "clip.wav", pcm(1.0), RATE)
    assert classify("clip.wav", "--plot", "one.png").returncode == 0
    done = classify("clip.wav", "short.wav", "more", "--plot", "plots/out.png")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"wrote plots/out-{name}.png" for name in ("clip", "short", "clip-2")]
    for name in ("one.png", "plots/out-clip.png", "plots/out-short.png", "plots/out-clip-2.png"):
        assert (clip.parent / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert sorted(path.name for path in (clip.parent / "plots").iterdir()) == [
        "out-clip-2.png",
        "out-clip.png",
        "out-short.png",
    ]


def test_a_reader_that_goes_away_is_no_accident(classify_command: list[str], clip: Path) -> None:
    script = f"{shlex.join(classify_command)} --json --top 521 {'clip.wav ' * 20} | head -c 100"
    done = subprocess.run(script, shell=True, cwd=clip.parent, capture_output=True, text=True, check=False)
    assert len(done.stdout) == 100
    assert done.stderr == ""


def test_an_ascii_terminal_gets_ascii(classify: Classify, examples_dir: Path, tmp_path: Path) -> None:
    shutil.copy(examples_dir / "siren.wav", tmp_path / "Größe.wav")
    done = classify("Größe.wav", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert done.stdout.startswith(r"Gr\xf6\xdfe.wav: 8.00 s")
    assert "Siren" in done.stdout


def test_any_file_name(classify: Classify, clip: Path) -> None:
    names = [os.fsdecode(name) for name in (b"gr\xfc\xdfe.wav", "日本語 $x_1$.wav".encode(), b"two\nlines.wav")]
    for name in names:
        (clip.parent / name).write_bytes(clip.read_bytes())
    done = classify(*names, "--json")
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == names
    done = classify(*names, "--plot", "out.png")
    assert done.returncode == 0
    assert done.stdout.count(".wav: 3.50 s, 6 patches, device\n") == 3
    assert [line.split("-")[0] for line in done.stderr.splitlines()] == ["wrote out"] * 3
    assert "Warning" not in done.stderr
    for name in names:
        (clip.parent / name).write_bytes(b"")
    done = classify(*names)
    assert (done.returncode, done.stderr.count("\n")) == (1, 3)


def test_progress_shows_on_a_terminal_only(classify_command: list[str], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(RATE * 30, np.int16), RATE)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    with subprocess.Popen(
        [*classify_command, "--engine", "tflm", "long.wav"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # what Linux answers when the other side is closed
            pass
        assert process.stdout is not None
        report = process.stdout.read()
    os.close(ours)
    assert b"long.wav:  " in shown
    assert b"/30 s of audio" in shown
    assert b"of audio" not in report


def test_heavy_clipping_is_mentioned(classify: Classify, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "integers.wav", pcm(2.0).astype(np.float32), RATE, subtype="FLOAT")
    done = classify("integers.wav")
    assert done.returncode == 0
    assert "integers.wav: 100% of the samples exceed full scale" in done.stderr
