# SPDX-License-Identifier: Apache-2.0
"""The model with learnt sounds, its class map, manifest and rules."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from yamnet_tools import __version__
from yamnet_tools.files import replacing, sha256_hex
from yamnet_tools.model import YamnetModel
from yamnet_tools.model.class_map import extended_class_map
from yamnet_tools.model.conversion import model_info
from yamnet_tools.model.manifest import FORMAT_VERSION, NOTICE, ClassMapInfo, Manifest, Source, Tool, read_manifest
from yamnet_tools.model.own_head import IntegerHead, with_own_classes
from yamnet_tools.model.source import Search, find_class_map
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME, MODEL_NAME
from yamnet_tools.sounds.proof import prove_own_classes

RULES_NAME = "rules.json"
PICTURE_NAME = "sounds.png"
FILE_NAMES = (MODEL_NAME, CLASS_MAP_NAME, MANIFEST_NAME, RULES_NAME, PICTURE_NAME)

_ADDED = " Modified: classes of somebody's own were added to its last layer."
_REPLACED = " Modified: the classes of its last layer were replaced by somebody's own."


def class_names(base: YamnetModel, labels: Sequence[str], *, alone: bool) -> list[str]:
    """What the sounds' classes are called: like the sounds, but for those whose name the model has for a class."""
    taken = () if alone else base.class_names
    return [f"{label} (own)" if label in taken else label for label in labels]


def make_files(base: YamnetModel, head: IntegerHead, names: Sequence[str], *, alone: bool) -> dict[str, bytes]:
    """Model, class map and manifest, by file name, once they are proved.

    Args:
        base: the model that the sounds were learnt with.
        head: their classes.
        names: of these.
        alone: without the model's own classes.

    Raises:
        ModelError: the result is no model that a device runs, or computes something else.
    """
    model = with_own_classes(read_model(base.data), head, alone=alone)
    model = replace(model, description=f"{model.description}; with {len(names)} classes of its owner's")
    data = write_model(model)
    class_map = extended_class_map(b"" if alone else _base_class_map(base), names)
    proof = prove_own_classes(base, data, class_map, head, alone=alone)
    made_from = _manifest_of(base)
    origin = f", {made_from.source.route} of {made_from.source.file} {made_from.source.sha256}" if made_from else ""
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        notice=(made_from.notice if made_from else NOTICE) + (_REPLACED if alone else _ADDED),
        tool=Tool("yamnet-tools", __version__),
        source=Source(
            route="own sounds",
            file=base.path.name,
            found_in=f"--model{origin}",
            sha256=base.sha256,
            size_bytes=len(base.data),
            known=made_from is not None and made_from.source.known,
            urls=[],
        ),
        model=model_info(model, data, made_from.model.head_range if made_from else None),
        class_map=ClassMapInfo(CLASS_MAP_NAME, sha256_hex(class_map), False, model.tensors[model.outputs[0]].shape[1]),
        proof=proof,
    )
    return {MANIFEST_NAME: manifest.to_json(), CLASS_MAP_NAME: class_map, MODEL_NAME: data}


def rules_file(rules: Sequence[dict[str, Any]]) -> bytes:
    """A rule document (docs/rules.md)."""
    return (json.dumps({"schema": 1, "rules": list(rules)}, indent=2, ensure_ascii=False) + "\n").encode()


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write all of them or, as when the disk is full, none."""
    with ExitStack() as stack:
        for name, data in files.items():
            stack.enter_context(replacing(folder / name)).write_bytes(data)


def _base_class_map(base: YamnetModel) -> bytes:
    beside = base.path.with_name(CLASS_MAP_NAME)
    return beside.read_bytes() if beside.is_file() else find_class_map(Search(offline=True)).data


def _manifest_of(base: YamnetModel) -> Manifest | None:
    beside = base.path.with_name(MANIFEST_NAME)
    return read_manifest(beside.read_bytes()) if beside.is_file() else None
