# SPDX-License-Identifier: Apache-2.0
"""The proof: it finds a model that is not the source's network, and survives what interpreters do not."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.model import sandbox
from yamnet_tools.model.graft import Body, find_body, graft
from yamnet_tools.model.tflite import Model
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.model.verify import Candidate, prove
from yamnet_tools.probe_audio import PATCH_SAMPLES, front_end_probes, sound_probes

pytestmark = pytest.mark.slow


def candidate_of(plain: Model, model: Model) -> Candidate:
    return Candidate(model, write_model(model), plain, write_model(plain))


def with_weight(model: Model, name: str, position: int, value: int) -> Model:
    """Change one int8 weight."""
    tensors = list(model.tensors)
    [index] = [i for i, tensor in enumerate(tensors) if tensor.name == name]
    data = tensors[index].data
    assert data is not None
    data = data.copy()
    assert data.view(np.int8)[position] != value
    data.view(np.int8)[position] = value
    tensors[index] = replace(tensors[index], data=data)
    return replace(model, tensors=tuple(tensors))


def test_one_wrong_weight_of_the_network_is_found(source_bytes: bytes) -> None:
    body = find_body(read_model(source_bytes))
    plain = with_weight(graft(body, None), "layer2/pointwise_conv/weights", 100, 90)
    with pytest.raises(ModelError, match="differs from the source's in"):
        prove(source_bytes, body, candidate_of(plain, graft(body)))


def test_candidate_with_another_head_than_its_plain_twin_is_found(source_bytes: bytes) -> None:
    """Classes exchanged: each engine agrees with the other, but the sounds are called something else."""
    body = find_body(read_model(source_bytes))
    plain, model = graft(body, None), graft(body)
    tensors = list(model.tensors)
    for name in ("logits/weights", "logits/bias"):
        [index] = [i for i, tensor in enumerate(tensors) if tensor.name == name]
        data = tensors[index].data
        assert data is not None
        rolled = np.roll(data.reshape(521, -1), 1, axis=0).reshape(-1)
        tensors[index] = replace(tensors[index], data=rolled)
    with pytest.raises(ModelError, match=r"top class is|probabilities differ"):
        prove(source_bytes, body, candidate_of(plain, replace(model, tensors=tuple(tensors))))


@pytest.fixture(scope="module")
def seen(source_bytes: bytes) -> tuple[Body, Candidate, sandbox.TrialResult]:
    """What a real trial of the right model brings back."""
    body = find_body(read_model(source_bytes))
    candidate = candidate_of(graft(body, None), graft(body))
    results = []

    def run_and_keep(trial: sandbox.Trial, timeout_s: float) -> sandbox.TrialResult:
        results.append(sandbox.run_trial(trial, timeout_s))
        return results[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("yamnet_tools.model.verify.run_trial", run_and_keep)
        prove(source_bytes, body, candidate)
    return body, candidate, results[0]


def louder(scores: np.ndarray) -> np.ndarray:
    """One class of the last patch raised to the top."""
    raised = scores.copy()
    raised[-1, int(raised[-1].argmin())] = 127
    return raised


@pytest.mark.parametrize(
    ("field", "change", "text"),
    [
        ("source_log_mel", lambda a: np.concatenate([a[:3], a[3:4] + np.float32(0.002), a[4:]]), "front end is not"),
        ("source_log_mel", lambda a: np.concatenate([a[:-1], a[-1:] + np.float32(0.02)]), "front end is not"),
        ("source_log_mel", lambda a: np.full_like(a, np.nan), "front end is not"),
        ("source_patches", lambda a: np.clip(a.astype(int) + 2, -128, 127).astype(np.int8), r"by [23] steps"),
        ("plain_scores", louder, "differs from the source's in 1 outputs"),
        ("litert_scores", louder, "TFLM and LiteRT compute"),
    ],
)
def test_each_stage_that_differs_is_named(
    field: str,
    change: Callable[[np.ndarray], np.ndarray],
    text: str,
    seen: tuple[Body, Candidate, sandbox.TrialResult],
    source_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body, candidate, result = seen
    changed = replace(result, **{field: change(getattr(result, field))})
    monkeypatch.setattr("yamnet_tools.model.verify.run_trial", lambda *_, **__: changed)
    with pytest.raises(ModelError, match=text):
        prove(source_bytes, body, candidate)


def test_another_top_class_is_named(
    seen: tuple[Body, Candidate, sandbox.TrialResult], source_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, candidate, result = seen
    changed = replace(result, tflm_scores=louder(result.tflm_scores), litert_scores=louder(result.litert_scores))
    monkeypatch.setattr("yamnet_tools.model.verify.run_trial", lambda *_, **__: changed)
    with pytest.raises(ModelError, match="on 'voice in noise' the grafted model's top class is"):
        prove(source_bytes, body, candidate)


def test_probabilities_too_far_off_are_named(
    seen: tuple[Body, Candidate, sandbox.TrialResult], source_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The top class stays, a middling one vanishes."""
    body, candidate, result = seen
    scores = result.tflm_scores.copy()
    patch, middling = np.argwhere((scores > -70) & (scores < scores.max(axis=1, keepdims=True)))[0]
    scores[patch, middling] = -128
    changed = replace(result, tflm_scores=scores, litert_scores=scores)
    monkeypatch.setattr("yamnet_tools.model.verify.run_trial", lambda *_, **__: changed)
    with pytest.raises(ModelError, match="probabilities differ from the source's by up to 0"):
        prove(source_bytes, body, candidate)


def trial(source_bytes: bytes, **changes: object) -> sandbox.Trial:
    body = find_body(read_model(source_bytes))
    plain = write_model(graft(body, None))
    whole = sandbox.Trial(
        source=source_bytes,
        source_tensors=sandbox.SourceTensors(body.waveform, body.log_mel, body.patch, body.scores),
        plain=plain,
        candidate=plain,
        windows=np.zeros((1, PATCH_SAMPLES), np.int16),
        patches=np.zeros((1, 96, 64), np.int8),
    )
    return replace(whole, **changes)


def test_trial_that_does_not_end_is_stopped(source_bytes: bytes) -> None:
    with pytest.raises(ModelError, match="did not end within"):
        sandbox.run_trial(trial(source_bytes), timeout_s=0.2)


def test_trial_that_crashes_is_reported(source_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def crash(arguments: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        code = f"import os; os.kill(os.getpid(), {signal.SIGSEGV})"
        return run([arguments[0], "-c", code], **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "run", crash)
    with pytest.raises(ModelError, match=r"crashed \(SIGSEGV\)"):
        sandbox.run_trial(trial(source_bytes), timeout_s=60)


def test_trial_that_an_interpreter_refuses_says_which(source_bytes: bytes) -> None:
    with pytest.raises(ModelError, match="running the source model in LiteRT failed"):
        sandbox.run_trial(trial(source_bytes, source=b"nothing"), timeout_s=60)


LIMITS = """
import resource
from yamnet_tools.model import sandbox_child
sandbox_child._limit_resources()
print(*(resource.getrlimit(limit)[0] for limit in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)))
"""


def test_trial_has_its_memory_and_files_limited() -> None:
    limits = subprocess.run([sys.executable, "-c", LIMITS], capture_output=True, text=True, check=True)
    assert limits.stdout.split() == [str(sandbox.MEMORY_LIMIT_BYTES), str(sandbox.FILE_LIMIT_BYTES), "0"]


def test_trial_leaves_no_files(source_bytes: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sandbox.run_trial(trial(source_bytes), timeout_s=60)
    with pytest.raises(ModelError):
        sandbox.run_trial(trial(source_bytes, source=b"nothing"), timeout_s=60)
    assert list(tmp_path.iterdir()) == []


def test_probe_clicks_visit_nearly_every_sample_of_the_window_alone() -> None:
    positions = set()
    for probe in front_end_probes():
        if not probe.name.startswith("clicks"):
            continue
        for frame in range(96):
            inside = np.flatnonzero(probe.pcm[frame * 160 : frame * 160 + 400])
            assert inside.size <= 1
            positions.update(inside.tolist())
    assert len(positions) >= 395


def test_probes_are_loud_and_long_enough() -> None:
    for probe in front_end_probes() + sound_probes():
        assert probe.pcm.dtype == np.int16
        assert probe.pcm.size >= PATCH_SAMPLES
        assert probe.name == "silence" or np.abs(probe.pcm.astype(int)).max() > 30, probe.name
