# SPDX-License-Identifier: Apache-2.0
"""From float weights to the three files the device needs, kept only once they are proved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from device_core import LogMelSpec
from yamnet_tools import __version__
from yamnet_tools.errors import ModelError
from yamnet_tools.files import refuse_overwriting, sha256_hex, sha256_of_file, write_bytes
from yamnet_tools.model import front_end
from yamnet_tools.model.class_map import read_class_map
from yamnet_tools.model.conversion import OUTPUT_NAMES, model_info, refuse_folders, write_outputs
from yamnet_tools.model.manifest import (
    FORMAT_VERSION,
    QUANTISED_NOTICE,
    ClassMapInfo,
    Manifest,
    ProofInfo,
    Source,
    Tool,
)
from yamnet_tools.model.source import Search, find_class_map
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.paths import CLASS_MAP_NAME, MODEL_DIR, MODEL_NAME
from yamnet_tools.probe_audio import Probe
from yamnet_tools.quantise.calibration_pool import calibration_pool, require_pytorch
from yamnet_tools.quantise.checkpoints import Checkpoints, Partial, pack_network, unpack_network
from yamnet_tools.quantise.float_model import float_model
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.float_source import H5_URL, FloatSource, find_float_weights
from yamnet_tools.quantise.head import load_head, with_head
from yamnet_tools.quantise.int8_network import Int8Network, to_model
from yamnet_tools.quantise.known_answer import check_known_answers
from yamnet_tools.quantise.programs import programs_digest
from yamnet_tools.quantise.proof import QuantisationProof, prove_quantised
from yamnet_tools.quantise.quantiser import HEAD_HIGH, Recipe, quantise
from yamnet_tools.quantise.training import Settings
from yamnet_tools.quantise.tuning import tune

PROFILE = "yamnet"
DEFAULT_CALIBRATION = 1500
DEFAULT_STEPS = 0
LEARNING_RATE = 0.002
"""Of latent weights, in steps of int8; see docs/quantising.md for what others did."""

FLOAT_NAME = "yamnet_float.tflite"


@dataclass(frozen=True)
class QuantisationResult:
    """The model that was written and what was measured."""

    model: Path
    manifest: Manifest
    proof: QuantisationProof


def convert_float(
    weights: Path | None = None,
    out_dir: Path = MODEL_DIR,
    *,
    audio_dir: Path | None = None,
    calibration_count: int = DEFAULT_CALIBRATION,
    seed: int = 0,
    head: Path | None = None,
    tuning_steps: int = DEFAULT_STEPS,
    keep_float: bool = False,
    offline: bool = False,
    audio: Sequence[Probe] = (),
    report: Callable[[str], None] = lambda _: None,
) -> QuantisationResult:
    """Make yamnet.tflite, yamnet_class_map.csv and manifest.json in `out_dir` from float weights.

    Nothing in `out_dir` changes unless everything succeeds. A run that was stopped goes on where it was when it is
    started again with the same arguments.

    Args:
        weights: yamnet.h5 or the folded .npz, or a folder with one; by default it is searched for.
        out_dir: made if it does not exist.
        audio_dir: recordings to calibrate on besides made-up sounds.
        calibration_count: patches of recordings, and of made-up sounds, to calibrate on.
        seed: of everything drawn at random.
        head: an .npz with another classifier (see yamnet_tools.quantise.head).
        tuning_steps: of fine-tuning against the float network; 0 leaves it out.
        keep_float: also write yamnet_float.tflite, the float network that the int8 one stands for.
        offline: never download the class map.
        audio: recordings to prove the result on, besides the built-in sounds.
        report: takes lines of progress for people.

    Raises:
        SourceError: weights or class map cannot be found, or h5py or PyTorch is missing.
        ModelError: the weights are not YAMNet's, do not work, or do not survive.
        AudioError: no recording in `audio_dir` can be read.
        OutputError: the model would overwrite its source.
        OSError: a file cannot be read or written.
    """
    refuse_folders(out_dir)
    require_pytorch()
    source = find_float_weights(weights)
    inputs = [source.path] if head is None else [source.path, head]
    refuse_overwriting((out_dir / name for name in (*OUTPUT_NAMES, FLOAT_NAME)), inputs)
    spec = LogMelSpec.profile(PROFILE)
    what = "Google's published file" if source.known else "not a published file; its own layers are all there"
    report(f"source: {source.path} ({source.found_in}), {what}, SHA-256 {source.sha256}")
    check_known_answers(source.network, spec, report)
    network, class_map, map_known = _classes(source, head, Search(weights, offline, report=report))
    checkpoints = Checkpoints(_job(source, head, audio_dir, calibration_count, seed, tuning_steps))

    def calibrate(partial: Partial) -> dict[str, np.ndarray]:
        return {"patches": calibration_pool(network, audio_dir, calibration_count, seed, spec, report, partial)}

    def quantised(partial: Partial) -> dict[str, np.ndarray]:
        return pack_network(quantise(network, patches, Recipe(), seed=seed, report=report, partial=partial))

    patches = checkpoints.stage("calibration", calibrate, report)["patches"].astype(np.float32)
    made: Int8Network = unpack_network(checkpoints.stage("rounded", quantised, report), network)
    if tuning_steps:
        made = tune(made, network, patches, Settings(tuning_steps, LEARNING_RATE, seed), checkpoints, report)
    metadata = {front_end.METADATA_NAME: front_end.encode(spec)}
    model = to_model(made, _description(network), metadata)
    data = write_model(model)
    report("proving the result in TFLM and LiteRT")
    proof = prove_quantised(data, class_map, network, spec, audio, unheard_seed=seed + 1)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        notice=QUANTISED_NOTICE,
        tool=Tool("yamnet-tools", __version__),
        source=Source(
            "keras", source.path.name, source.found_in, source.sha256, source.size, source.known,
            [H5_URL] if source.known else [],
        ),
        model=model_info(model, data, HEAD_HIGH),
        class_map=ClassMapInfo(CLASS_MAP_NAME, sha256_hex(class_map), map_known, network.class_count),
        proof=_proof_info(proof),
    )  # fmt: skip
    if keep_float:
        write_bytes(out_dir / FLOAT_NAME, write_model(float_model(network, metadata)))
    write_outputs(out_dir, data, class_map, manifest)
    checkpoints.remove()
    return QuantisationResult(out_dir / MODEL_NAME, manifest, proof)


def _classes(source: FloatSource, head: Path | None, search: Search) -> tuple[FloatNetwork, bytes, bool]:
    """The network with the classifier that was asked for, its class map's bytes, and whether that is Google's."""
    if head is not None:
        loaded = load_head(head)
        return with_head(source.network, loaded), loaded.class_map(), False
    found = find_class_map(replace(search, named=source.path))
    try:
        read_class_map(found.data, source.network.class_count)
    except ModelError as error:
        raise ModelError(f"{found.path}: {error}; put the classes' own {CLASS_MAP_NAME} beside the weights") from error
    return source.network, found.data, found.known


def _job(
    source: FloatSource, head: Path | None, audio_dir: Path | None, count: int, seed: int, steps: int
) -> dict[str, object]:
    """All that decides the result."""
    return {
        "programs": programs_digest(),
        "weights": source.sha256,
        "head": None if head is None else sha256_of_file(head),
        "audio": None if audio_dir is None else str(audio_dir.resolve()),
        "count": count,
        "seed": seed,
        "steps": steps,
    }


def _description(network: FloatNetwork) -> str:
    return f"YAMNet (weights Google's or derived, Apache-2.0), quantised: int8 log-mel patch [1, 96, 64] to {network.class_count} probabilities"  # noqa: E501


def _proof_info(proof: QuantisationProof) -> ProofInfo:
    return ProofInfo(
        tflm_arena_bytes=proof.arena_bytes,
        pointer_bits=proof.pointer_bits,
        patches=proof.patches,
        top_class_equal=proof.top_equal,
        largest_probability_difference=round(proof.probability_difference, 6),
        largest_log_mel_difference=None,
    )
