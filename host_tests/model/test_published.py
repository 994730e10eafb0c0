# SPDX-License-Identifier: Apache-2.0
"""A damaged copy of Google's network is told from another network."""

from dataclasses import replace

import numpy as np
import pytest

from yamnet_tools.errors import ModelError
from yamnet_tools.model.graft import find_body, graft
from yamnet_tools.model.network import check_network
from yamnet_tools.model.published import PUBLISHED, fingerprints, refuse_damaged_copy
from yamnet_tools.model.tflite import Activation, Conv2DOptions, Model, Quantization
from yamnet_tools.model.tflite_reader import read_model


@pytest.fixture(scope="module")
def network(source_bytes: bytes) -> Model:
    return graft(find_body(read_model(source_bytes)), None)


def with_constant(model: Model, name: str, position: int, change: int) -> Model:
    """Change one byte of a constant."""
    tensors = list(model.tensors)
    [index] = [i for i, tensor in enumerate(tensors) if tensor.name == name]
    data = tensors[index].data
    assert data is not None
    data = data.copy()
    data[position] ^= change
    tensors[index] = replace(tensors[index], data=data)
    return replace(model, tensors=tuple(tensors))


def test_fingerprints_are_those_of_googles_file(network: Model) -> None:
    assert fingerprints(network) == PUBLISHED
    assert len(PUBLISHED) == 28
    refuse_damaged_copy(network)


@pytest.mark.parametrize("constant", ["layer1/conv/weights", "layer14/pointwise_conv/weights", "logits/bias"])
def test_one_changed_bit_is_damage(network: Model, constant: str) -> None:
    damaged = with_constant(network, constant, 100, 1)
    check_network(damaged)
    with pytest.raises(ModelError, match=f"damaged copy of Google's file: {constant.rpartition('/')[0]}"):
        refuse_damaged_copy(damaged)


def test_one_changed_scale_is_damage(network: Model) -> None:
    """By one unit in the last place: too little for the check of bias scales to notice."""
    tensors = list(network.tensors)
    [index] = [i for i, tensor in enumerate(tensors) if tensor.name == "layer9/pointwise_conv/weights"]
    quantization = tensors[index].quantization
    assert quantization is not None
    scales = quantization.scales.copy()
    scales[200] = np.nextafter(scales[200], np.float32(1))
    tensors[index] = replace(tensors[index], quantization=replace(quantization, scales=scales))
    damaged = replace(network, tensors=tuple(tensors))
    check_network(damaged)
    with pytest.raises(ModelError, match=r"layer9/pointwise_conv is Google's but for its scales"):
        refuse_damaged_copy(damaged)


def test_changed_activation_is_damage(network: Model) -> None:
    operators = list(network.operators)
    options = operators[1].options
    assert isinstance(options, Conv2DOptions)
    operators[1] = replace(operators[1], options=replace(options, activation=Activation.RELU))
    damaged = replace(network, operators=tuple(operators))
    check_network(damaged)
    with pytest.raises(ModelError, match="layer1/conv"):
        refuse_damaged_copy(damaged)


def test_changed_zero_point_is_damage(network: Model) -> None:
    tensors = list(network.tensors)
    index = network.operators[-3].outputs[0]  # of MEAN
    quantization = tensors[index].quantization
    assert quantization is not None
    tensors[index] = replace(
        tensors[index], quantization=replace(quantization, zero_points=quantization.zero_points + 1)
    )
    damaged = replace(network, tensors=tuple(tensors))
    check_network(damaged)
    with pytest.raises(ModelError, match="logits"):
        refuse_damaged_copy(damaged)


def test_head_that_was_trained_anew_is_no_damage(network: Model) -> None:
    """It has weights, scales and biases of its own."""
    tensors = list(network.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.name in ("logits/weights", "logits/bias"):
            quantization, data = tensor.quantization, tensor.data
            assert quantization is not None
            assert data is not None
            scales = quantization.scales * np.float32(1.01)
            values = data.view(np.int8 if tensor.name == "logits/weights" else np.int32)[::-1].copy()
            tensors[index] = replace(
                tensor,
                quantization=Quantization(scales, quantization.zero_points),
                data=values.view(np.uint8),
            )
    other = replace(network, tensors=tuple(tensors))
    check_network(other)
    assert fingerprints(other)["logits"] != PUBLISHED["logits"]
    refuse_damaged_copy(other)
