# SPDX-License-Identifier: Apache-2.0
"""The proof that a grafted model is what it claims to be: the source's network behind the device's front end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools.errors import ModelError
from yamnet_tools.model.graft import Body, head_scale
from yamnet_tools.model.network import OUTPUT_SCALE, activation_quantization
from yamnet_tools.model.sandbox import SourceTensors, Trial, TrialResult, run_trial
from yamnet_tools.model.tflite import Model
from yamnet_tools.probe_audio import Probe, front_end_probes, sound_probes

FRONT_END_TOLERANCE = 1e-3
"""Natural-log units; a float32 FFT stays below it on the front-end probes, a wrong constant does not."""

SOUND_TOLERANCE = 1e-2
"""Natural-log units. Beside loud tones a float32 FFT, as the source has it, is off by up to 5e-3 in the quiet bands."""

_STEEPEST_SIGMOID = 0.25
_TIMEOUT_S = 60.0
_TIMEOUT_PER_WINDOW_S = 2.0


@dataclass(frozen=True)
class Proof:
    """What was compared and how far apart it was.

    Attributes:
        patches: patches scored end to end.
        arena_bytes: the least TFLM arena on this machine.
        front_end_difference: largest difference of log-mel values, natural-log units, on the front-end probes.
        top_equal: patches whose top class is (one of) the source's top class(es).
        probability_difference: largest difference from the source's probabilities, end to end.
    """

    patches: int
    arena_bytes: int
    front_end_difference: float
    top_equal: int
    probability_difference: float


@dataclass(frozen=True)
class Candidate:
    """A grafted model on trial, as values and as a file; `plain` is the same graft with the source's own head."""

    model: Model
    data: bytes
    plain: Model
    plain_data: bytes


def prove(source: bytes, body: Body, candidate: Candidate, audio: Sequence[Probe] = ()) -> Proof:
    """Run source and candidate on built-in sounds, and on `audio`, and compare them stage by stage.

    Args:
        source: the waveform model's file, from which `body` was read.
        body: the network in it.
        candidate: what was made of it.
        audio: further recordings, each at least 15,600 samples long.

    Raises:
        ModelError: an interpreter fails, or a stage differs by more than its arithmetic explains.
    """
    spec = device_core.LogMelSpec.profile("yamnet")
    front_end = _Windows(front_end_probes(), spec, candidate.model)
    sounds = _Windows([*sound_probes(), *audio], spec, candidate.model)
    windows = np.concatenate([front_end.pcm, sounds.pcm])
    trial = Trial(
        source=source,
        source_tensors=SourceTensors(body.waveform, body.log_mel, body.patch, body.scores),
        plain=candidate.plain_data,
        candidate=candidate.data,
        windows=windows,
        patches=sounds.patches,
    )
    result = run_trial(trial, timeout_s=_TIMEOUT_S + _TIMEOUT_PER_WINDOW_S * len(windows))
    count = len(front_end.pcm)
    front_end_difference = _compare_log_mel(front_end, result.source_log_mel[:count], FRONT_END_TOLERANCE)
    _compare_log_mel(sounds, result.source_log_mel[count:], SOUND_TOLERANCE)
    _compare_patches(front_end, result.source_patches[:count])
    _compare_patches(sounds, result.source_patches[count:])
    if not np.array_equal(result.plain_scores, result.source_scores):
        differing = int(np.count_nonzero(result.plain_scores != result.source_scores))
        raise ModelError(f"the grafted network differs from the source's in {differing} outputs")
    _compare_engines(result, candidate.model)
    source_scores = result.source_scores[count:]
    return Proof(
        patches=len(sounds.patches),
        arena_bytes=result.arena_bytes,
        front_end_difference=front_end_difference,
        top_equal=_compare_top(sounds, result.tflm_scores, source_scores, candidate.plain),
        probability_difference=_compare_probabilities(result.tflm_scores, source_scores, candidate),
    )


class _Windows:
    """Recordings cut where the device cuts them.

    Attributes:
        names: [n], the recording each window is from.
        pcm: int16 [n, 15600].
        log_mel: float32 [n, 96, 64], by the device's front end.
        patches: int8 [n, 96, 64], by the device's front end.
    """

    def __init__(self, probes: Sequence[Probe], spec: device_core.LogMelSpec, model: Model) -> None:
        quantization = activation_quantization(model.tensors[model.inputs[0]])
        names, pcm, log_mel, patches = [], [], [], []
        for probe in probes:
            stream = device_core.PatchStream(spec, quantization.scale, quantization.zero_point)
            probe_patches, starts = stream.feed(probe.pcm)
            frames = device_core.log_mel(probe.pcm, spec)
            patches.append(probe_patches)
            for start in starts:
                first = start // spec.frame_hop
                names.append(probe.name)
                pcm.append(probe.pcm[start : start + spec.patch_samples])
                log_mel.append(frames[first : first + spec.patch_frames])
        self.names = names
        self.pcm = np.stack(pcm)
        self.log_mel = np.stack(log_mel)
        self.patches = np.concatenate(patches)


def _compare_log_mel(windows: _Windows, source: npt.NDArray[np.float32], tolerance: float) -> float:
    differences = np.abs(source - windows.log_mel).max(axis=(1, 2))
    # A NaN in the source must not pass, so the test asks for what is right.
    wrong = np.flatnonzero(~(differences <= tolerance))
    if wrong.size:
        raise ModelError(
            f"the source's front end is not the 'yamnet' one, or damaged: on '{windows.names[wrong[0]]}' its log-mel"
            f" differs by {differences[wrong[0]]:.2g}, more than {tolerance:g}"
        )
    return float(differences.max())


def _compare_patches(windows: _Windows, source: npt.NDArray[np.int8]) -> None:
    steps = np.abs(source.astype(np.int16) - windows.patches).max(axis=(1, 2))
    if steps.max() > 1:
        name = windows.names[int(steps.argmax())]
        raise ModelError(f"the source quantises '{name}' otherwise than the device, by {steps.max()} steps")


def _compare_engines(result: TrialResult, model: Model) -> None:
    """TFLM and LiteRT's reference kernels round the last layer differently, by one logit step at most."""
    allowed = _STEEPEST_SIGMOID * head_scale(model) / OUTPUT_SCALE + 1
    steps = np.abs(result.tflm_scores.astype(np.int16) - result.litert_scores).max()
    if steps > allowed:
        raise ModelError(
            f"TFLM and LiteRT compute the grafted model {steps} steps apart; rounding explains {allowed:.0f}"
        )


def _compare_top(windows: _Windows, scores: npt.NDArray[np.int8], source: npt.NDArray[np.int8], plain: Model) -> int:
    """Count patches with the same top class; refuse one that lies more than one of the source's logit steps lower.

    The source knows few probabilities, so several classes can share its top; and patches that differ by one rounding
    step can move a logit to the next one.
    """
    is_top = scores == scores.max(axis=1, keepdims=True)
    best = source.max(axis=1)
    equal = np.any(is_top & (source == best[:, np.newaxis]), axis=1)
    levels = np.unique(_levels(plain))
    lowest = levels[np.maximum(np.searchsorted(levels, best) - 1, 0)]
    near = np.any(is_top & (source >= lowest[:, np.newaxis]), axis=1)
    wrong = np.flatnonzero(~near)
    if wrong.size:
        index = int(wrong[0])
        raise ModelError(
            f"on '{windows.names[index]}' the grafted model's top class is {scores[index].argmax()}, the source's"
            f" {source[index].argmax()}"
        )
    return int(np.count_nonzero(equal))


def _levels(model: Model) -> npt.NDArray[np.int8]:
    """The int8 probabilities that a model can give: LOGISTIC of each int8 logit, [256]."""
    quantization = activation_quantization(model.tensors[model.operators[-1].inputs[0]])
    logits = quantization.scale * (np.arange(-128, 128) - quantization.zero_point)
    levels: npt.NDArray[np.int8] = np.clip(np.round(1 / (1 + np.exp(-logits)) / OUTPUT_SCALE) - 128, -128, 127).astype(
        np.int8
    )
    return levels


def _compare_probabilities(scores: npt.NDArray[np.int8], source: npt.NDArray[np.int8], candidate: Candidate) -> float:
    """The largest difference; refuse one that the rounding of logits, their range and LOGISTIC do not explain."""
    difference = float(np.abs(scores.astype(np.int16) - source).max() * OUTPUT_SCALE)
    steps = 1.5 * head_scale(candidate.plain) + head_scale(candidate.model)
    levels, source_levels = _levels(candidate.model).astype(np.int16), _levels(candidate.plain).astype(np.int16)
    clipped = max(abs(levels.max() - source_levels.max()), abs(levels.min() - source_levels.min()))
    allowed = _STEEPEST_SIGMOID * steps + (clipped + 2) * OUTPUT_SCALE
    if difference > allowed:
        raise ModelError(
            f"probabilities differ from the source's by up to {difference:.3f}; quantisation explains {allowed:.3f}"
        )
    return difference
