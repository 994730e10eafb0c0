# SPDX-License-Identifier: Apache-2.0
"""The device's checks of a model before use, on models that are wrong in one way each."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device_core import check_model
from yamnet_tools.model.tflite import Model, Quantization
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model

CONV, DEPTHWISE = 1, 2  # operators by index


@pytest.fixture(scope="session")
def model_bytes(converted_model: Path) -> bytes:
    """The converter's model."""
    return converted_model.read_bytes()


@pytest.fixture(scope="session")
def model(model_bytes: bytes) -> Model:
    """The same as values."""
    return read_model(model_bytes)


def test_the_converters_model_passes(model_bytes: bytes, model: Model) -> None:
    checked = check_model(model_bytes)
    source = model.tensors[model.inputs[0]].quantization
    assert checked["input"] == (pytest.approx(source.scale), source.zero_point)
    assert checked["output"] == (1 / 256, -128)
    assert checked["front_end"].name == "yamnet"
    assert checked["ops"] == ["RESHAPE", "CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED", "LOGISTIC"]
    assert checked["operators"] == 31


def test_a_rewritten_model_passes(model: Model) -> None:
    assert check_model(write_model(model))["operators"] == 31


def change_tensor(model: Model, index: int, **changes: object) -> Model:
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return replace(model, tensors=tuple(tensors))


def change_operator(model: Model, index: int, **changes: object) -> Model:
    operators = list(model.operators)
    operators[index] = replace(operators[index], **changes)
    return replace(model, operators=tuple(operators))


def conv_weights(model: Model) -> int:
    return model.operators[CONV].inputs[1]


def other_scale(quantization: Quantization, scale: float) -> Quantization:
    return replace(quantization, scales=np.full_like(quantization.scales, scale))


def shorter(model: Model) -> Model:
    index = conv_weights(model)
    return change_tensor(model, index, data=model.tensors[index].data[:-1])


def skewed(model: Model) -> Model:
    index = conv_weights(model)
    quantization = model.tensors[index].quantization
    return change_tensor(
        model, index, quantization=replace(quantization, zero_points=np.ones_like(quantization.zero_points))
    )


def wide_kernel(model: Model) -> Model:
    """A first convolution of 5x5: everything fits together, and no kernel does it."""
    index = conv_weights(model)
    return change_tensor(model, index, shape=(32, 5, 5, 1), data=np.ones(32 * 25, np.uint8))


def narrow_block(model: Model, channels: int = 24) -> Model:
    """The first depthwise convolution and its neighbours with other channels than 32."""
    for number, depth_axis, axis in ((CONV, None, 0), (DEPTHWISE, None, 3), (DEPTHWISE + 1, 3, None)):
        operator = model.operators[number]
        weights, bias, output = model.tensors[operator.inputs[1]], *operator.inputs[2:], operator.outputs[0]
        shape = list(weights.shape)
        shape[axis if axis is not None else depth_axis] = channels
        whole = Quantization(np.array([weights.quantization.scales.max()], np.float32), np.zeros(1, np.int64))
        data = np.ones(int(np.prod(shape)), np.uint8)
        model = change_tensor(model, operator.inputs[1], shape=tuple(shape), data=data, quantization=whole)
        if axis is not None:
            model = change_tensor(
                model, bias, shape=(channels,), data=np.zeros(4 * channels, np.uint8), quantization=whole
            )
            shape = model.tensors[output].shape
            model = change_tensor(model, output, shape=(*shape[:3], channels))
    return model


WRONG: dict[str, tuple[Callable[[Model], Model], str]] = {
    "two inputs": (lambda m: replace(m, inputs=m.inputs * 2), "2 inputs"),
    "no output": (lambda m: replace(m, outputs=()), "0 outputs"),
    "another patch": (lambda m: change_tensor(m, m.inputs[0], shape=(1, 64, 96)), r"input is int8 \[1, 64, 96\]"),
    "another head": (lambda m: change_tensor(m, m.outputs[0], shape=(1, 520)), "input and output differ in size"),
    "too large a head": (
        lambda m: change_tensor(m, m.outputs[0], shape=(1, 1025)),
        r"output is int8 \[1, 1025\], not int8 \[1, classes\] with 1 to 1024 classes",
    ),
    "no front end": (lambda m: replace(m, metadata={}), "front end"),
    "unknown front end": (
        lambda m: replace(
            m, metadata={"YAMNET_FRONT_END": m.metadata["YAMNET_FRONT_END"].replace(b"yamnet", b"vggish")}
        ),
        "needs the front end vggish; this program computes yamnet, power",
    ),
    "changed front end": (
        lambda m: replace(m, metadata={"YAMNET_FRONT_END": m.metadata["YAMNET_FRONT_END"].replace(b"0.001", b"0.01")}),
        "with log_offset 0.01",
    ),
    "an operator without a kernel": (lambda m: change_operator(m, CONV, name="CONCATENATION"), "builtin operator"),
    "short weights": (shorter, "bytes"),
    "asymmetric weights": (skewed, r"operator 1 \(CONV_2D\): weights are not symmetric"),
    "another stride": (
        lambda m: change_operator(m, DEPTHWISE, options=replace(m.operators[DEPTHWISE].options, stride_w=2)),
        r"operator 2 \(DEPTHWISE_CONV_2D\): its output has the wrong shape",
    ),
    "a kernel that reads another tensor's shape": (
        lambda m: change_operator(
            m, CONV, inputs=(m.operators[CONV].inputs[0], m.operators[3].inputs[1], m.operators[CONV].inputs[2])
        ),
        r"operator 1 \(CONV_2D\)",
    ),
    "a kernel too wide": (
        wide_kernel,
        r"operator 1 \(CONV_2D\): the kernels do a 1x1 kernel with stride 1, "
        "or one of at most 16 values over 1 channel, not a 5x5 kernel over 1 channels with stride 2x2",
    ),
    "channels that are no multiple of 16": (
        narrow_block,
        r"operator 2 \(DEPTHWISE_CONV_2D\): the kernels do a 3x3 kernel over a multiple of 16 channels, "
        "not a 3x3 kernel over 24 channels",
    ),
    "a tensor read before it is written": (
        lambda m: change_operator(m, 0, inputs=(m.operators[5].outputs[0], m.operators[0].inputs[1])),
        "operator 0",
    ),
    "an output too fine": (
        lambda m: change_tensor(
            m, m.operators[CONV].outputs[0],
            quantization=other_scale(m.tensors[m.operators[CONV].outputs[0]].quantization, 1e-6),
        ),
        "finer than the products|quantised",
    ),
    "sums that overflow": (
        lambda m: change_tensor(
            m, m.operators[CONV].inputs[2],
            data=np.full(m.tensors[m.operators[CONV].inputs[2]].data.size // 4, 2**31 - 1, "<i4").view(np.uint8),
        ),
        "overflow",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_model_is_refused_by_name(model: Model, kind: str) -> None:
    damage, message = WRONG[kind]
    with pytest.raises(ValueError, match=message):
        check_model(write_model(damage(model)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: b"", "not a TensorFlow Lite file"),
        (lambda d: d[:7], "not a TensorFlow Lite file"),
        (lambda d: d[:4] + b"TFL2" + d[8:], "not a TensorFlow Lite file"),
        (lambda d: d[: len(d) // 2], "damaged"),
        (lambda d: b"\xff\xff\xff\x7f" + d[4:], "damaged|schema version"),
        (lambda d: d[:8], "schema version|damaged"),
    ],
)
def test_damage_is_named(model_bytes: bytes, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_model(change(model_bytes))


def test_the_waveform_model_is_refused(weights_dir: Path) -> None:
    data = (weights_dir / "lite-model_yamnet_classification_tflite_1.tflite").read_bytes()
    with pytest.raises(ValueError, match="model"):
        check_model(data)
