# SPDX-License-Identifier: Apache-2.0
"""WAV from a pipe: headers that know their length and headers that do not."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from yamnet_tools.audio.wav import UnsupportedEncodingError, WavReader
from yamnet_tools.errors import AudioError, TruncatedError

RATE = 16_000
PCM = np.random.default_rng(0).integers(-32768, 32768, 40_001).astype(np.int16)
FORMAT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
UNKNOWN = 0xFFFFFFFF


def wav(riff_size: int, data_size: int, *, before: bytes = b"", after: bytes = b"", pcm: np.ndarray = PCM) -> bytes:
    header = b"RIFF" + struct.pack("<I", riff_size) + b"WAVE" + before + FORMAT + b"data" + struct.pack("<I", data_size)
    return header + pcm.tobytes() + after


def read(data: bytes, total: int | None = None, block: int = 7001) -> np.ndarray:
    return np.concatenate([b[:, 0] for b in WavReader(io.BytesIO(data), total).blocks(block)] or [PCM[:0]])


SIZE = PCM.nbytes
LENGTH_SAID = {
    "whole": wav(36 + SIZE, SIZE),
    "chunks around": wav(36 + SIZE + 26, SIZE, before=b"LIST\x03\0\0\0abc\0", after=b"id3 \x06\0\0\0abcdef"),
    "rf64": b"RF64\xff\xff\xff\xffWAVEds64"
    + struct.pack("<IQQQI", 28, 72 + SIZE, SIZE, len(PCM), 0)
    + wav(0, UNKNOWN, after=b"tail\0\0\0\0")[12:],
}
LENGTH_UNKNOWN = {
    "ffmpeg": wav(UNKNOWN, UNKNOWN),
    "sox, espeak-ng": wav(0x7FFFF024, 0x7FFFF000),
    "arecord": wav(0x7FFFFF24, 0x7FFFFF00),
    "zero sizes": wav(0, 0),
    "header never completed": wav(36, 0),
}


@pytest.mark.parametrize("kind", LENGTH_SAID | LENGTH_UNKNOWN)
def test_every_header_gives_the_same_samples_from_pipe_and_file(kind: str) -> None:
    data = (LENGTH_SAID | LENGTH_UNKNOWN)[kind]
    assert np.array_equal(read(data), PCM)
    assert np.array_equal(read(data, len(data)), PCM)
    assert np.array_equal(read(data, block=1 << 20), PCM)


@pytest.mark.parametrize("kind", LENGTH_SAID)
def test_a_length_that_is_said_is_known_beforehand(kind: str) -> None:
    assert WavReader(io.BytesIO(LENGTH_SAID[kind])).frames == len(PCM)


@pytest.mark.parametrize("kind", LENGTH_UNKNOWN)
def test_a_placeholder_is_not_taken_for_a_length(kind: str) -> None:
    assert WavReader(io.BytesIO(LENGTH_UNKNOWN[kind])).frames is None


def test_no_samples_followed_by_other_chunks_is_an_empty_recording() -> None:
    data = wav(36 + 12, 0, pcm=PCM[:0], after=b"LIST\x04\0\0\0abcd")
    assert len(read(data)) == 0
    assert len(read(data, len(data))) == 0


@pytest.mark.parametrize("from_pipe", [False, True])
def test_truncation_shows_after_all_that_is_there(from_pipe: bool) -> None:
    data = wav(36 + SIZE, SIZE)[: 44 + 2 * RATE]
    blocks = WavReader(io.BytesIO(data), None if from_pipe else len(data)).blocks(RATE)
    assert np.array_equal(next(blocks)[:, 0], PCM[:RATE])
    with pytest.raises(TruncatedError, match=r"promises 2.500 s of audio, 1.000 s are there"):
        list(blocks)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_decodes_as_libsndfile_does(tmp_path: Path, subtype: str, form: str, channels: int) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (5000, channels))
    soundfile.write(tmp_path / "clip.wav", sound, 44100, subtype=subtype, format=form)
    expected, _ = soundfile.read(tmp_path / "clip.wav", always_2d=True)
    with (tmp_path / "clip.wav").open("rb") as stream:
        reader = WavReader(stream)
        blocks = list(reader.blocks(999))
    scale = 32768 if blocks[0].dtype == np.int16 else 1
    assert (reader.sample_rate, reader.channels) == (44100, channels)
    assert np.array_equal(np.concatenate(blocks) / scale, expected)


def test_compressed_samples_are_refused_by_name(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", PCM, RATE, subtype="ULAW")
    with pytest.raises(UnsupportedEncodingError, match="0x0007"):
        WavReader(io.BytesIO((tmp_path / "clip.wav").read_bytes()))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_headers_give_samples_or_an_error(data: st.DataObject) -> None:
    damaged = bytearray(LENGTH_SAID[data.draw(st.sampled_from(sorted(LENGTH_SAID)))][:3000])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, 100))] = data.draw(st.integers(0, 255))
    try:
        for block in WavReader(io.BytesIO(bytes(damaged)), len(damaged)).blocks(1000):
            assert block.ndim == 2
    except AudioError:
        pass
