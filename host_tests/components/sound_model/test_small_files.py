# SPDX-License-Identifier: Apache-2.0
"""The device's readers of the class map, the manifest and hashes."""

import csv
import hashlib
import io
import json
import re
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import check_file, check_manifest, check_self_test, class_names, file_hash, sha256

HASH = "0123456789abcdef" * 4


def class_map(rows: int = 521, **changed: str) -> bytes:
    lines = ["index,mid,display_name", *(f"{i},/m/{i},{changed.get(f'r{i}', f'name {i}')}" for i in range(rows))]
    return ("\n".join(lines) + "\n").encode()


def test_googles_class_map(weights_dir: Path) -> None:
    data = (weights_dir / "yamnet_class_map.csv").read_bytes()
    expected = [row[2] for row in csv.reader(io.StringIO(data.decode()))][1:]
    assert class_names(data) == expected
    assert expected[20] == "Baby cry, infant cry"


@pytest.mark.parametrize("rows", [1, 2, 521, 524, 1024])
def test_a_class_map_of_any_model(rows: int) -> None:
    assert class_names(class_map(rows)) == [f"name {index}" for index in range(rows)]


def test_line_ends_quotes_and_a_byte_order_mark() -> None:
    data = class_map(r3='"a, ""b"" c"')
    for text in (data, data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, data.rstrip(b"\n")):
        names = class_names(text)
        assert (names[3], names[520]) == ('a, "b" c', "name 520")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "first line"),
        (class_map().replace(b"display_name", b"name", 1), "first line"),
        (class_map(0), "it has no classes"),
        (class_map(1025), "more than 1024 classes"),
        (class_map().replace(b"\n7,", b"\n8,", 1), "row 7"),
        (class_map(r9=""), "row 9"),
        (class_map(r9="a,b"), "row 9"),
        (class_map(r9='"open'), "row 9"),
        (class_map(r9='"a"b'), "row 9"),
    ],
)
def test_a_wrong_class_map_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        class_names(data)


@given(st.binary(max_size=300), st.integers(1, 70))
@settings(max_examples=200, deadline=None)
def test_sha256_in_pieces(data: bytes, piece: int) -> None:
    assert sha256(data, piece) == hashlib.sha256(data).hexdigest()


def test_the_manifest_names_a_hash() -> None:
    manifest = {
        "format": 1,
        "files": {"a.bin": {"bytes": 3, "sha256": "f" * 64}, "yamnet.tflite": {"bytes": 5, "sha256": HASH}},
        "model": {"model": {"input": {"shape": [1, 96, 64]}, "note": 'a "quoted" \\ {brace'}, "proof": None},
        "scales": [0.0033123123123123123, 1e-30, -1.5e300],
    }
    for text in (json.dumps(manifest), json.dumps(manifest, indent=1)):
        assert file_hash(text.encode(), "yamnet.tflite") == HASH


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", '{"format": 1}', '{"format": 1, "files": 3}',
        '{"format": 1, "files": {"yamnet.tflite": {}}}',
        '{"format": 1, "files": {"yamnet.tflite": {"sha256": "abc"}}}',
        '{"format": 1, "files": {"yamnet.tflite": {"sha256": "' + "G" * 64 + '"}}}',
        '{"format": 1, "files": {"yamnet.tflite": {"sha256": "' + HASH + '"}}} x',
        '{"format": 1, "a": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="manifest"):
        file_hash(text.encode(), "yamnet.tflite")


def described(**changes: object) -> bytes:
    return json.dumps({"format": 1, "files": {"yamnet.tflite": {"bytes": 5, "sha256": HASH}}} | changes).encode()


def test_a_manifest_may_have_16384_bytes_and_not_one_more() -> None:
    manifest = described()
    assert file_hash(manifest.ljust(16_384), "yamnet.tflite") == HASH
    for larger in (manifest.ljust(16_385), manifest.ljust(22_700)):
        with pytest.raises(ValueError, match=f"manifest: {len(larger)} bytes, at most 16384 are read"):
            file_hash(larger, "yamnet.tflite")


@pytest.mark.parametrize("form", [2, 0, 1.5, "1", True, None, [1]])
def test_a_manifest_of_another_format_is_refused(form: object) -> None:
    manifest = described(format=form)
    for read in (check_manifest, lambda json: file_hash(json, "yamnet.tflite")):
        with pytest.raises(ValueError, match=f"of format {re.escape(json.dumps(form))}, this program reads format 1"):
            read(manifest)


def test_a_file_is_the_one_the_manifest_names() -> None:
    content = b"right"
    manifest = described(files={"a": {"bytes": 5, "sha256": hashlib.sha256(content).hexdigest()}})
    check_file(manifest, "a", content)
    for wrong in (b"wrong", b"rig", b""):
        with pytest.raises(ValueError, match="a is not the file that the manifest names"):
            check_file(manifest, "a", wrong)
    with pytest.raises(ValueError, match="no SHA-256 of b"):
        check_file(manifest, "b", content)


def self_test(**changes: int | bytes) -> bytes:
    fields = {"magic": b"YAMT", "version": 1, "patch": 6144, "outputs": 521} | changes
    body = struct.pack("<4sIIIfifi32s6665x3x", *fields.values(), 0.5, 1, 1 / 256, -128, bytes(range(32)))
    return body + struct.pack("<I", zlib.crc32(body))


def test_the_crc_of_the_self_test_is_checked() -> None:
    file = self_test()
    assert check_self_test(file) == 521
    for at in (0, 20, 40, 64, 6207, 6208, 6728, 6729, 6731, 6732, 6735):
        damaged = file[:at] + bytes([file[at] ^ 0x10]) + file[at + 1 :]
        with pytest.raises(ValueError, match=r"selftest.bin: damaged, its CRC32 is [0-9a-f]{8}, not [0-9a-f]{8}"):
            check_self_test(damaged)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "0 bytes are none of its sizes"),
        (self_test()[:-1], "6735 bytes are none"),
        (self_test() + b"x", "6737 bytes are none"),
        (self_test() + bytes(520), "7256 bytes are none"),
        (self_test(magic=b"YAMU"), "not of version 1"),
        (self_test(version=2), "not of version 1"),
        (self_test(patch=6145), "do not belong together"),
        (self_test(outputs=520), "do not belong together"),
        (self_test(outputs=0), "do not belong together"),
        (self_test(outputs=1025), "do not belong together"),
    ],
)
def test_a_self_test_of_another_kind_is_refused(file: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_self_test(file)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_manifest_is_read_only_when_it_is_json(data: st.DataObject) -> None:
    manifest = {"format": 1, "files": {"a": {"bytes": 3.5e0, "sha256": HASH}}, "x": [True, None, {"ü": []}]}
    good = json.dumps(manifest).encode()
    position = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 4))
    damaged = good[:position] + data.draw(st.binary(max_size=4)) + good[position + length :]
    try:
        file_hash(damaged, "a")
    except ValueError:
        return
    assert json.loads(damaged.decode("utf-8"))["files"]["a"]["sha256"]
