# SPDX-License-Identifier: Apache-2.0
"""Tells a damaged copy of Google's network from another network.

A file that is not Google's byte for byte may be somebody's own YAMNet, or Google's with a few bytes changed, and such a
copy runs and agrees with itself. But weights that were trained or quantised anew have scales of their own: a layer with
all of Google's scales and not all of Google's weights is a damaged one.
"""

import hashlib
from dataclasses import astuple

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import LAYERS, activation_quantization
from yamnet_tools.model.tflite import Model, Operator

_DIGITS = 16

# Layer: fingerprint of its weights' scales, fingerprint of all it computes with. From the file named by source.WEIGHTS.
PUBLISHED: dict[str, tuple[str, str]] = {
    "layer1/conv": ("1983edab2f8db4e7", "4716dfde0fd2e357"),
    "layer2/depthwise_conv": ("2f1ee03814a676b4", "e5f60edf10fdd069"),
    "layer2/pointwise_conv": ("1c5c32557aad341c", "95570d93f07d5c45"),
    "layer3/depthwise_conv": ("cecfbd78389a80cb", "7ff2f53f35b07d97"),
    "layer3/pointwise_conv": ("601c673c59f11bf1", "7ead8b8196191393"),
    "layer4/depthwise_conv": ("c4c4f7f012afdd86", "a0e8f704be039381"),
    "layer4/pointwise_conv": ("fef0453680e05450", "3f220a6e86e453c4"),
    "layer5/depthwise_conv": ("c460843613de2254", "9b4849780bc7c1c9"),
    "layer5/pointwise_conv": ("fef6b991aa9f2bbe", "4204537f6fce5c24"),
    "layer6/depthwise_conv": ("42a6b9ba05cb188d", "a7bb5c88e87aa7dd"),
    "layer6/pointwise_conv": ("75d04c14d58cf2ef", "e64012d969042a07"),
    "layer7/depthwise_conv": ("0f0d99a7dcc60402", "884e3c7f15d9d283"),
    "layer7/pointwise_conv": ("14fd13ce40d869db", "c39ab12e2a56a74b"),
    "layer8/depthwise_conv": ("1be733e7d67c1f6c", "4623213401528b95"),
    "layer8/pointwise_conv": ("a4efcb7e585eea4b", "21a6fd4bc1766628"),
    "layer9/depthwise_conv": ("7f1c576a1375fbc6", "13a1fcb46d9d3d2b"),
    "layer9/pointwise_conv": ("9ef5383b49281704", "5567b6af8a7d8493"),
    "layer10/depthwise_conv": ("4977de4a766cb88c", "7e72ba6fe23e4f17"),
    "layer10/pointwise_conv": ("0ab39d1329630318", "da5063b41fc178f9"),
    "layer11/depthwise_conv": ("8bd2e6f97524e4b9", "d7709f03cd77b0bb"),
    "layer11/pointwise_conv": ("97fd4d51b5f395c9", "1a989400f7578a9b"),
    "layer12/depthwise_conv": ("b8b9f9863d4e4c2e", "02110f61635ac6fc"),
    "layer12/pointwise_conv": ("f4ee742ac9479849", "c6ca5442c8f4070b"),
    "layer13/depthwise_conv": ("a26989650dde9b1b", "061bcb4c9e78fb22"),
    "layer13/pointwise_conv": ("08ee0afbd075e913", "e9e9fd84ba964d4e"),
    "layer14/depthwise_conv": ("c23ac749fe1f6bb0", "195e10493667e49c"),
    "layer14/pointwise_conv": ("3edfc58eb458e7f0", "57c6ad8132d751d7"),
    "logits": ("0851cd7a17ae4418", "fb641a75cb0422f0"),
}


def refuse_damaged_copy(model: Model) -> None:
    """Refuse a network of which some layer is Google's but for damage.

    Args:
        model: accepted by check_network, with the source's own head.

    Raises:
        ModelError: the text names the first such layer.
    """
    for name, (scales, everything) in fingerprints(model).items():
        published_scales, published_everything = PUBLISHED[name]
        if scales == published_scales and everything != published_everything:
            raise ModelError(f"damaged copy of Google's file: {name} has Google's scales but not Google's values")


def fingerprints(model: Model) -> dict[str, tuple[str, str]]:
    """For each layer with weights: a fingerprint of their scales, and one of options, constants and quantisation."""
    return {
        layer.name: _fingerprint(model, operator)
        for layer, operator in zip(LAYERS, model.operators, strict=True)
        if layer.weights
    }


def _fingerprint(model: Model, operator: Operator) -> tuple[str, str]:
    source, weights, bias = (model.tensors[index] for index in operator.inputs)
    target = model.tensors[operator.outputs[0]]
    scales = activation_quantization(weights).scales.tobytes()
    everything = hashlib.sha256(scales)
    for constant in (weights, bias):
        everything.update(constant.values().tobytes())
    for tensor in (source, target):
        quantization = activation_quantization(tensor)
        everything.update(quantization.scales.tobytes() + quantization.zero_points.tobytes())
    if operator.options is not None:
        everything.update(bytes(astuple(operator.options)))
    return hashlib.sha256(scales).hexdigest()[:_DIGITS], everything.hexdigest()[:_DIGITS]
