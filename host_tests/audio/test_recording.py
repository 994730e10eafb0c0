# SPDX-License-Identifier: Apache-2.0
"""Every kind of recording becomes the 16 kHz mono int16 it should, and every bad one says what is wrong."""

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from yamnet_tools.audio import open_recording
from yamnet_tools.errors import AudioError, TruncatedError

RATE = 16_000

ReadAll = Callable[[Path], np.ndarray]


def tone(seconds: float, rate: int, hz: float = 440.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def read_cut_short(path: Path, reason: str) -> np.ndarray:
    """What a truncated recording gives before it says so."""
    samples: list[np.ndarray] = []
    with open_recording(str(path)) as recording, pytest.raises(TruncatedError, match=reason) as caught:
        samples.extend(block.samples for block in recording.blocks())
    assert str(caught.value).startswith(f"{path}: ")
    return np.concatenate(samples)


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-32768, 32768, count).astype(np.int16)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_16_bit_mono_at_16_khz_passes_bit_for_bit(tmp_path: Path, read_all: ReadAll, suffix: str) -> None:
    pcm = noise(100_003)
    soundfile.write(tmp_path / f"clip.{suffix}", pcm, RATE, subtype="PCM_16")
    assert np.array_equal(read_all(tmp_path / f"clip.{suffix}"), pcm)


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_U8", 256),
        ("wav", "PCM_24", 1),
        ("wav", "PCM_32", 1),
        ("wav", "FLOAT", 1),
        ("wav", "DOUBLE", 1),
        ("wav", "ALAW", 2048),
        ("wav", "IMA_ADPCM", 2048),
        ("flac", "PCM_S8", 256),
        ("flac", "PCM_24", 1),
        ("ogg", "VORBIS", 1200),
        ("mp3", "MPEG_LAYER_III", 1200),
    ],
)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_sample_types_and_channel_counts(
    tmp_path: Path, read_all: ReadAll, suffix: str, subtype: str, tolerance: int, channels: int
) -> None:
    if channels > 2 and subtype in ("IMA_ADPCM", "MPEG_LAYER_III"):
        pytest.skip("the format has at most two channels")
    sound = tone(2.0, RATE)
    soundfile.write(tmp_path / f"clip.{suffix}", np.repeat(sound[:, None], channels, axis=1), RATE, subtype=subtype)
    read = read_all(tmp_path / f"clip.{suffix}")
    assert abs(len(read) - len(sound)) <= 600  # IMA ADPCM fills its last block
    inner = slice(2000, 30_000)  # lossy codecs take a moment to settle
    assert np.abs(read[inner] - np.rint(sound[inner] * 32768)).max() <= tolerance


def test_downmix_is_the_mean_of_the_channels(tmp_path: Path, read_all: ReadAll) -> None:
    channels = np.stack([noise(5000, seed) for seed in range(3)], axis=1)
    soundfile.write(tmp_path / "clip.wav", channels, RATE, subtype="PCM_16")
    assert np.array_equal(read_all(tmp_path / "clip.wav"), np.rint(channels.mean(axis=1)))


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 192000])
def test_other_sample_rates_keep_the_sound_and_its_length(tmp_path: Path, read_all: ReadAll, rate: int) -> None:
    soundfile.write(tmp_path / "clip.wav", tone(3.0, rate, hz=1000), rate, subtype="FLOAT")
    read = read_all(tmp_path / "clip.wav")
    assert len(read) == 3 * RATE
    inner = slice(RATE, 2 * RATE)  # away from the filter's ends
    assert np.abs(read[inner] - np.rint(tone(3.0, RATE, hz=1000)[inner] * 32768)).max() <= 4


def test_resampling_keeps_out_what_the_model_cannot_hear(tmp_path: Path, read_all: ReadAll) -> None:
    soundfile.write(tmp_path / "clip.wav", tone(3.0, 48000, hz=9500, amplitude=0.9), 48000, subtype="FLOAT")
    assert np.abs(read_all(tmp_path / "clip.wav")[RATE : 2 * RATE]).max() <= 1  # -90 dB where aliasing would be


def test_what_exceeds_full_scale_is_clipped_and_counted(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", np.array([2.0, -3.0, 1.0, -1.0] * 1000), RATE, subtype="FLOAT")
    with open_recording(str(tmp_path / "clip.wav")) as recording:
        samples = np.concatenate([block.samples for block in recording.blocks()])
        assert recording.clipped_share == 0.5
    assert samples[:4].tolist() == [32767, -32768, 32767, -32768]


def test_a_variable_rate_mp3_without_a_length_is_read_to_its_end(tmp_path: Path, read_all: ReadAll) -> None:
    sound = np.concatenate([tone(20, RATE, amplitude=0.001), noise(20 * RATE) / 65536])
    soundfile.write(tmp_path / "whole.mp3", sound, RATE, subtype="MPEG_LAYER_III", bitrate_mode="VARIABLE")
    data = (tmp_path / "whole.mp3").read_bytes()
    second_frame = data.index(data[:2], 100)
    assert b"Xing" in data[:second_frame]
    id3 = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)
    (tmp_path / "streamed.mp3").write_bytes(id3 + data[second_frame:])
    assert abs(len(read_all(tmp_path / "streamed.mp3")) - len(sound)) < 0.2 * RATE


@pytest.mark.parametrize("bitrate_mode", ["CONSTANT", "VARIABLE"])
def test_mp3_inside_a_wav(tmp_path: Path, read_all: ReadAll, bitrate_mode: str) -> None:
    sound = tone(5, RATE)
    mp3 = tmp_path / "clip.mp3"
    soundfile.write(mp3, sound, RATE, subtype="MPEG_LAYER_III", bitrate_mode=bitrate_mode)
    data = mp3.read_bytes()
    fmt = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 4000, 1, 0, 12, 1, 2, 576, 1, 1393)  # MPEGLAYER3WAVEFORMAT
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    whole = b"RIFF" + struct.pack("<I", len(body) + 12) + body + b"\0" * (len(data) % 2) + b"LIST\4\0\0\0abcd"
    (tmp_path / "clip.wav").write_bytes(whole)
    assert np.array_equal(read_all(tmp_path / "clip.wav"), read_all(mp3))
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    there = read_cut_short(tmp_path / "cut.wav", "truncated: its header promises")
    assert 0.4 * len(sound) < len(there) < 0.6 * len(sound)


def test_a_named_pipe_carries_a_wav(tmp_path: Path, read_all: ReadAll) -> None:
    pcm = noise(50_000)
    soundfile.write(tmp_path / "clip.wav", pcm, RATE)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes((tmp_path / "clip.wav").read_bytes()))
    writer.start()
    assert np.array_equal(read_all(tmp_path / "pipe"), pcm)
    writer.join()


def wav(data: bytes, *, channels: int = 1, rate: int = RATE, bits: int = 16, encoding: int = 1) -> bytes:
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", encoding, channels, rate, rate * align % 2**32, align, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


WHOLE = wav(noise(RATE).tobytes())

BAD_FILES = {
    "empty.wav": (b"", "an empty file"),
    "no_samples.wav": (wav(b""), "holds no audio"),
    "text.wav": (b"this is not a recording at all, whatever its name says", "not audio"),
    "text.mp3": (b"nor is this one\n" * 100, "not audio"),
    "image.png": (b"\x89PNG\r\n\x1a\n" + bytes(500), "not audio"),
    "random.flac": (np.random.default_rng(0).bytes(9000), "not audio"),
    "random_mpeg.mp3": (np.random.default_rng(1).bytes(9000), "damaged"),  # it holds what looks like a frame
    "random_frame.mp3": (b"\xff\xfb" + np.random.default_rng(2).bytes(20_000), "not audio, or damaged"),
    "utf16.txt": ("nothing to hear here ".encode("utf-16") * 500, "not audio"),
    "no_channels.wav": (wav(bytes(400), channels=0), "no channels"),
    "no_rate.wav": (wav(bytes(400), rate=0), "sample rate of 0 Hz"),
    "no_rate_and_cut.wav": (wav(bytes(400), rate=0)[:300], "sample rate of 0 Hz"),
    "absurd_rate.wav": (wav(bytes(400), rate=2**32 - 1), "sample rate of 4294967295 Hz"),
    "no_bits.wav": (wav(bytes(400), bits=0), "damaged WAV"),
    "odd_bits.wav": (wav(bytes(400), bits=40), "damaged WAV"),
    "short_header.wav": (WHOLE[:9], "too short"),
    "header_only.wav": (WHOLE[:30], "truncated"),
    "cut.wav": (WHOLE[:-2], "header promises 1.000 s of audio, 1.000 s are there"),
    "half.wav": (WHOLE[: 44 + RATE], "header promises 1.000 s of audio, 0.500 s are there"),
    "no_format.wav": (b"RIFF\x24\0\0\0WAVEdata\x10\0\0\0" + bytes(16), "before any format"),
    "far_chunk.wav": (b"RIFF\xff\0\0\0WAVELIST\xf0\xff\xff\x7f" + bytes(100), "truncated"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_say_in_one_line_what_is_wrong(tmp_path: Path, read_all: ReadAll, name: str) -> None:
    content, reason = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioError) as caught:
        read_all(tmp_path / name)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / name) + ": ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32"])
def test_truncated_compressed_wavs_are_read_as_far_as_they_go(tmp_path: Path, read_all: ReadAll, subtype: str) -> None:
    sound = tone(4, RATE)
    soundfile.write(tmp_path / "whole.wav", sound, RATE, subtype=subtype)
    assert abs(len(read_all(tmp_path / "whole.wav")) - len(sound)) < 1100
    data = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "half.wav").write_bytes(data[: len(data) // 2])
    there = read_cut_short(tmp_path / "half.wav", r"promises 4\.\d* s of audio, [12]\.9?\d* s are there")
    assert abs(len(there) - len(sound) / 2) < 1100


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "opus"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_truncated_compressed_files_are_read_as_far_as_they_go(
    tmp_path: Path, read_all: ReadAll, capfd: pytest.CaptureFixture[str], suffix: str, share: float
) -> None:
    options = {"format": "OGG", "subtype": "OPUS"} if suffix == "opus" else {}
    sound = tone(20, RATE) + noise(20 * RATE) / 655360
    soundfile.write(tmp_path / f"whole.{suffix}", sound, RATE, **options)
    whole = read_all(tmp_path / f"whole.{suffix}")
    assert len(whole) == len(sound)
    data = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"cut.{suffix}").write_bytes(data[: int(len(data) * share)])
    if share < 0.1 and suffix in ("ogg", "opus"):  # the first pages are headers
        with pytest.raises(AudioError, match="truncated"):
            read_all(tmp_path / f"cut.{suffix}")
    else:
        there = read_cut_short(tmp_path / f"cut.{suffix}", "truncated")
        page = 1.1 * RATE  # what an OGG page holds at most
        assert share * len(sound) - page <= len(there) < len(sound)
        sure = max(0, len(there) - 2000)  # a frame that was cut is concealed
        assert np.abs(there[:sure] - whole[:sure].astype(int)).max(initial=0) <= 1
    assert capfd.readouterr().err == ""  # mpg123's own remarks


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_no_numbers_are_located(tmp_path: Path, read_all: ReadAll, value: float, subtype: str) -> None:
    sound = np.stack([tone(5, 48000), tone(5, 48000)], axis=1)
    sound[123_456, 1] = value
    soundfile.write(tmp_path / "clip.wav", sound, 48000, subtype=subtype)
    what = "NaN" if np.isnan(value) else "infinite"
    with pytest.raises(AudioError, match=rf"sample 123456 of channel 2 \(2.572 s\) is {what}"):
        read_all(tmp_path / "clip.wav")


def test_a_float_file_of_huge_finite_numbers_is_only_clipped(tmp_path: Path, read_all: ReadAll) -> None:
    soundfile.write(tmp_path / "clip.wav", np.full(44100, -1e300), 44100, subtype="DOUBLE")
    assert set(read_all(tmp_path / "clip.wav")[2000:14_000].tolist()) <= {-32768, -32767}


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nowhere\.wav: No such file or directory"):
        open_recording(str(tmp_path / "nowhere.wav"))
    with pytest.raises(AudioError, match="a folder, not a recording"):
        open_recording(str(tmp_path))


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", noise(1000), RATE)
    (tmp_path / "clip.wav").chmod(0)
    uid = os.geteuid()
    if uid == 0:  # root may read anything, so be somebody else for a moment
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(AudioError, match=r"clip\.wav: Permission denied"):
            open_recording(str(tmp_path / "clip.wav"))
    finally:
        os.seteuid(uid)
