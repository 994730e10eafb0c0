# SPDX-License-Identifier: Apache-2.0
"""The child process of `sandbox`: runs the models of one trial and stores what they compute.

Usage: python -m yamnet_tools.model.sandbox_child FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime as tflm

from yamnet_tools.model import sandbox
from yamnet_tools.model.arena import LARGEST_ARENA_BYTES, smallest_arena

# Ten times faster than the reference kernels, and as exact: XNNPACK, which rounds through float32, is not among them.
_OPTIMISED = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def main(folder: Path) -> None:
    """Run the trial in `folder`; an exception's last line is the reason that the parent reports."""
    _limit_resources()
    with np.load(folder / sandbox.INPUTS_NAME, allow_pickle=False) as archive:
        windows, patches = archive["windows"], archive["patches"]
    tensors = sandbox.SourceTensors(**json.loads((folder / sandbox.JOB_NAME).read_text()))
    stage = folder / sandbox.STAGE_NAME
    stage.write_text("running the source model in LiteRT")
    log_mel, source_patches, source_scores = _run_source(folder / sandbox.SOURCE_NAME, tensors, windows)
    stage.write_text("running the grafted model with the source's head in LiteRT")
    plain_scores = _run_litert(folder / sandbox.PLAIN_NAME, source_patches, _OPTIMISED)
    stage.write_text("running the grafted model in LiteRT")
    litert_scores = _run_litert(folder / sandbox.CANDIDATE_NAME, patches, OpResolverType.BUILTIN_REF)
    stage.write_text("running the grafted model in TFLM")
    candidate = (folder / sandbox.CANDIDATE_NAME).read_bytes()
    tflm_scores = _run_tflm(candidate, patches)
    arena_bytes = smallest_arena(candidate)
    np.savez(
        folder / sandbox.OUTPUTS_NAME,
        source_log_mel=log_mel,
        source_patches=source_patches,
        source_scores=source_scores,
        plain_scores=plain_scores,
        litert_scores=litert_scores,
        tflm_scores=tflm_scores,
        arena_bytes=np.int64(arena_bytes),
    )


def _limit_resources() -> None:
    """Set the limits that the operating system has; Windows has none of them."""
    try:
        import resource
    except ImportError:
        return
    for limit, value in (
        (resource.RLIMIT_AS, sandbox.MEMORY_LIMIT_BYTES),
        (resource.RLIMIT_FSIZE, sandbox.FILE_LIMIT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _litert(path: Path, kernels: OpResolverType) -> Interpreter:
    interpreter = Interpreter(
        model_path=str(path),
        num_threads=1,
        experimental_op_resolver_type=kernels,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    return interpreter


def _run_source(
    path: Path, tensors: sandbox.SourceTensors, windows: npt.NDArray[np.int16]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Log-mel [n, 96, 64], patches [n, 96, 64] and scores [n, 521] of windows [n, 15600]."""
    interpreter = _litert(path, _OPTIMISED)
    shape = interpreter.get_input_details()[0]["shape"]
    log_mel, patches, scores = [], [], []
    for window in windows:
        interpreter.set_tensor(tensors.waveform, (window / np.float32(32768)).reshape(shape))
        interpreter.invoke()
        log_mel.append(interpreter.get_tensor(tensors.log_mel))
        patches.append(interpreter.get_tensor(tensors.patch))
        scores.append(interpreter.get_tensor(tensors.scores))
    return np.concatenate(log_mel), np.concatenate(patches), np.concatenate(scores)


def _run_litert(path: Path, patches: npt.NDArray[np.int8], kernels: OpResolverType) -> npt.NDArray[np.int8]:
    """Scores [m, 521] of patches [m, 96, 64]."""
    interpreter = _litert(path, kernels)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    scores = []
    for patch in patches:
        interpreter.set_tensor(source, patch[np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target))
    return np.concatenate(scores)


def _run_tflm(model: bytes, patches: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    interpreter = tflm.Interpreter.from_bytes(model, arena_size=LARGEST_ARENA_BYTES)
    scores = []
    for patch in patches:
        interpreter.set_input(patch[np.newaxis], 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0))
    return np.concatenate(scores)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
