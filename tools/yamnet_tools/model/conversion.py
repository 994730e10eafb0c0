# SPDX-License-Identifier: Apache-2.0
"""From Google's file to the three files the device needs, kept only once they are proved."""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from device_core import LogMelSpec
from yamnet_tools import __version__
from yamnet_tools.errors import ModelError, SourceError
from yamnet_tools.files import refuse_overwriting, replacing, sha256_hex
from yamnet_tools.model import front_end
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.graft import DEFAULT_HEAD_RANGE, Body, find_body, graft, head_quantization
from yamnet_tools.model.manifest import (
    FORMAT_VERSION,
    NOTICE,
    ClassMapInfo,
    Manifest,
    ModelInfo,
    ProofInfo,
    Source,
    TensorInfo,
    Tool,
)
from yamnet_tools.model.network import CLASS_COUNT, activation_quantization
from yamnet_tools.model.published import refuse_damaged_copy
from yamnet_tools.model.source import CLASS_MAP, WEIGHTS, Search, SourceFile, find_class_map, find_weights
from yamnet_tools.model.tflite import Model, TensorType
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.model.verify import Candidate, Proof, prove
from yamnet_tools.paths import CLASS_MAP_NAME, MANIFEST_NAME, MODEL_DIR, MODEL_NAME
from yamnet_tools.probe_audio import Probe

PROFILE = "yamnet"
OUTPUT_NAMES = (MODEL_NAME, CLASS_MAP_NAME, MANIFEST_NAME)
"""The front end Google's weights were trained on."""


@dataclass(frozen=True)
class ConversionResult:
    """The files that were written, and what they hold."""

    model: Path
    class_map: Path
    manifest_path: Path
    manifest: Manifest
    proof: Proof


def convert(
    weights: str | Path | None = None,
    out_dir: str | Path = MODEL_DIR,
    *,
    head_range: float | None = DEFAULT_HEAD_RANGE,
    allow_unknown: bool = False,
    offline: bool = False,
    mirrors: Sequence[str] = (),
    audio: Sequence[Probe] = (),
    report: Callable[[str], None] = lambda _: None,
) -> ConversionResult:
    """Make yamnet.tflite, yamnet_class_map.csv and manifest.json in `out_dir`.

    Nothing in `out_dir` changes unless everything succeeds.

    Args:
        weights: Google's .tflite or a folder with it; by default it is searched for, then downloaded.
        out_dir: made if it does not exist.
        head_range: the largest logit that can be told from larger ones, in [4, 40], or None for the source's own.
        allow_unknown: also take files that are not byte for byte Google's; the manifest says so.
        offline: never download.
        mirrors: base URLs that hold Google's files under their names, asked before Google.
        audio: recordings to compare source and result on, besides the built-in sounds.
        report: takes lines of progress for people.

    Raises:
        SourceError: weights or class map cannot be found, downloaded or trusted.
        ModelError: the source has no int8 YAMNet body, is damaged, or the result does not agree with it.
        OutputError: the model would overwrite its source.
        OSError: a file cannot be read or written.
    """
    if head_range is not None:
        head_quantization(head_range)
    weights, out_dir = None if weights is None else Path(weights), Path(out_dir)
    refuse_folders(out_dir)
    search = Search(weights, offline, mirrors, report)
    source = find_weights(search)
    refuse_overwriting((out_dir / name for name in OUTPUT_NAMES), [source.path])
    report(f"source: {source.path} ({source.found_in}), SHA-256 {source.sha256}")
    if not source.known and not allow_unknown:
        raise SourceError(_refusal(source))
    with _naming(source.path):
        body = find_body(read_model(source.data))
        candidate = _candidate(body, head_range)
    class_map = find_class_map(search)
    if not class_map.known and not allow_unknown:
        raise SourceError(
            f"{class_map.path}: its SHA-256 is {class_map.sha256}, Google's class map has {CLASS_MAP.sha256};"
            " --allow-unknown takes it anyway"
        )
    with _naming(class_map.path):
        class_count = len(read_class_map(class_map.data, CLASS_COUNT))
    report("proving the result in TFLM and LiteRT")
    with _naming(source.path):
        proof = prove(source.data, body, candidate, audio)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        notice=NOTICE,
        tool=Tool("yamnet-tools", __version__),
        source=_source_info(source),
        model=model_info(candidate.model, candidate.data, head_range),
        class_map=ClassMapInfo(CLASS_MAP_NAME, class_map.sha256, class_map.known, class_count),
        proof=_proof_info(proof),
    )
    return _write(out_dir, candidate, class_map, manifest, proof)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Begin the text of a ModelError with the name of the file it is about."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _refusal(source: SourceFile) -> str:
    """Why a file with another hash is refused: what it is, as far as that can be told, and the two hashes."""
    hashes = f"its SHA-256 is {source.sha256}, Google's file has {WEIGHTS.sha256}"
    try:
        refuse_damaged_copy(graft(find_body(read_model(source.data)), None))
    except ModelError as error:
        return f"{source.path}: {error}; {hashes}"
    return f"{source.path}: not Google's published file: {hashes}; --allow-unknown converts it anyway"


def _candidate(body: Body, head_range: float | None) -> Candidate:
    metadata = {front_end.METADATA_NAME: front_end.encode(LogMelSpec.profile(PROFILE))}
    plain = replace(graft(body, None), metadata=metadata)
    refuse_damaged_copy(plain)
    model = plain if head_range is None else replace(graft(body, head_range), metadata=metadata)
    return Candidate(model, write_model(model), plain, write_model(plain))


def _source_info(source: SourceFile) -> Source:
    return Source(
        route="graft",
        file=source.path.name,
        found_in=source.found_in,
        sha256=source.sha256,
        size_bytes=len(source.data),
        known=source.known,
        urls=list(WEIGHTS.urls) if source.known else [],
    )


def model_info(model: Model, data: bytes, head_range: float | None) -> ModelInfo:
    """What the manifest says of a model and its file."""
    return ModelInfo(
        file=MODEL_NAME,
        sha256=sha256_hex(data),
        size_bytes=len(data),
        input=_tensor_info(model, model.inputs[0]),
        output=_tensor_info(model, model.outputs[0]),
        head_range=head_range,
        operators=model.operator_counts(),
        front_end=front_end.describe(front_end.decode(model.metadata)),
    )


def _tensor_info(model: Model, index: int) -> TensorInfo:
    tensor = model.tensors[index]
    quantization = activation_quantization(tensor)
    return TensorInfo(
        tensor.name, TensorType(tensor.type).name, list(tensor.shape), quantization.scale, quantization.zero_point
    )


def _proof_info(proof: Proof) -> ProofInfo:
    return ProofInfo(
        tflm_arena_bytes=proof.arena_bytes,
        pointer_bits=8 * struct.calcsize("P"),
        patches=proof.patches,
        top_class_equal=proof.top_equal,
        largest_probability_difference=round(proof.probability_difference, 6),
        largest_log_mel_difference=round(proof.front_end_difference, 6),
    )


def _write(
    out_dir: Path, candidate: Candidate, class_map: SourceFile, manifest: Manifest, proof: Proof
) -> ConversionResult:
    result = ConversionResult(out_dir / MODEL_NAME, out_dir / CLASS_MAP_NAME, out_dir / MANIFEST_NAME, manifest, proof)
    write_outputs(out_dir, candidate.data, class_map.data, manifest)
    return result


def refuse_folders(out_dir: Path) -> None:
    """Raise SourceError if a folder is where a file is to be written."""
    for name in OUTPUT_NAMES:
        if (out_dir / name).is_dir():
            raise SourceError(f"{out_dir / name}: a folder is in the way")


def write_outputs(out_dir: Path, model: bytes, class_map: bytes, manifest: Manifest) -> None:
    """Write all three files beside their targets first, so that a full disk leaves the targets as they were."""
    with ExitStack() as stack:
        for name, data in ((MANIFEST_NAME, manifest.to_json()), (CLASS_MAP_NAME, class_map), (MODEL_NAME, model)):
            stack.enter_context(replacing(out_dir / name)).write_bytes(data)
