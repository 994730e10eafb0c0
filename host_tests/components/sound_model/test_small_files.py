# SPDX-License-Identifier: Apache-2.0
"""The device's readers of the class map, the manifest and hashes."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_core import class_names, file_hash, sha256

HASH = "0123456789abcdef" * 4


def class_map(rows: int = 521, **changed: str) -> bytes:
    lines = ["index,mid,display_name", *(f"{i},/m/{i},{changed.get(f'r{i}', f'name {i}')}" for i in range(rows))]
    return ("\n".join(lines) + "\n").encode()


def test_googles_class_map(weights_dir: Path) -> None:
    data = (weights_dir / "yamnet_class_map.csv").read_bytes()
    expected = [row[2] for row in csv.reader(io.StringIO(data.decode()))][1:]
    assert class_names(data) == expected
    assert expected[20] == "Baby cry, infant cry"


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
        (class_map(520), "520 classes, not 521"),
        (class_map(522), "more than 521"),
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
        "", "null", "[]", "{", '{"files": 3}', '{"files": {"yamnet.tflite": {}}}',
        '{"files": {"yamnet.tflite": {"sha256": "abc"}}}',
        '{"files": {"yamnet.tflite": {"sha256": "' + "G" * 64 + '"}}}',
        '{"files": {"yamnet.tflite": {"sha256": "' + HASH + '"}}} x',
        '{"a": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="manifest"):
        file_hash(text.encode(), "yamnet.tflite")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_manifest_is_read_only_when_it_is_json(data: st.DataObject) -> None:
    good = json.dumps({"files": {"a": {"bytes": 3.5e0, "sha256": HASH}}, "x": [True, None, {"ü": []}]}).encode()
    position = data.draw(st.integers(0, len(good) - 1))
    length = data.draw(st.integers(0, 4))
    damaged = good[:position] + data.draw(st.binary(max_size=4)) + good[position + length :]
    try:
        file_hash(damaged, "a")
    except ValueError:
        return
    assert json.loads(damaged.decode("utf-8"))["files"]["a"]["sha256"]
