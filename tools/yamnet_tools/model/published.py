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
    "layer1/conv": ("1983edab2f8db4e7", "2332d81527ac22a3"),
    "layer2/depthwise_conv": ("2f1ee03814a676b4", "e7e105d73f27374c"),
    "layer2/pointwise_conv": ("1c5c32557aad341c", "efcfca243d9ce190"),
    "layer3/depthwise_conv": ("cecfbd78389a80cb", "64a614c07fe96703"),
    "layer3/pointwise_conv": ("601c673c59f11bf1", "653b84bb12101fac"),
    "layer4/depthwise_conv": ("c4c4f7f012afdd86", "3ddb0cd7bfaef76b"),
    "layer4/pointwise_conv": ("fef0453680e05450", "7df50bc9acec6b99"),
    "layer5/depthwise_conv": ("c460843613de2254", "1ea4c7d62d154207"),
    "layer5/pointwise_conv": ("fef6b991aa9f2bbe", "249c6fb1d8948692"),
    "layer6/depthwise_conv": ("42a6b9ba05cb188d", "6245edd1d1b00484"),
    "layer6/pointwise_conv": ("75d04c14d58cf2ef", "af9bb3ef6778e31c"),
    "layer7/depthwise_conv": ("0f0d99a7dcc60402", "e40b9b554d8acffc"),
    "layer7/pointwise_conv": ("14fd13ce40d869db", "631d139d673f1ecc"),
    "layer8/depthwise_conv": ("1be733e7d67c1f6c", "3bdf4fb4664458b1"),
    "layer8/pointwise_conv": ("a4efcb7e585eea4b", "b6c244f8bdb5daf0"),
    "layer9/depthwise_conv": ("7f1c576a1375fbc6", "fbae8bc49ce84e21"),
    "layer9/pointwise_conv": ("9ef5383b49281704", "cc39c0383eff7756"),
    "layer10/depthwise_conv": ("4977de4a766cb88c", "7a6f8ee398b70662"),
    "layer10/pointwise_conv": ("0ab39d1329630318", "a13907fa197e061e"),
    "layer11/depthwise_conv": ("8bd2e6f97524e4b9", "d5c29e8e74787931"),
    "layer11/pointwise_conv": ("97fd4d51b5f395c9", "634aabd17ec3dfda"),
    "layer12/depthwise_conv": ("b8b9f9863d4e4c2e", "6ea03a2928c1959a"),
    "layer12/pointwise_conv": ("f4ee742ac9479849", "cf4ae5b7ff432ce9"),
    "layer13/depthwise_conv": ("a26989650dde9b1b", "257f5ae84049b4a1"),
    "layer13/pointwise_conv": ("08ee0afbd075e913", "94a4a3a9a1dc93f9"),
    "layer14/depthwise_conv": ("c23ac749fe1f6bb0", "68a90388f344e395"),
    "layer14/pointwise_conv": ("3edfc58eb458e7f0", "f435c0a81b433831"),
    "logits": ("0851cd7a17ae4418", "1bbb9cd77a3d6cfe"),
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
    for tensor in (source, bias, target):
        quantization = activation_quantization(tensor)
        everything.update(quantization.scales.tobytes() + quantization.zero_points.tobytes())
    if operator.options is not None:
        everything.update(bytes(astuple(operator.options)))
    return hashlib.sha256(scales).hexdigest()[:_DIGITS], everything.hexdigest()[:_DIGITS]
