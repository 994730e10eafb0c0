# SPDX-License-Identifier: Apache-2.0
"""Each thing a kernel relies on is checked: break one at a time and see it named."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.model.graft import find_body, graft
from yamnet_tools.model.network import LAYERS, check_network
from yamnet_tools.model.tflite import Activation, Model, Padding, Quantization, Tensor, TensorType
from yamnet_tools.model.tflite_reader import read_model

CONV, DEPTHWISE, DENSE = 1, 2, 29  # operators of layer 1, layer 2 and the head


@pytest.fixture(scope="module")
def network(source_bytes: bytes) -> Model:
    model = graft(find_body(read_model(source_bytes)))
    check_network(model)
    return model


def with_operator(model: Model, index: int, **changes: object) -> Model:
    operators = list(model.operators)
    operators[index] = replace(operators[index], **changes)
    return replace(model, operators=tuple(operators))


def with_options(model: Model, index: int, **changes: object) -> Model:
    return with_operator(model, index, options=replace(model.operators[index].options, **changes))


def with_tensor(model: Model, index: int, **changes: object) -> Model:
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return replace(model, tensors=tuple(tensors))


def with_operand(model: Model, operator: int, operand: int, change: Callable[[Tensor], dict[str, object]]) -> Model:
    index = model.operators[operator].inputs[operand]
    return with_tensor(model, index, **change(model.tensors[index]))


def changed(values: dict[str, object]) -> Callable[[Tensor], dict[str, object]]:
    return lambda _: values


def with_output(model: Model, operator: int, change: Callable[[Tensor], dict[str, object]]) -> Model:
    index = model.operators[operator].outputs[0]
    return with_tensor(model, index, **change(model.tensors[index]))


def rescaled(factor: float, zero_point: int = 0, where: int | None = None) -> Callable[[Tensor], dict[str, object]]:
    def change(tensor: Tensor) -> dict[str, object]:
        assert tensor.quantization is not None
        scales, zero_points = tensor.quantization.scales.copy(), tensor.quantization.zero_points + zero_point
        scales[where if where is not None else slice(None)] *= np.float32(factor)
        return {"quantization": replace(tensor.quantization, scales=scales, zero_points=zero_points)}

    return change


def edited(position: int, value: int, dtype: str = "i1") -> Callable[[Tensor], dict[str, object]]:
    def change(tensor: Tensor) -> dict[str, object]:
        assert tensor.data is not None
        data = tensor.data.copy()
        data.view(dtype)[position] = value
        return {"data": data}

    return change


def peakless(tensor: Tensor) -> dict[str, object]:
    """Weights of the first output channel halved, as a partly zeroed range leaves them."""
    assert tensor.data is not None
    data = tensor.data.copy()
    data.view(np.int8).reshape(tensor.shape)[0] //= 2
    return {"data": data}


BROKEN: dict[str, tuple[Callable[[Model], Model], str]] = {
    "two inputs": (lambda m: replace(m, inputs=(0, 0)), "2 inputs"),
    "no output": (lambda m: replace(m, outputs=()), "0 outputs"),
    "output is not the last": (lambda m: replace(m, outputs=(m.operators[DENSE].outputs[0],)), "output"),
    "another operator": (lambda m: with_operator(m, 5, name="ADD"), "operator 5 is ADD"),
    "an operator less": (lambda m: replace(m, operators=m.operators[:-1]), "30 operators, not 31"),
    "float version": (lambda m: with_operator(m, CONV, version=1), "layer1/conv: CONV_2D of version 1"),
    "unknown version": (lambda m: with_operator(m, CONV, version=1000), "version 1000"),
    "chain broken": (
        lambda m: with_operator(m, DEPTHWISE, inputs=(0, *m.operators[DEPTHWISE].inputs[1:])),
        "layer2/depthwise_conv does not continue",
    ),
    "tensor written twice": (
        lambda m: with_operator(m, DEPTHWISE + 1, outputs=m.operators[CONV].outputs),
        "layer2/pointwise_conv writes",
    ),
    "no bias": (lambda m: with_operator(m, CONV, inputs=m.operators[CONV].inputs[:2]), "layer1/conv: CONV_2D does not"),
    "optional bias": (
        lambda m: with_operator(m, CONV, inputs=(*m.operators[CONV].inputs[:2], -1)),
        "layer1/conv: CONV_2D does not",
    ),
    "no options": (lambda m: with_operator(m, CONV, options=None), "layer1/conv: None"),
    "stride": (lambda m: with_options(m, CONV, stride_w=1), "layer1/conv: .*stride_w=1"),
    "zero stride": (lambda m: with_options(m, CONV, stride_h=0), "layer1/conv"),
    "padding": (lambda m: with_options(m, CONV, padding=Padding.VALID), "layer1/conv: .*VALID"),
    "dilation": (lambda m: with_options(m, DEPTHWISE, dilation_h=2), "layer2/depthwise_conv: .*dilation_h=2"),
    "depth multiplier": (lambda m: with_options(m, DEPTHWISE, depth_multiplier=2), "depth_multiplier=2"),
    "head activation": (lambda m: with_options(m, DENSE, activation=Activation.RELU6), "logits: .*RELU6"),
    "shuffled weights": (lambda m: with_options(m, DENSE, plain_weights=False), "logits"),
    "mean drops dimensions": (lambda m: with_options(m, DENSE - 1, keep_dims=False), "mean"),
    "mean over other axes": (lambda m: with_operand(m, DENSE - 1, 1, edited(0, 0, "<i4")), r"mean/axes is \[0, 2\]"),
    "reshape to another shape": (lambda m: with_operand(m, 0, 1, edited(1, 64, "<i4")), "expand_dims/shape"),
    "activation shape": (
        lambda m: with_output(m, CONV, changed({"shape": (1, 48, 32, 33)})),
        r"layer1/conv: its tensor is not int8 \[1, 48, 32, 32\]",
    ),
    "activation type": (lambda m: with_output(m, CONV, changed({"type": TensorType.FLOAT32})), "layer1/conv"),
    "activation with data": (
        lambda m: with_output(m, CONV, changed({"data": np.zeros(49152, np.uint8)})),
        "layer1/conv",
    ),
    "variable": (lambda m: with_output(m, CONV, changed({"plain": False})), "layer1/conv"),
    "activation not quantised": (lambda m: with_output(m, CONV, changed({"quantization": None})), "one scale"),
    "activation scale nan": (lambda m: with_output(m, CONV, rescaled(float("nan"))), "layer1/conv: scale nan"),
    "activation scale zero": (lambda m: with_output(m, CONV, rescaled(0)), "layer1/conv: scale 0"),
    "activation scale huge": (lambda m: with_output(m, CONV, rescaled(1e9)), "layer1/conv: scale"),
    "activation scale tiny": (lambda m: with_output(m, CONV, rescaled(1e-9)), "layer1/conv: scale"),
    "activation zero point": (lambda m: with_output(m, CONV, rescaled(1, 256)), "layer1/conv: zero point 128"),
    "reshape requantises": (lambda m: with_output(m, 0, rescaled(2)), "expand_dims changes"),
    "output finer than its sums": (
        lambda m: with_operand(with_operand(m, CONV, 1, rescaled(1e7)), CONV, 2, rescaled(1e7)),
        "layer1/conv: the output's scale",
    ),
    "mean finer than its input": (lambda m: with_output(m, DENSE - 1, rescaled(1e-3)), "mean: the output's scale"),
    "output scale": (lambda m: with_output(m, DENSE + 1, rescaled(2)), "probabilities is not quantised"),
    "output zero point": (lambda m: with_output(m, DENSE + 1, rescaled(1, 1)), "probabilities is not quantised"),
    "weights shape": (
        lambda m: with_operand(m, CONV, 1, changed({"shape": (32, 3, 1, 3)})),
        r"layer1/conv/weights: .*\[32, 3, 3, 1\]",
    ),
    "weights type": (lambda m: with_operand(m, CONV, 1, changed({"type": 17})), "layer1/conv/weights"),
    "weights are no constant": (lambda m: with_operand(m, CONV, 1, changed({"data": None})), "layer1/conv/weights"),
    "weights too short": (
        lambda m: with_operand(m, CONV, 1, lambda t: {"data": t.data[:-1]}),
        "layer1/conv/weights: 287 bytes stored, not 288",
    ),
    "weights zero points": (lambda m: with_operand(m, CONV, 1, rescaled(1, 1)), "layer1/conv/weights: zero points"),
    "weights scale count": (
        lambda m: with_operand(m, CONV, 1, changed({"quantization": Quantization(*[np.ones(31)] * 2)})),
        "layer1/conv/weights: not quantised with 32",
    ),
    "weights axis": (
        lambda m: with_operand(m, DEPTHWISE, 1, lambda t: {"quantization": replace(t.quantization, axis=0)}),
        "layer2/depthwise_conv/weights: quantised along axis 0, not 3",
    ),
    "weights scale negative": (lambda m: with_operand(m, CONV, 1, rescaled(-1)), "weights: scales are not positive"),
    "weights scale infinite": (lambda m: with_operand(m, CONV, 1, rescaled(np.inf)), "weights: scales are not pos"),
    "one weight scale off": (lambda m: with_operand(m, CONV, 1, rescaled(1.001, 0, 7)), "layer1/conv/bias: scales"),
    "one bias scale off": (lambda m: with_operand(m, DENSE, 2, rescaled(0.999)), "logits/bias: scales"),
    "weight of -128": (lambda m: with_operand(m, CONV, 1, edited(5, -128)), "layer1/conv/weights: -128"),
    "weights below their range": (lambda m: with_operand(m, CONV, 1, peakless), "1 of 32 channels do not reach 127"),
    "bias overflows": (
        lambda m: with_operand(m, CONV, 2, edited(3, 2**31 - 1, "<i4")),
        "layer1/conv/bias: so large",
    ),
    "twice the bias overflows": (
        lambda m: with_operand(m, CONV, 2, edited(3, 2**30, "<i4")),
        "layer1/conv/bias: so large",
    ),
    "products as coarse as the output": (
        lambda m: with_operand(with_operand(m, CONV, 1, rescaled(100)), CONV, 2, rescaled(100)),
        "layer1/conv: the output's scale",
    ),
    "bias type": (lambda m: with_operand(m, CONV, 2, changed({"type": TensorType.INT8})), "layer1/conv/bias"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_each_fault_is_named(what: str, network: Model) -> None:
    break_it, text = BROKEN[what]
    with pytest.raises(ModelError, match=text):
        check_network(break_it(network))


def test_layers_are_those_of_the_published_network() -> None:
    """research/audioset/yamnet/README.md: 3.7 M weights, 69.2 M multiplies for each patch."""
    weights = sum(math.prod(layer.weights) for layer in LAYERS if layer.weights)
    multiplies = sum(math.prod(layer.weights) * math.prod(layer.output[1:3]) for layer in LAYERS[:-2] if layer.weights)
    multiplies += math.prod(LAYERS[-2].weights)
    assert weights == pytest.approx(3.7e6, abs=0.05e6)
    assert multiplies == pytest.approx(69.2e6, abs=0.05e6)
