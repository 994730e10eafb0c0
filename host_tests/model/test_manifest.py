# SPDX-License-Identifier: Apache-2.0
"""A manifest is read as it was written, and every damaged field is named."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.model import ConversionResult
from yamnet_tools.model.manifest import read_manifest


def test_what_is_written_is_read(converted: ConversionResult) -> None:
    data = converted.manifest_path.read_bytes()
    manifest = read_manifest(data)
    assert manifest == converted.manifest
    assert manifest.to_json() == data
    assert "Google" in manifest.notice
    assert "Apache" in manifest.notice


def test_head_range_none_survives(converted_with_source_head: ConversionResult) -> None:
    assert read_manifest(converted_with_source_head.manifest_path.read_bytes()).model.head_range is None


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda m: m.update(format_version=2), "format 2"),
    (lambda m: m.pop("proof"), "'proof' is missing"),
    (lambda m: m.update(more=1), "'more' is missing or unknown"),
    (lambda m: m["model"].pop("input"), "manifest.model: 'input'"),
    (lambda m: m.update(model="x"), "manifest.model"),
    (lambda m: m["model"].update(sha256="xyz"), "model.sha256 is no SHA-256"),
    (lambda m: m["source"].update(sha256="A" * 64), "source.sha256 is no SHA-256"),
    (lambda m: m["model"].update(size_bytes="big"), "manifest.model.size_bytes is 'big'"),
    (lambda m: m["model"].update(size_bytes=True), "manifest.model.size_bytes is True"),
    (lambda m: m["model"]["operators"].update(CONV_2D=1.5), "manifest.model.operators"),
    (lambda m: m["model"].update(head_range="wide"), "manifest.model.head_range"),
    (lambda m: m["source"].update(urls=[1]), "manifest.source.urls"),
    (lambda m: m["model"]["input"].update(shape=[1, "96"]), "manifest.model.input.shape"),
]


@pytest.mark.parametrize(("change", "text"), CHANGES)
def test_damaged_field_is_named(
    change: Callable[[dict[str, Any]], object], text: str, converted: ConversionResult
) -> None:
    values = json.loads(converted.manifest_path.read_bytes())
    change(values)
    with pytest.raises(ModelError, match=text):
        read_manifest(json.dumps(values).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"[" * 100_000, b" " * (2 << 20), b"null"])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="no JSON object"):
        read_manifest(data)
