# SPDX-License-Identifier: Apache-2.0
"""Log-mel and int8 patches against the front part of Google's own .tflite, tensor by tensor."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import device_core
from conftest import SOURCE_NAME

WAVEFORM_SAMPLES = 15_600
LOG_TENSOR, QUANTIZED_TENSOR = "log_mel_spectrogram", "tfl.quantize"


class GoogleFrontEnd:
    """Google's waveform model, asked for what lies between its front end and its network."""

    def __init__(self, model: Path) -> None:
        self.interpreter = Interpreter(
            str(model),
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        self.interpreter.allocate_tensors()
        self.details = {detail["name"]: detail for detail in self.interpreter.get_tensor_details()}
        self.input = self.interpreter.get_input_details()[0]["index"]

    def __call__(self, pcm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.interpreter.set_tensor(self.input, (pcm / 32768.0).astype(np.float32))
        self.interpreter.invoke()
        log_mel = self.interpreter.get_tensor(self.details[LOG_TENSOR]["index"])
        return log_mel, self.interpreter.get_tensor(self.details[QUANTIZED_TENSOR]["index"])[0]


@pytest.fixture(scope="module")
def google(weights_dir: Path) -> GoogleFrontEnd:
    return GoogleFrontEnd(weights_dir / SOURCE_NAME)


def test_log_mel_and_patches_equal_googles_graph(google: GoogleFrontEnd, shared_clips: list[Path]) -> None:
    spec = device_core.LogMelSpec.profile("yamnet")
    scale, zero_point = google.details[QUANTIZED_TENSOR]["quantization"]
    equal = total = 0
    for clip in shared_clips:
        pcm, rate = soundfile.read(clip, dtype="int16")
        assert rate == spec.sample_rate_hz
        for start in range(0, min(len(pcm), 6 * WAVEFORM_SAMPLES) - WAVEFORM_SAMPLES + 1, WAVEFORM_SAMPLES):
            part = pcm[start : start + WAVEFORM_SAMPLES]
            log_mel, quantized = google(part)
            # Google's graph is float32: its own noise reaches a few 1e-3 below loud tones (see test_definition.py).
            np.testing.assert_allclose(device_core.log_mel(part, spec), log_mel, atol=5e-3, rtol=0, err_msg=str(clip))
            patches, _ = device_core.PatchStream(spec, scale, zero_point).feed(part)
            steps = np.abs(patches[0].astype(int) - quantized)
            assert steps.max() <= 1, clip
            equal += np.count_nonzero(steps == 0)
            total += steps.size
    assert total > 0
    assert equal / total >= 0.999
