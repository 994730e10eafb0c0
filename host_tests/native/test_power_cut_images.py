# SPDX-License-Identifier: Apache-2.0
"""What a power cut leaves, judged by other programs' readers: before the repair and after it."""

import io
import json
import subprocess
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

import native_build
from device_core import read_flash_log
from yamnet_tools.audio import open_recording

pytestmark = pytest.mark.slow

HEADER_BYTES = 512


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Disks as the cut left them (`*-cut`) and as mounting left them (`*-repaired`)."""
    build = native_build.native_tests()
    folder = tmp_path_factory.mktemp("images")
    program = build / "clip_store_power_cut_test"
    result = subprocess.run([str(program), str(folder)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_a_pc_reads_an_image_of_the_flash_partition(tmp_path: Path) -> None:
    build = native_build.native_tests()
    image = tmp_path / "storage.bin"
    subprocess.run([build / "clip_store_flash_test", image], check=True)
    files = read_flash_log(image.read_bytes())
    clips = [content for name, content in files.items() if name.endswith(".wav")]
    assert len(clips) == 5
    for clip in clips:
        samples, rate = soundfile.read(io.BytesIO(clip), dtype="int16")
        assert rate == 16_000
        assert len(samples) == (len(clip) - HEADER_BYTES) // 2 > 1000
        assert set(np.diff(samples.astype(np.int64)) % 65536) == {1}  # the ramp that the test's microphone hears
    lines = [line for name in sorted(files) if name.startswith("journal-") for line in files[name].splitlines()]
    assert [json.loads(line)["kind"] for line in lines].count("end") >= 5
    assert [name for name in files if name.endswith(".star")] != []
    assert read_flash_log(b"\xff" * 4096 * 4) == {}
    with pytest.raises(ValueError, match="something else"):
        read_flash_log(b"\x5a" * 4096 * 4)
    with pytest.raises(ValueError, match="not the size"):
        read_flash_log(b"")


def test_every_wav_with_a_header_plays_even_before_the_repair(images: Path) -> None:
    clips = [clip for clip in images.glob("*-cut/*.wav") if clip.stat().st_size >= HEADER_BYTES]
    assert len(clips) > 20
    for clip in clips:
        with wave.open(str(clip)) as reader:
            promised = reader.getnframes()
            assert len(reader.readframes(promised)) == 2 * promised, clip
        assert len(soundfile.read(clip, dtype="int16")[0]) >= promised


def test_every_wav_is_whole_after_the_repair(images: Path) -> None:
    clips = list(images.glob("*-repaired/*.wav"))
    assert len(clips) > 20
    for clip in clips:
        samples = (clip.stat().st_size - HEADER_BYTES) // 2
        info = soundfile.info(clip)
        assert (info.frames, info.samplerate, info.channels, info.subtype) == (samples, 16_000, 1, "PCM_16")
        with open_recording(str(clip)) as recording:
            assert sum(len(block.samples) for block in recording.blocks()) == samples


def test_every_journal_line_is_json_and_proves_itself(images: Path) -> None:
    lines = [line for journal in images.glob("*-repaired/journal-*.jsonl") for line in journal.read_text().splitlines()]
    assert len(lines) > 100
    for line in lines:
        fields = json.loads(line)
        sealed = line[: line.rindex(',"crc":')].encode()
        assert fields["crc"] == f"{zlib.crc32(sealed):08x}"
        assert fields["schema"] == 1
