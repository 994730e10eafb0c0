# SPDX-License-Identifier: Apache-2.0
"""The four files of the model partition and the manifest that binds them together."""

import json
from pathlib import Path
from typing import Any

import device_core
from yamnet_tools.engines import open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.files import sha256_hex
from yamnet_tools.model import load_model
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.source import Search, find_class_map
from yamnet_tools.model_image import selftest
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME

SELFTEST_NAME = "selftest.bin"
FORMAT = 1

_DESCRIBED = (SELFTEST_NAME, CLASS_MAP_NAME, MODEL_NAME)


def collect(model_path: Path) -> dict[str, bytes]:
    """Make the partition's files from a model, its class map and its manifest; the self-test is computed here.

    Returns:
        Content by name, in the order of the image.

    Raises:
        ModelError: the model cannot be used, or its manifest is too large for a device.
        EngineError: TFLM cannot run it.
        OSError: a file cannot be read.
    """
    model = load_model(model_path)
    vector = selftest.make_selftest(model, open_engine("tflm", model))
    files = {
        SELFTEST_NAME: selftest.to_bytes(vector),
        CLASS_MAP_NAME: _class_map(model_path, len(model.class_names)),
        MODEL_NAME: model_path.read_bytes(),
    }
    if sha256_hex(files[MODEL_NAME]) != model.sha256:
        raise ModelError(f"{model_path}: it changed while it was read")
    manifest_path = model_path.with_name(MANIFEST_NAME)
    origin = json.loads(manifest_path.read_bytes()) if manifest_path.is_file() else None
    return {MANIFEST_NAME: describe(files, origin)} | files


def describe(files: dict[str, bytes], origin: object = None) -> bytes:
    """The manifest of files.

    Args:
        files: content by name; a manifest among them is passed over.
        origin: what the converter said of the model.

    Raises:
        ModelError: it is too large for a device.
    """
    described = {
        name: {"bytes": len(data), "sha256": sha256_hex(data)} for name, data in files.items() if name != MANIFEST_NAME
    }
    manifest = json.dumps({"format": FORMAT, "files": described, "model": origin}, indent=1).encode() + b"\n"
    _check_manifest(manifest)
    return manifest


def check(files: dict[str, bytes]) -> list[str]:
    """Hold files against their manifest.

    Returns:
        One line for each thing that is wrong.
    """
    if MANIFEST_NAME not in files:
        return [f"there is no {MANIFEST_NAME}"]
    try:
        described = _described(files[MANIFEST_NAME])
    except ModelError as error:
        return [str(error)]
    problems = []
    for name in _DESCRIBED:
        if name not in described:
            problems.append(f"{MANIFEST_NAME} does not describe {name}")
    for name, entry in described.items():
        if name not in files:
            problems.append(f"{name} is missing")
        elif len(files[name]) != entry.get("bytes"):
            problems.append(f"{name} has {len(files[name]):,} bytes, {MANIFEST_NAME} says {entry.get('bytes')}")
        elif sha256_hex(files[name]) != entry.get("sha256"):
            problems.append(f"{name}: its SHA-256 is {sha256_hex(files[name])}, {MANIFEST_NAME} has another")
    if not problems:
        problems += _check_selftest(files)
    return problems


def _check_selftest(files: dict[str, bytes]) -> list[str]:
    try:
        vector = selftest.from_bytes(files[SELFTEST_NAME])
        read_class_map(files[CLASS_MAP_NAME], vector.outputs.size)
    except ModelError as error:
        return [str(error)]
    if vector.model_sha256 != sha256_hex(files[MODEL_NAME]):
        return [f"{SELFTEST_NAME} was made with another model, SHA-256 {vector.model_sha256}"]
    return []


def _described(manifest: bytes) -> dict[str, dict[str, Any]]:
    _check_manifest(manifest)
    described = json.loads(manifest).get("files")
    if not isinstance(described, dict) or not all(isinstance(entry, dict) for entry in described.values()):
        raise ModelError(f"{MANIFEST_NAME} is damaged: its files are no object of objects")
    return described


def _check_manifest(manifest: bytes) -> None:
    try:
        device_core.check_manifest(manifest)
    except ValueError as error:
        raise ModelError(str(error)) from None


def _class_map(model_path: Path, count: int) -> bytes:
    beside = model_path.with_name(CLASS_MAP_NAME)
    data = beside.read_bytes() if beside.is_file() else find_class_map(Search(offline=True)).data
    read_class_map(data, count)
    return data
