# SPDX-License-Identifier: Apache-2.0
"""The converter as a whole: what it writes, what it refuses, and that it writes all or nothing."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from yamnet_tools import cli
from yamnet_tools.errors import ModelError, OutputError, SourceError, YamnetToolsError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import ConversionResult, convert
from yamnet_tools.model.command import main
from yamnet_tools.model.graft import find_body
from yamnet_tools.model.manifest import read_manifest
from yamnet_tools.model.source import CLASS_MAP, WEIGHTS
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.recording_probes import recording_probe

FILES = ("yamnet.tflite", "yamnet_class_map.csv", "manifest.json")
SCRIPT = CHECKOUT / "tools" / "convert_yamnet.py"


def place_source(folder: Path, source: bytes, class_map: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CLASS_MAP.name).write_bytes(class_map)
    path = folder / "source.tflite"
    path.write_bytes(source)
    return path


def test_three_files_are_written_and_describe_each_other(converted: ConversionResult, class_map_bytes: bytes) -> None:
    folder = converted.model.parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    manifest = read_manifest((folder / "manifest.json").read_bytes())
    model = converted.model.read_bytes()
    assert manifest == converted.manifest
    assert manifest.model.sha256 == sha256_hex(model)
    assert manifest.model.size_bytes == len(model)
    assert manifest.class_map.sha256 == sha256_hex((folder / "yamnet_class_map.csv").read_bytes())
    assert (folder / "yamnet_class_map.csv").read_bytes() == class_map_bytes
    assert manifest.source.known
    assert manifest.source.sha256 == WEIGHTS.sha256
    assert manifest.source.urls == list(WEIGHTS.urls)
    assert manifest.model.front_end["spectrum"] == "magnitude"
    assert manifest.model.input.scale == pytest.approx(0.0480206)
    assert str(folder) not in (folder / "manifest.json").read_text()


def test_second_conversion_gives_the_same_bytes(converted: ConversionResult, source_path: Path, tmp_path: Path) -> None:
    convert(source_path, tmp_path, offline=True)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (converted.model.parent / name).read_bytes(), name


@pytest.mark.slow
def test_result_agrees_with_the_source_on_recordings(
    source_path: Path, shared_clips: list[Path], tmp_path: Path
) -> None:
    audio = [recording_probe(str(clip)) for clip in shared_clips[1::6]]
    result = convert(source_path, tmp_path, offline=True, audio=audio)
    assert result.proof.patches > 12 + len(audio)
    assert result.proof.top_equal == result.proof.patches
    assert 0 < result.proof.probability_difference < 0.09


def test_arena_is_what_the_design_measured(converted: ConversionResult) -> None:
    assert converted.manifest.proof.pointer_bits == 64
    assert converted.proof.arena_bytes == pytest.approx(243_000, abs=3000)


@pytest.mark.usefixtures("bare_machine", "proof_taken_for_granted")
def test_downloads_from_a_mirror_and_finds_it_in_the_cache_next_time(weights_dir: Path, tmp_path: Path) -> None:
    with file_server(weights_dir) as url:
        first = convert(out_dir=tmp_path / "first", mirrors=[url])
    assert first.manifest.source.found_in == "download"
    second = convert(out_dir=tmp_path / "second", offline=True)
    assert second.manifest.source.found_in == "cache"
    assert first.model.read_bytes() == second.model.read_bytes()


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.usefixtures("proof_taken_for_granted")
def test_wrong_hash_is_refused_with_both_hashes(source_bytes: bytes, class_map_bytes: bytes, tmp_path: Path) -> None:
    changed = bytearray(source_bytes)
    changed[-1] ^= 1  # behind the model proper
    source = place_source(tmp_path, bytes(changed), class_map_bytes)
    with pytest.raises(SourceError) as caught:
        convert(source, tmp_path / "out", offline=True)
    for part in (str(source), sha256_hex(bytes(changed)), WEIGHTS.sha256, "--allow-unknown"):
        assert part in str(caught.value)
    result = convert(source, tmp_path / "out", allow_unknown=True, offline=True)
    assert not result.manifest.source.known
    assert result.manifest.source.urls == []


@pytest.mark.usefixtures("proof_taken_for_granted")
def test_wrong_class_map_is_refused_with_both_hashes(
    source_bytes: bytes, class_map_bytes: bytes, tmp_path: Path
) -> None:
    changed = class_map_bytes.replace(b"Speech", b"Talk", 1)
    source = place_source(tmp_path, source_bytes, changed)
    with pytest.raises(SourceError, match=CLASS_MAP.sha256):
        convert(source, tmp_path / "out", offline=True)
    result = convert(source, tmp_path / "out", allow_unknown=True, offline=True)
    assert (result.manifest.source.known, result.manifest.class_map.known) == (True, False)
    place_source(tmp_path, source_bytes, class_map_bytes[: class_map_bytes.rindex(b"\n", 0, -1) + 1])
    with pytest.raises(ModelError, match="520 classes, not 521"):
        convert(source, tmp_path / "out", allow_unknown=True, offline=True)


@pytest.mark.parametrize("allow_unknown", [False, True])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("wav", "not a TensorFlow Lite file"),
        ("empty", "not a TensorFlow Lite file"),
        ("truncated", "truncated or damaged"),
        ("converted", "int8 body already"),
        ("huge length", "truncated or damaged|at most"),
    ],
)
def test_other_files_are_refused_by_name(
    kind: str,
    text: str,
    allow_unknown: bool,
    source_bytes: bytes,
    class_map_bytes: bytes,
    converted: ConversionResult,
    tmp_path: Path,
) -> None:
    content = {
        "wav": b"RIFF" + bytes(40),
        "empty": b"",
        "truncated": source_bytes[:2_000_000],
        "converted": converted.model.read_bytes(),
        "huge length": source_bytes[:8] + b"\xff" * 64 + source_bytes[72:],
    }[kind]
    source = place_source(tmp_path, content, class_map_bytes)
    with pytest.raises(YamnetToolsError, match=text) as caught:
        convert(source, tmp_path / "out", allow_unknown=allow_unknown, offline=True)
    assert str(caught.value).startswith(str(source))
    assert "--allow-unknown" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("bare_machine")
def test_fault_of_the_source_is_told_before_a_missing_class_map(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="not a TensorFlow Lite file"):
        convert(tmp_path / "x.tflite", tmp_path / "out", allow_unknown=True, offline=True)


@pytest.mark.usefixtures("bare_machine")
def test_missing_class_map_is_told_with_its_place(source_bytes: bytes, tmp_path: Path) -> None:
    (tmp_path / "source.tflite").write_bytes(source_bytes)
    with pytest.raises(SourceError) as caught:
        convert(tmp_path / "source.tflite", tmp_path / "out", offline=True)
    for part in (CLASS_MAP.name, CLASS_MAP.sha256, CLASS_MAP.urls[0]):
        assert part in str(caught.value)


def test_source_with_another_front_end_is_refused(source_bytes: bytes, class_map_bytes: bytes, tmp_path: Path) -> None:
    """One mel weight of 16,448 is doubled: the network is intact, the claim about its front end is not."""
    model = read_model(source_bytes)
    [mel] = [tensor for tensor in model.tensors if tensor.shape == (64, 257)]
    assert mel.data is not None
    place = mel.data.ctypes.data - np.frombuffer(source_bytes, np.uint8).ctypes.data
    weights = mel.data.view("<f4").reshape(64, 257).copy()
    band = int(np.argmax(weights[:, 100]))
    weights[band, 100] *= 2
    changed = bytearray(source_bytes)
    changed[place : place + weights.nbytes] = weights.tobytes()
    source = place_source(tmp_path, bytes(changed), class_map_bytes)
    with pytest.raises(ModelError, match="front end is not the 'yamnet' one"):
        convert(source, tmp_path / "out", allow_unknown=True, offline=True)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["mel weight out of band", "window sample", "log offset", "gather index"])
def test_every_front_end_constant_counts(
    fault: str, source_bytes: bytes, class_map_bytes: bytes, tmp_path: Path
) -> None:
    model = read_model(source_bytes)
    shape, dtype, position, value = {
        "mel weight out of band": ((64, 257), "<f4", 40 * 257 + 250, 1e-4),
        "window sample": ((400,), "<f4", 37, 0.12),
        "log offset": ((64,), "<f4", 63, 0.00101),
        "gather index": ((96, 5), "<i4", 95 * 5 + 4, 0),
    }[fault]
    [tensor] = [t for t in model.tensors if t.shape == shape and t.data is not None and t.quantization is None]
    assert tensor.data is not None
    place = tensor.data.ctypes.data - np.frombuffer(source_bytes, np.uint8).ctypes.data
    changed = np.frombuffer(source_bytes, np.uint8).copy()
    changed[place : place + tensor.data.size].view(dtype)[position] = value
    source = place_source(tmp_path, changed.tobytes(), class_map_bytes)
    with pytest.raises(ModelError, match="front end is not the 'yamnet' one"):
        convert(source, tmp_path / "out", allow_unknown=True, offline=True)


def test_failure_leaves_an_existing_model_untouched(
    source_bytes: bytes, class_map_bytes: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = place_source(tmp_path / "source", source_bytes, class_map_bytes)
    out = tmp_path / "out"
    out.mkdir()
    for name in FILES:
        (out / name).write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise ModelError("the proof failed")

    monkeypatch.setattr("yamnet_tools.model.conversion.prove", refuse)
    with pytest.raises(ModelError, match="the proof failed"):
        convert(source, out, offline=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == dict.fromkeys(FILES, b"old")


@pytest.mark.usefixtures("proof_taken_for_granted")
def test_full_disk_leaves_an_existing_model_untouched(
    source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(b"old")
    write_bytes = Path.write_bytes

    def fail_for_the_model(path: Path, data: bytes) -> int:
        if path.parent == tmp_path and path.suffix == ".tflite":
            raise OSError(28, "No space left on device", str(path))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_for_the_model)
    with pytest.raises(OSError, match="No space left"):
        convert(source_path, tmp_path, offline=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(FILES, b"old")


@pytest.mark.usefixtures("proof_taken_for_granted")
def test_folder_in_the_way_is_named_before_anything_is_replaced(source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    (tmp_path / "yamnet.tflite").write_bytes(b"old")
    with pytest.raises(YamnetToolsError, match=r"manifest\.json: a folder is in the way"):
        convert(source_path, tmp_path, offline=True)
    assert (tmp_path / "yamnet.tflite").read_bytes() == b"old"


def test_the_source_is_never_replaced_by_its_model(tmp_path: Path, source_bytes: bytes, class_map_bytes: bytes) -> None:
    source = place_source(tmp_path, source_bytes, class_map_bytes).rename(tmp_path / "yamnet.tflite")
    with pytest.raises(OutputError, match=r"yamnet\.tflite: would overwrite an input"):
        convert(source, tmp_path, offline=True)
    assert source.read_bytes() == source_bytes


def run_script(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_script_converts_and_says_what_it_did(source_path: Path, tmp_path: Path) -> None:
    done = run_script("--weights", source_path, "--out", tmp_path, "--offline")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    for part in (WEIGHTS.sha256, "243,", "top class equal on 12 of 12", "yamnet.tflite", "14 CONV_2D"):
        assert part in done.stderr
    assert len(done.stderr.splitlines()) < 12
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_script_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.tflite").write_bytes(b"nothing of the kind")
    done = run_script("--weights", tmp_path / "x.tflite", "--out", tmp_path / "out", "--offline")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("convert_yamnet.py: error: ")
    assert "not a TensorFlow Lite file" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--head-range", "nan"], ["--head-range", "3"], ["--head-range", "wide"], ["x"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert run_script(*arguments).returncode == 2


def test_verify_audio_takes_folders_and_pads_short_clips(
    source_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    times = np.arange(4000) / 16000
    soundfile.write(folder / "short.wav", 0.3 * np.sin(2 * np.pi * 700 * times), 16000)
    soundfile.write(folder / "long.wav", 0.3 * np.sin(2 * np.pi * 700 * np.arange(60000) / 44100), 44100)
    assert main(["--weights", str(source_path), "--out", str(tmp_path), "--verify-audio", str(folder)]) == cli.EXIT_OK
    assert "of 14 patches" in capsys.readouterr().err


def test_body_of_the_source_is_where_it_was_found_by_hand(source_bytes: bytes) -> None:
    body = find_body(read_model(source_bytes))
    assert (body.waveform, body.log_mel, body.patch, body.scores) == (0, 27, 28, 119)
    assert len(body.operators) == 32
