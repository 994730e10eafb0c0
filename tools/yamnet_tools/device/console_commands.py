# SPDX-License-Identifier: Apache-2.0
"""What only the serial console can do, as tools/device.py prints it: score, profile, self-test, compare."""

import argparse
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yamnet_tools import cli
from yamnet_tools.audio import SAMPLE_RATE, PcmBlock, find_recordings, read_recording
from yamnet_tools.classify.scoring import score
from yamnet_tools.device.answers import PcmPatch, Scored
from yamnet_tools.device.client import Device
from yamnet_tools.device.compare import compare_clips
from yamnet_tools.engines import open_engine
from yamnet_tools.errors import DeviceError, TruncatedError
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.network import INPUT_SHAPE

Int8 = npt.NDArray[np.int8]
_PATCH_SHAPE = INPUT_SHAPE[1:]
_PATCH_FILES = (".npz", ".npy", ".bin")
_TOP = 5


def run_score(device: Device, options: argparse.Namespace) -> int:
    """Print the scores of recordings or patches."""
    model = load_model(options.model)
    cut_short: list[TruncatedError] = []
    for path in options.files:
        for number, scored in enumerate(_scored(device, path, model, cut_short.append)):
            if options.json:
                record = {"file": str(path), "patch": number, "scores": scored.scores.tolist()}
                print(json.dumps(record | {"invoke_us": scored.invoke_us}), flush=True)
            else:
                place = f"{scored.start_sample / SAMPLE_RATE:.2f} s" if isinstance(scored, PcmPatch) else number
                top = _top(scored.scores, model)
                print(f"{path} patch {place}: {top} ({scored.invoke_us / 1000:.1f} ms)", flush=True)
    return _whole(cut_short)


def _scored(
    device: Device, path: Path, model: YamnetModel, cut_short: Callable[[TruncatedError], object]
) -> Iterator[Scored | PcmPatch]:
    """The device's scores of a file of patches, or of the patches that it cuts from a recording."""
    if path.suffix in _PATCH_FILES:
        yield from map(device.score, _read_patches(path))
    else:
        pcm = read_recording(str(path), cut_short)
        missing = model.front_end.patch_samples - len(pcm)  # of a first patch: padded as classify.py does
        yield from device.pcm(np.pad(pcm, (0, max(0, missing))))


def _whole(cut_short: Sequence[TruncatedError]) -> int:
    """Say what was not heard to its end; the exit code."""
    for error in cut_short:
        cli.say(f"{error}; heard as far as it goes")
    return cli.EXIT_FAILED if cut_short else cli.EXIT_OK


def _read_patches(path: Path) -> Int8:
    """Patches of a file, int8 [n, 96, 64]."""
    try:
        if path.suffix == ".bin":
            patches = np.frombuffer(path.read_bytes(), np.int8)
        else:
            loaded = np.load(path, allow_pickle=False)  # what is in it decides, not its name
            patches = loaded if isinstance(loaded, np.ndarray) else np.asarray(loaded["patches"])
        if patches.dtype != np.int8 or patches.size == 0:
            raise ValueError(f"{patches.size} values of {patches.dtype}")
        return np.ascontiguousarray(patches.reshape(-1, *_PATCH_SHAPE))
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DeviceError(f"{path}: no patches, int8 [n, 96, 64], in it: {error}") from error


def _top(scores: Int8, model: YamnetModel) -> str:
    scale, zero_point = model.output_quantization
    best = np.argsort(-scores.astype(int), kind="stable")[:_TOP]
    return ", ".join(f"{model.class_names[i]} {scale * (int(scores[i]) - zero_point):.2f}" for i in best)


def run_profile(device: Device, options: argparse.Namespace) -> int:
    """Print the cost of each operator."""
    profile = device.profile()
    if options.json:
        print(json.dumps(asdict(profile)))
        return cli.EXIT_OK
    for cost in profile.ops:
        print(f"{cost.index:>3} {cost.op:<20} {cost.cycles:>13,} {100 * cost.share:5.1f} %")
    totals: dict[str, int] = {}
    for cost in profile.ops:
        totals[cost.op] = totals.get(cost.op, 0) + cost.cycles
    for op, cycles in sorted(totals.items(), key=lambda item: -item[1]):
        print(f"all {op:<20} {cycles:>13,} {100 * cycles / max(1, profile.total_cycles):5.1f} %")
    print(f"    {'in all':<20} {profile.total_cycles:>13,} cycles, {profile.total_us / 1000:.1f} ms")
    return cli.EXIT_OK


def run_selftest(device: Device, options: argparse.Namespace) -> int:
    """Print how the stored patch scores now."""
    result = device.selftest()
    if options.json:
        print(json.dumps(asdict(result)))
    elif result.passed:
        print(f"passed: all outputs as stored ({result.invoke_us / 1000:.1f} ms)")
    else:
        print(f"FAILED: {result.differing_outputs} outputs differ, by up to {result.largest_difference} of 255 steps")
    return cli.EXIT_OK if result.passed else cli.EXIT_FAILED


def run_compare(device: Device, options: argparse.Namespace) -> int:
    """Print how the device's scores of recordings differ from the host's."""
    model = load_model(options.model)
    engine = open_engine("tflm", model)
    there = device.info().model_sha256
    if there != model.sha256:
        cli.say(f"warning: the device's model is {there}, the host's {model.sha256}: {options.model}")
    all_equal = True
    cut_short: list[TruncatedError] = []
    for place in options.clips:
        for name in find_recordings(place):
            heard = PcmBlock(0, read_recording(name, cut_short.append))
            steps = list(score(iter([heard]), model, engine))
            pcm = np.concatenate([step.audio.samples for step in steps])
            host = (
                (int(start), patch, scores)
                for step in steps
                for start, patch, scores in zip(step.starts, step.patches, step.scores, strict=True)
            )
            result = compare_clips(host, _device_patches(device, pcm), model.class_names, model.output_quantization)
            record = {"file": name, "equal": result.equal} | asdict(result)
            print(json.dumps(record) if options.json else f"{name}: {result}", flush=True)
            all_equal = all_equal and result.equal
    whole = _whole(cut_short)
    return whole if all_equal else cli.EXIT_FAILED


def _device_patches(device: Device, pcm: npt.NDArray[np.int16]) -> Iterator[tuple[int, Int8, Int8]]:
    for patch in device.pcm(pcm):
        yield patch.start_sample, patch.patch, patch.scores
