# SPDX-License-Identifier: Apache-2.0
"""manifest.json: what a converted model is, what it was made from, and what was measured. No dates: equal inputs give
equal bytes.
"""

import json
import re
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import GenericAlias, UnionType
from typing import Any, TypeVar, get_args, get_origin

from yamnet_tools.errors import ModelError

FORMAT_VERSION = 1
NOTICE = (
    "YAMNet by Google (tensorflow/models, research/audioset/yamnet), Copyright The TensorFlow Authors, Apache License"
    " 2.0. The int8 network is cut out of Google's YAMNet classification model with its weights unchanged."
)
QUANTISED_NOTICE = (
    "YAMNet by Google (tensorflow/models, research/audioset/yamnet), Copyright The TensorFlow Authors, Apache License"
    " 2.0."
    " Modified: the float weights named under 'source' were quantised to int8 by this project."
)
_LARGEST_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Tool:
    """The program that made the model."""

    name: str
    version: str


@dataclass(frozen=True)
class Source:
    """What the model was made from; `known` tells Google's published file from one that --allow-unknown let in."""

    route: str
    file: str
    found_in: str
    sha256: str
    size_bytes: int
    known: bool
    urls: list[str]


@dataclass(frozen=True)
class TensorInfo:
    """The model's input or output."""

    name: str
    type: str
    shape: list[int]
    scale: float
    zero_point: int


@dataclass(frozen=True)
class ModelInfo:
    """The .tflite file; `head_range` is the largest logit it tells apart, None where the source's scale was kept."""

    file: str
    sha256: str
    size_bytes: int
    input: TensorInfo
    output: TensorInfo
    head_range: float | None
    operators: dict[str, int]
    front_end: dict[str, str | int | float]


@dataclass(frozen=True)
class ClassMapInfo:
    """The class map's file."""

    file: str
    sha256: str
    known: bool
    classes: int


@dataclass(frozen=True)
class ProofInfo:
    """What was measured against the source before the model was kept: see yamnet_tools.model.verify.Proof.

    A float source has no front end of its own to compare log-mel values with: `largest_log_mel_difference` is None.
    """

    tflm_arena_bytes: int
    pointer_bits: int
    patches: int
    top_class_equal: int
    largest_probability_difference: float
    largest_log_mel_difference: float | None


@dataclass(frozen=True)
class Manifest:
    """All of manifest.json."""

    format_version: int
    notice: str
    tool: Tool
    source: Source
    model: ModelInfo
    class_map: ClassMapInfo
    proof: ProofInfo

    def to_json(self) -> bytes:
        """The file's bytes."""
        return (json.dumps(asdict(self), indent=2, ensure_ascii=True) + "\n").encode()


def read_manifest(data: bytes) -> Manifest:
    """Parse a manifest and check that every field is there and of its type, and each hash is one.

    Raises:
        ModelError: the text names the field that is wrong.
    """
    try:
        values = json.loads(data) if len(data) <= _LARGEST_BYTES else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ModelError("damaged manifest: no JSON object")
    found = values.get("format_version")
    if found != FORMAT_VERSION:
        raise ModelError(f"manifest of format {found!r:.40}; this program reads {FORMAT_VERSION}")
    manifest = _decode(Manifest, values, "manifest")
    for place, digest in (
        ("source", manifest.source.sha256),
        ("model", manifest.model.sha256),
        ("class_map", manifest.class_map.sha256),
    ):
        if not _SHA256.fullmatch(digest):
            raise ModelError(f"damaged manifest: {place}.sha256 is no SHA-256")
    return manifest


def _decode(kind: type[_T], value: object, where: str) -> _T:
    """Build a dataclass from parsed JSON."""
    expected = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(value, dict) or value.keys() != expected.keys():
        odd = sorted(expected.keys() ^ value.keys())[0] if isinstance(value, dict) else "all"
        raise ModelError(f"damaged manifest: {where}: {odd!r:.40} is missing or unknown")
    return kind(**{name: _decode_field(expected[name], value[name], f"{where}.{name}") for name in expected})


def _decode_field(kind: Any, value: object, where: str) -> object:
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode(kind, value, where)
    if not _fits(kind, value):
        raise ModelError(f"damaged manifest: {where} is {value!r:.40}")
    return value


def _fits(kind: Any, value: object) -> bool:
    """Whether a parsed JSON value is of a field's type."""
    if isinstance(kind, UnionType):
        return any(_fits(option, value) for option in get_args(kind))
    if isinstance(kind, GenericAlias):
        items = get_args(kind)
        if get_origin(kind) is list:
            return isinstance(value, list) and all(_fits(items[0], item) for item in value)
        return isinstance(value, dict) and all(_fits(items[0], k) and _fits(items[1], v) for k, v in value.items())
    return type(value) is kind
