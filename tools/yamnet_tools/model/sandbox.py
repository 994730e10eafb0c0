# SPDX-License-Identifier: Apache-2.0
"""Runs interpreters on models nobody vouches for, where a crash or a hang hurts nobody.

LiteRT and TFLM trust a model's bytes. A damaged one can make them read outside their memory, loop, or allocate without
end, so they run in a child process with limits on time, memory and file size.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError
from yamnet_tools.files import naming

MEMORY_LIMIT_BYTES = 4 << 30
"""Address space, of which interpreters and NumPy map far more than they use."""

FILE_LIMIT_BYTES = 256 << 20
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

# What parent and child find in the folder they share.
SOURCE_NAME, PLAIN_NAME, CANDIDATE_NAME = "source.tflite", "plain.tflite", "candidate.tflite"
JOB_NAME = "job.json"
STAGE_NAME = "stage.txt"
INPUTS_NAME = "inputs.npz"
OUTPUTS_NAME = "outputs.npz"


@dataclass(frozen=True)
class SourceTensors:
    """Where to find, in the source model, what the front end and the body compute (indices of tensors)."""

    waveform: int
    log_mel: int
    patch: int
    scores: int


@dataclass(frozen=True)
class Trial:
    """What the child runs.

    Attributes:
        source: the waveform model's bytes, run by LiteRT's integer kernels on `windows`.
        source_tensors: indices into it.
        plain: the grafted model with the source's own head, run by the same kernels on the source's patches.
        candidate: the model to be kept, run by LiteRT's reference kernels and by TFLM on `patches`.
        windows: int16 [n, 15600].
        patches: int8 [m, 96, 64].
    """

    source: bytes
    source_tensors: SourceTensors
    plain: bytes
    candidate: bytes
    windows: npt.NDArray[np.int16]
    patches: npt.NDArray[np.int8]


@dataclass(frozen=True)
class TrialResult:
    """What the child saw of n windows and m patches.

    Attributes:
        source_log_mel: float32 [n, 96, 64].
        source_patches: int8 [n, 96, 64].
        source_scores, plain_scores: int8 [n, 521].
        litert_scores, tflm_scores: int8 [m, 521].
        arena_bytes: the least that TFLM's arena can have.
    """

    source_log_mel: npt.NDArray[np.float32]
    source_patches: npt.NDArray[np.int8]
    source_scores: npt.NDArray[np.int8]
    plain_scores: npt.NDArray[np.int8]
    litert_scores: npt.NDArray[np.int8]
    tflm_scores: npt.NDArray[np.int8]
    arena_bytes: int


def run_trial(trial: Trial, timeout_s: float) -> TrialResult:
    """Run a trial in a child process.

    Raises:
        ModelError: an interpreter refused a model, crashed, or did not end in time; the text says which and where.
    """
    with tempfile.TemporaryDirectory(prefix="yamnet-trial-") as name:
        folder = Path(name)
        with naming(folder):
            (folder / SOURCE_NAME).write_bytes(trial.source)
            (folder / PLAIN_NAME).write_bytes(trial.plain)
            (folder / CANDIDATE_NAME).write_bytes(trial.candidate)
            (folder / JOB_NAME).write_text(json.dumps(asdict(trial.source_tensors)))
            np.savez(folder / INPUTS_NAME, windows=trial.windows, patches=trial.patches)
        _run_child(folder, timeout_s)
        return _read_result(folder, trial)


def _run_child(folder: Path, timeout_s: float) -> None:
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    # The child finds this package also where a script runs from a checkout that was never installed.
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH")]))
    log = folder / "log.txt"
    with log.open("wb") as stream:
        try:
            code = subprocess.run(
                [sys.executable, "-m", "yamnet_tools.model.sandbox_child", str(folder)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                timeout=timeout_s,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise ModelError(f"damaged: {_stage(folder)} did not end within {timeout_s:.0f} s") from None
    if code < 0:
        raise ModelError(f"damaged: {_stage(folder)} crashed ({_signal_name(-code)})")
    if code:
        raise ModelError(f"{_stage(folder)} failed: {_last_line(log)}")


def _stage(folder: Path) -> str:
    stage = folder / STAGE_NAME
    return stage.read_text() if stage.exists() else "starting the trial"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(log: Path) -> str:
    lines = log.read_bytes()[-4096:].decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def _read_result(folder: Path, trial: Trial) -> TrialResult:
    """Load the child's arrays and check their shapes and types, in which a damaged model may have had a say."""
    n, m = len(trial.windows), len(trial.patches)
    expected = {
        "source_log_mel": (np.float32, (n, 96, 64)),
        "source_patches": (np.int8, (n, 96, 64)),
        "source_scores": (np.int8, (n, 521)),
        "plain_scores": (np.int8, (n, 521)),
        "litert_scores": (np.int8, (m, 521)),
        "tflm_scores": (np.int8, (m, 521)),
        "arena_bytes": (np.int64, ()),
    }
    with np.load(folder / OUTPUTS_NAME, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in expected}
    for key, (dtype, shape) in expected.items():
        if arrays[key].dtype != dtype or arrays[key].shape != shape:
            raise ModelError(f"damaged: {key} came out as {arrays[key].dtype} {list(arrays[key].shape)}")
    arena_bytes = int(arrays.pop("arena_bytes"))
    return TrialResult(**arrays, arena_bytes=arena_bytes)
