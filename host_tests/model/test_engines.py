# SPDX-License-Identifier: Apache-2.0
"""Engines: strict about what they take, and as far apart as they say."""

import sys
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime as tflm

import device_core
from yamnet_tools.engines import ENGINE_NAMES, open_engine
from yamnet_tools.errors import EngineError
from yamnet_tools.model import ConversionResult, YamnetModel, load_model
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model


@pytest.fixture(scope="module")
def model(converted: ConversionResult) -> YamnetModel:
    return load_model(converted.model)


@pytest.fixture(scope="module")
def patches(model: YamnetModel, shared_clips: list[Path]) -> np.ndarray:
    """One patch of each recording that is long enough, int8 [n, 96, 64]."""
    stream = device_core.PatchStream(model.front_end, *model.input_quantization)
    found = []
    for clip in shared_clips:
        with wave.open(str(clip)) as reader:
            pcm = np.frombuffer(reader.readframes(15600), np.int16)
        stream.reset()
        found.append(stream.feed(pcm)[0])
    return np.concatenate(found)


def test_tflm_scores_each_patch_as_tflm_itself_does(model: YamnetModel, patches: np.ndarray) -> None:
    scores = open_engine("tflm", model).score(patches[:6])
    assert (scores.dtype, scores.shape) == (np.int8, (6, 521))
    for patch, found in zip(patches[:6], scores, strict=True):
        interpreter = tflm.Interpreter.from_bytes(model.data, arena_size=300_000)
        interpreter.set_input(patch[np.newaxis], 0)
        interpreter.invoke()
        assert np.array_equal(interpreter.get_output(0)[0], found)


def test_litert_differs_from_tflm_by_what_the_docstring_says(model: YamnetModel, patches: np.ndarray) -> None:
    assert len(patches) >= 15
    exact = open_engine("tflm", model).score(patches).astype(int)
    fast = open_engine("litert", model).score(patches).astype(int)
    steps = np.abs(exact - fast)
    assert steps.max() <= 20
    assert np.mean(steps > 0) < 0.06
    assert np.mean(steps > 5) < 0.003
    top = fast == fast.max(axis=1, keepdims=True)
    assert np.mean((exact == exact.max(axis=1, keepdims=True))[top]) > 0.9


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_no_patches_give_no_scores(name: str, model: YamnetModel) -> None:
    engine = open_engine(name, model)
    assert engine.name == name
    assert engine.score(np.empty((0, 96, 64), np.int8)).shape == (0, 521)


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_order_and_memory_layout_do_not_matter(name: str, model: YamnetModel, patches: np.ndarray) -> None:
    engine = open_engine(name, model)
    scores = engine.score(patches[:3])
    assert np.array_equal(engine.score(patches[2::-1])[::-1], scores)
    assert np.array_equal(engine.score(np.asfortranarray(patches[:3])), scores)


@pytest.mark.parametrize("name", ENGINE_NAMES)
@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 96, 64), np.uint8),
        np.zeros((1, 96, 64), np.float32),
        np.zeros((96, 64), np.int8),
        np.zeros((1, 64, 96), np.int8),
        np.zeros((1, 96, 64, 1), np.int8),
    ],
)
def test_wrong_arrays_are_refused(name: str, wrong: np.ndarray, model: YamnetModel) -> None:
    with pytest.raises(ValueError, match=r"int8 \[n, 96, 64\]"):
        open_engine(name, model).score(wrong)


def test_unknown_engine_is_refused(model: YamnetModel) -> None:
    with pytest.raises(ValueError, match="device, tflm, litert"):
        open_engine("onnx", model)


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_model_that_an_engine_refuses_is_named(
    name: str, model: YamnetModel, capfd: pytest.CaptureFixture[str]
) -> None:
    network = read_model(model.data)
    operators = tuple(replace(operator, inputs=operator.inputs[:1]) for operator in network.operators)
    broken = replace(model, data=write_model(replace(network, operators=operators)))
    with pytest.raises(EngineError, match=f"{name} cannot run .*yamnet.tflite"):
        open_engine(name, broken)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_opening_is_silent(name: str, model: YamnetModel, capfd: pytest.CaptureFixture[str]) -> None:
    open_engine(name, model).score(np.zeros((1, 96, 64), np.int8))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "package"), [("tflm", "tflite_micro.python.tflite_micro"), ("litert", "ai_edge_litert.interpreter")]
)
def test_missing_package_is_named(name: str, package: str, model: YamnetModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EngineError, match=f"{name} is not installed"):
        open_engine(name, model)
