# SPDX-License-Identifier: Apache-2.0
"""Tells a damaged copy of Google's network from another network.

A file that is not Google's byte for byte may be somebody's own YAMNet, or Google's with a few bytes changed, and such a
copy runs and agrees with itself. But a layer that was trained or quantised anew has weights, scales and biases of its
own: one that shares some of them with Google's, and not all, is damaged.
"""

import hashlib
from dataclasses import astuple
from typing import NamedTuple

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import LAYERS, activation_quantization
from yamnet_tools.model.tflite import Model, Operator

_DIGITS = 8


class Fingerprint(NamedTuple):
    """Hashes of what a layer with weights computes with; `around` covers its options and the other quantisation."""

    scales: str
    weights: str
    bias: str
    around: str


# From the file that source.WEIGHTS names.
PUBLISHED: dict[str, Fingerprint] = {
    "layer1/conv": Fingerprint("1983edab", "9a31aa29", "bfd501a5", "2b9b914d"),
    "layer2/depthwise_conv": Fingerprint("2f1ee038", "9ea91688", "d570e9a7", "10961ec3"),
    "layer2/pointwise_conv": Fingerprint("1c5c3255", "08134ad7", "0080d768", "54ebc817"),
    "layer3/depthwise_conv": Fingerprint("cecfbd78", "188b6598", "b3979afb", "1081b0cc"),
    "layer3/pointwise_conv": Fingerprint("601c673c", "e0ec7946", "d2fbc434", "65bec189"),
    "layer4/depthwise_conv": Fingerprint("c4c4f7f0", "3c394695", "e5219d1d", "31562ce5"),
    "layer4/pointwise_conv": Fingerprint("fef04536", "15e04c21", "cf14d4fd", "5fc7cfc4"),
    "layer5/depthwise_conv": Fingerprint("c4608436", "f2af29e1", "1ce253ff", "33631070"),
    "layer5/pointwise_conv": Fingerprint("fef6b991", "8e091cd9", "51a2bdcb", "21a2bb99"),
    "layer6/depthwise_conv": Fingerprint("42a6b9ba", "290bfd0c", "7fc8d20f", "b6004437"),
    "layer6/pointwise_conv": Fingerprint("75d04c14", "00fd0bd4", "399f94d5", "39e31bf0"),
    "layer7/depthwise_conv": Fingerprint("0f0d99a7", "d4b50067", "e122776c", "b87f690e"),
    "layer7/pointwise_conv": Fingerprint("14fd13ce", "0c23ad8d", "86649956", "c006871a"),
    "layer8/depthwise_conv": Fingerprint("1be733e7", "1ebcc92b", "7fb14f20", "4a3b4ba7"),
    "layer8/pointwise_conv": Fingerprint("a4efcb7e", "17276743", "2c96c656", "f069b887"),
    "layer9/depthwise_conv": Fingerprint("7f1c576a", "c2d26771", "24e733fb", "31279eb9"),
    "layer9/pointwise_conv": Fingerprint("9ef5383b", "0dc260f7", "80b8c345", "96f987a8"),
    "layer10/depthwise_conv": Fingerprint("4977de4a", "dcfa8ce5", "c71bd598", "32f19213"),
    "layer10/pointwise_conv": Fingerprint("0ab39d13", "be3b6eb9", "a7d7c0b7", "9f804e3a"),
    "layer11/depthwise_conv": Fingerprint("8bd2e6f9", "497cf9a4", "76150d82", "1c14a0bf"),
    "layer11/pointwise_conv": Fingerprint("97fd4d51", "55786f4e", "3f09babd", "1f57c696"),
    "layer12/depthwise_conv": Fingerprint("b8b9f986", "430f3b84", "d7738517", "b168e3d8"),
    "layer12/pointwise_conv": Fingerprint("f4ee742a", "0776766d", "95e56f1d", "49e47271"),
    "layer13/depthwise_conv": Fingerprint("a2698965", "4574be05", "d95fbe41", "7eb44fbf"),
    "layer13/pointwise_conv": Fingerprint("08ee0afb", "1531902a", "aad0fbc1", "4051b611"),
    "layer14/depthwise_conv": Fingerprint("c23ac749", "848f291e", "f3807c5f", "37c3421a"),
    "layer14/pointwise_conv": Fingerprint("3edfc58e", "88841654", "11124c5c", "94329174"),
    "logits": Fingerprint("0851cd7a", "46730dcf", "6ebb6166", "f5157cda"),
}


def refuse_damaged_copy(model: Model) -> None:
    """Refuse a network of which some layer is Google's but for damage.

    Args:
        model: accepted by check_network, with the source's own head.

    Raises:
        ModelError: the text names the first such layer.
    """
    for name, found in fingerprints(model).items():
        published = PUBLISHED[name]
        related = found.scales == published.scales or found.weights == published.weights or found.bias == published.bias
        if related and found != published:
            parts = [part for part in Fingerprint._fields if getattr(found, part) != getattr(published, part)]
            raise ModelError(f"damaged copy of Google's file: {name} is Google's but for its {', '.join(parts)}")


def fingerprints(model: Model) -> dict[str, Fingerprint]:
    """The fingerprints of all layers with weights, in execution order."""
    return {
        layer.name: _fingerprint(model, operator)
        for layer, operator in zip(LAYERS, model.operators, strict=True)
        if layer.weights
    }


def _fingerprint(model: Model, operator: Operator) -> Fingerprint:
    source, weights, bias = (model.tensors[index] for index in operator.inputs)
    target = model.tensors[operator.outputs[0]]
    around = b"" if operator.options is None else bytes(astuple(operator.options))
    for tensor in (source, bias, target):
        quantization = activation_quantization(tensor)
        around += quantization.scales.tobytes() + quantization.zero_points.tobytes()
    return Fingerprint(
        _digest(activation_quantization(weights).scales.tobytes()),
        _digest(weights.values().tobytes()),
        _digest(bias.values().tobytes()),
        _digest(around),
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
