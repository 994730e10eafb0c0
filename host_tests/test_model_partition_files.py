# SPDX-License-Identifier: Apache-2.0
"""The device and mkspiffs_model.py --verify judge the files of a model partition alike."""

import json
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest

import device_core
from firmware_files import selftest
from yamnet_tools.files import sha256_hex
from yamnet_tools.model_image import content

Files = dict[str, bytes]
MODEL = b"any bytes will do for a model here"


def described(files: Files) -> dict[str, dict[str, object]]:
    return {name: {"bytes": len(data), "sha256": sha256_hex(data)} for name, data in files.items()}


def with_manifest(files: Files, /, **changes: object) -> Files:
    manifest = {"format": 1, "files": described(files), "model": None} | changes
    return {"manifest.json": json.dumps(manifest).encode()} | files


@pytest.fixture
def bare() -> Files:
    """A sound partition's files, but for the manifest."""
    rows = ["index,mid,display_name", *(f"{index},/m/{index},name {index}" for index in range(521))]
    patch, scores = np.zeros((96, 64), np.int8), np.zeros(521, np.int8)
    return {
        "selftest.bin": selftest(patch, scores, (0.02, 3), (1 / 256, -128), MODEL),
        "yamnet_class_map.csv": ("\n".join(rows) + "\n").encode(),
        "yamnet.tflite": MODEL,
    }


def device_accepts(files: Files) -> bool:
    """What the boot asks of the files, in its order."""
    try:
        manifest = files["manifest.json"]
        device_core.check_manifest(manifest)
        for name in ("yamnet_class_map.csv", "yamnet.tflite", "selftest.bin"):
            device_core.check_file(manifest, name, files[name])
        classes = len(device_core.class_names(files["yamnet_class_map.csv"]))
        return classes == device_core.check_self_test(files["selftest.bin"])
    except (KeyError, ValueError):
        return False


def with_self_test(files: Files, data: bytes) -> Files:
    return with_manifest(files | {"selftest.bin": data})


def patched(data: bytes, at: int, new: bytes, *, crc: bool = True) -> bytes:
    body = (data[:at] + new + data[at + len(new) :])[:6732]
    return body + (struct.pack("<I", zlib.crc32(body)) if crc else data[6732:])


def entry(files: Files, name: str, **changes: object) -> Files:
    all_files = described(files)
    all_files[name] |= changes
    return with_manifest(files, files=all_files)


def without(files: Files, name: str) -> Files:
    return {other: data for other, data in with_manifest(files).items() if other != name}


def text(files: Files, change: Callable[[bytes], bytes]) -> Files:
    made = with_manifest(files)
    return made | {"manifest.json": change(made["manifest.json"])}


SOUND: dict[str, Callable[[Files], Files]] = {
    "as made": with_manifest,
    "16,384 bytes": lambda f: text(f, lambda m: m.ljust(16_384)),
    "format 1.0": lambda f: with_manifest(f, format=1.0),
    "a byte order mark": lambda f: text(f, lambda m: b"\xef\xbb\xbf" + m),
    "an unknown field": lambda f: with_manifest(f, more={"deep": [1, None]}),
}
WRONG: dict[str, Callable[[Files], Files]] = {
    "no manifest": lambda f: f,
    "16,385 bytes": lambda f: text(f, lambda m: m.ljust(16_385)),
    "22,700 bytes": lambda f: with_manifest(f, model="x" * 22_200),
    "format 2": lambda f: with_manifest(f, format=2),
    "format true": lambda f: with_manifest(f, format=True),
    "format in a string": lambda f: with_manifest(f, format="1"),
    "no format": lambda f: text(f, lambda m: m.replace(b'"format": 1, ', b"")),
    "not UTF-8": lambda f: text(f, lambda m: m.replace(b"null", b'"T\xfcr"')),
    "UTF-16": lambda f: text(f, lambda m: m.decode().encode("utf-16")),
    "NaN": lambda f: text(f, lambda m: m.replace(b"null", b"NaN")),
    "nested 500 times": lambda f: text(f, lambda m: m.replace(b"null", b"[" * 500 + b"]" * 500)),
    "cut": lambda f: text(f, lambda m: m[:-1]),
    "files is a list": lambda f: with_manifest(f, files=[]),
    "another hash": lambda f: entry(f, "yamnet.tflite", sha256="0" * 64),
    "a hash in capitals": lambda f: entry(f, "yamnet.tflite", sha256=sha256_hex(MODEL).upper()),
    "another size": lambda f: entry(f, "selftest.bin", bytes=6735),
    "no size": lambda f: entry(f, "yamnet_class_map.csv", bytes=None),
    "no self-test": lambda f: without(f, "selftest.bin"),
    "a self-test too short": lambda f: with_self_test(f, f["selftest.bin"][:-1]),
    "a self-test's CRC": lambda f: with_self_test(f, patched(f["selftest.bin"], 6732, b"", crc=False)[:-1] + b"\x55"),
    "a bit in the patch": lambda f: with_self_test(f, patched(f["selftest.bin"], 100, b"\x01", crc=False)),
    "a bit in the padding": lambda f: with_self_test(f, patched(f["selftest.bin"], 6730, b"\x01", crc=False)),
    "another magic": lambda f: with_self_test(f, patched(f["selftest.bin"], 0, b"YAMU")),
    "another version": lambda f: with_self_test(f, patched(f["selftest.bin"], 4, b"\x02")),
    "another patch": lambda f: with_self_test(f, patched(f["selftest.bin"], 8, b"\x01")),
    "other outputs": lambda f: with_self_test(f, patched(f["selftest.bin"], 12, b"\x01")),
    "520 classes": lambda f: with_manifest(
        f | {"yamnet_class_map.csv": f["yamnet_class_map.csv"].replace(b"520,/m/520,name 520\n", b"")}
    ),
}


@pytest.mark.parametrize("kind", SOUND)
def test_both_accept(bare: Files, kind: str) -> None:
    files = SOUND[kind](bare)
    assert device_accepts(files)
    assert content.check(files) == []


@pytest.mark.parametrize("kind", WRONG)
def test_both_refuse(bare: Files, kind: str) -> None:
    files = WRONG[kind](bare)
    assert not device_accepts(files)
    problems = content.check(files)
    assert len(problems) == 1
    assert "\n" not in problems[0]
