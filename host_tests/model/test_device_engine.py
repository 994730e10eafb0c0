# SPDX-License-Identifier: Apache-2.0
"""The device's arithmetic on a PC, with each kind of kernels this processor can run, against TensorFlow Lite Micro."""

import threading
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

import device_core
from random_network import random_network
from yamnet_tools.model import ConversionResult
from yamnet_tools.probe_patches import made_up_patches

KERNELS = device_core.DeviceEngine.kernel_names()
CHECKOUT = Path(__file__).resolve().parents[2]


def tflm_scores(model: bytes, patches: np.ndarray) -> np.ndarray:
    """What TFLM's reference kernels give, int8 [n, classes]."""
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    scores = []
    for patch in patches:
        interpreter.set_input(patch[np.newaxis], 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0)[0])
    return np.stack(scores)


@pytest.fixture(scope="module")
def model(converted: ConversionResult) -> bytes:
    return converted.model.read_bytes()


@pytest.fixture(scope="module")
def patches(model: bytes) -> np.ndarray:
    """Of the examples' sounds and of none."""
    checked = device_core.check_model(model)
    stream = device_core.PatchStream(checked["front_end"], *checked["input"])
    heard = []
    for clip in sorted((CHECKOUT / "examples" / "audio").glob("*.wav")):
        stream.reset()
        pcm = np.frombuffer(clip.read_bytes(), np.int16)  # the header is a click
        heard.append(stream.feed(pcm)[0][::4])
    return np.concatenate([*heard, made_up_patches(60, seed=1)])


@pytest.fixture(scope="module")
def expected(model: bytes, patches: np.ndarray) -> np.ndarray:
    return tflm_scores(model, patches)


@pytest.mark.parametrize("kernels", KERNELS)
def test_scores_are_those_of_the_reference_kernels(
    model: bytes, patches: np.ndarray, expected: np.ndarray, kernels: str
) -> None:
    assert len(patches) > 70
    engine = device_core.DeviceEngine(model, kernels)
    assert (engine.kernels, engine.classes) == (kernels, 521)
    np.testing.assert_array_equal(engine.score(patches), expected)


@pytest.mark.parametrize(
    ("seed", "classes", "usual"),
    [(0, 521, True), (1, 521, False), (2, 40, False), (3, 549, False), (17, 3, False), (11, 1, False)],
)
def test_any_network_any_head_any_quantisation(seed: int, classes: int, usual: bool) -> None:
    """Made-up weights, so that this runs where there are none of Google's."""
    model = random_network(seed, classes, usual=usual)
    patches = made_up_patches(12, seed)
    expected = tflm_scores(model, patches)
    assert expected.shape == (12, classes)
    assert len(np.unique(expected, axis=0)) > 1
    for kernels in KERNELS:
        found = device_core.DeviceEngine(model, kernels).score(patches)
        np.testing.assert_array_equal(found, expected, err_msg=kernels)


def test_neither_batches_nor_cores_matter(model: bytes, patches: np.ndarray, expected: np.ndarray) -> None:
    engine = device_core.DeviceEngine(model)
    for count in (0, 1, 2, 7, 8, 9, 17, len(patches)):
        for threads in (1, 2, 5):
            np.testing.assert_array_equal(engine.score(patches[:count], threads), expected[:count])
    assert engine.score(patches[:1], 0).shape == (1, 521)


def test_one_engine_serves_several_threads(model: bytes, patches: np.ndarray, expected: np.ndarray) -> None:
    engine = device_core.DeviceEngine(model)
    found: dict[int, np.ndarray] = {}

    def score(index: int) -> None:
        found[index] = engine.score(patches, 2)

    threads = [threading.Thread(target=score, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for scores in found.values():
        np.testing.assert_array_equal(scores, expected)


def test_what_it_cannot_run_is_named(model: bytes) -> None:
    with pytest.raises(ValueError, match="this processor has no 'abacus'"):
        device_core.DeviceEngine(model, "abacus")
    with pytest.raises(ValueError, match="damaged"):
        device_core.DeviceEngine(model[:1000])
    with pytest.raises(ValueError, match="not a TensorFlow Lite file"):
        device_core.DeviceEngine(b"")
