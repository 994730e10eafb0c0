# SPDX-License-Identifier: Apache-2.0
"""Cuts the int8 network out of Google's fully quantised YAMNet and leaves its weights as they are.

The source computes, in this order: waveform -> log-mel patch (float) -> QUANTIZE -> int8 network -> LOGISTIC ->
DEQUANTIZE. What lies between QUANTIZE and DEQUANTIZE is the model that a microcontroller runs.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import INPUT_SHAPE, LAYERS, OUTPUT_SHAPE, Layer, activation_quantization, check_network
from yamnet_tools.model.tflite import Model, Operator, Quantization, Tensor, TensorType

DEFAULT_HEAD_RANGE = 10.0
"""Logits beyond +-10 are probabilities below 0.00005 or above 0.99995; int8 probabilities step by 0.0039."""

SMALLEST_HEAD_RANGE = 4.0
"""Below it, probabilities over 0.98 and under 0.02 are lost."""

LARGEST_HEAD_RANGE = 40.0
"""Above it, logits step as coarsely as in Google's file."""

_INT8_MAX = 127
_PATCH_SAMPLES = 15_600  # 0.975 s at 16 kHz
DESCRIPTION = "YAMNet (Google, Apache-2.0): int8 log-mel patch [1, 96, 64] to 521 AudioSet probabilities"


@dataclass(frozen=True)
class Body:
    """The int8 network inside a waveform model; tensors are given by their index in `model`."""

    model: Model
    waveform: int
    """float32, 15,600 samples, the source's input."""
    log_mel: int
    """float32 [1, 96, 64], what QUANTIZE reads."""
    patch: int
    """int8 [1, 96, 64], what QUANTIZE writes."""
    scores: int
    """int8 [1, 521], what DEQUANTIZE reads."""
    operators: tuple[Operator, ...]
    """From QUANTIZE to DEQUANTIZE, both excluded."""


def find_body(model: Model) -> Body:
    """Find the int8 network of a waveform model.

    Raises:
        ModelError: the model has no such body; the text says what it is instead.
    """
    names = [operator.name for operator in model.operators]
    if "QUANTIZE" not in names or "DEQUANTIZE" not in names:
        raise ModelError(f"no int8 YAMNet body: {_describe(model)}")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(f"no int8 YAMNet body: {_describe(model)}")
    first, last = names.index("QUANTIZE"), names.index("DEQUANTIZE")
    if names.count("QUANTIZE") != 1 or names.count("DEQUANTIZE") != 1 or last < first:
        raise ModelError("no int8 YAMNet body: not one QUANTIZE followed by one DEQUANTIZE")
    quantize, dequantize = model.operators[first], model.operators[last]
    for operator in (quantize, dequantize):
        if len(operator.inputs) != 1 or len(operator.outputs) != 1 or operator.inputs[0] < 0:
            raise ModelError(f"no int8 YAMNet body: {operator.name} has not one input and one output")
    body = Body(
        model=model,
        waveform=model.inputs[0],
        log_mel=quantize.inputs[0],
        patch=quantize.outputs[0],
        scores=dequantize.inputs[0],
        operators=model.operators[first + 1 : last],
    )
    if dequantize.outputs[0] != model.outputs[0]:
        raise ModelError("no int8 YAMNet body: DEQUANTIZE is not the model's output")
    _check_ends(body)
    return body


def _check_ends(body: Body) -> None:
    tensors = body.model.tensors
    for index, kind, shape in (
        (body.log_mel, TensorType.FLOAT32, INPUT_SHAPE),
        (body.patch, TensorType.INT8, INPUT_SHAPE),
        (body.scores, TensorType.INT8, OUTPUT_SHAPE),
    ):
        tensor = tensors[index]
        if tensor.type != kind or tensor.shape != shape:
            found = tensor.type.name if isinstance(tensor.type, TensorType) else f"type {tensor.type}"
            raise ModelError(
                f"no int8 YAMNet body: '{tensor.name}' is {found} {list(tensor.shape)}, not {kind.name} {list(shape)}"
            )
    waveform = tensors[body.waveform]
    if waveform.type != TensorType.FLOAT32 or math.prod(waveform.shape) != _PATCH_SAMPLES:
        raise ModelError(
            f"its input of shape {list(waveform.shape)} is not {_PATCH_SAMPLES} float32 samples of a waveform, so its"
            " front end cannot be compared"
        )


def _describe(model: Model) -> str:
    """What a model without the body is, as far as its ends tell."""
    if not model.inputs or not model.outputs:
        return "the model has no input or no output"
    source, target = model.tensors[model.inputs[0]], model.tensors[model.outputs[0]]
    if source.type == TensorType.INT8 and source.shape == INPUT_SHAPE and target.shape == OUTPUT_SHAPE:
        return "the model is the int8 body already, nothing is left to convert"
    quantised = any(tensor.type == TensorType.INT8 for tensor in model.tensors)
    kind = "quantised in another way" if quantised else "not quantised to int8"
    return f"the model takes {list(source.shape)} and gives {list(target.shape)}, and is {kind}"


def graft(body: Body, head_range: float | None = DEFAULT_HEAD_RANGE) -> Model:
    """Make the body a model of its own: int8 [1, 96, 64] in, int8 [1, 521] out.

    Weights, biases and their quantisation stay as they are. SPLIT with one output copies its input and is
    left out. The output of the last FULLY_CONNECTED is requantised to cover +-`head_range`.

    Args:
        body: from find_body.
        head_range: largest logit that can be told from larger ones, or None to keep the source's quantisation.

    Raises:
        ModelError: `head_range` is not in [4, 40], or the body is not YAMNet's network.
    """
    operators = _without_split(body.operators)
    if len(operators) != len(LAYERS):
        raise ModelError(f"not YAMNet's network: {len(operators)} int8 operators, not {len(LAYERS)}")
    tensors: list[Tensor] = []
    indices: dict[int, int] = {}

    def take(index: int, name: str) -> int:
        if index not in indices:
            if index < 0:
                raise ModelError(f"not YAMNet's network: '{name}' is missing")
            indices[index] = len(tensors)
            tensors.append(replace(body.model.tensors[index], name=name))
        return indices[index]

    take(body.patch, "log_mel_patch")
    taken = []
    for layer, operator in zip(LAYERS, operators, strict=True):
        names = _operand_names(layer, len(operator.inputs))
        inputs = tuple(take(index, name) for index, name in zip(operator.inputs, names, strict=True))
        outputs = tuple(take(index, layer.name) for index in operator.outputs)
        taken.append(replace(operator, inputs=inputs, outputs=outputs))
    if body.scores not in indices:
        raise ModelError("not YAMNet's network: nothing writes the scores")
    grafted = Model(
        tensors=tuple(tensors),
        operators=tuple(taken),
        inputs=(indices[body.patch],),
        outputs=(indices[body.scores],),
        description=DESCRIPTION,
    )
    check_network(grafted)
    return grafted if head_range is None else _with_head_range(grafted, head_range)


def _operand_names(layer: Layer, count: int) -> list[str]:
    """Names for an operator's inputs: what it continues, which has a name already, then its constants."""
    constants = {"RESHAPE": ["shape"], "MEAN": ["axes"]}.get(layer.operator, ["weights", "bias"])
    names = ["input", *constants]
    return [f"{layer.name}/{names[index] if index < len(names) else index}" for index in range(count)]


def _without_split(operators: tuple[Operator, ...]) -> list[Operator]:
    """Drop each SPLIT that has one output, so that its readers read its input."""
    kept: list[Operator] = []
    renamed: dict[int, int] = {}
    for operator in operators:
        inputs = tuple(renamed.get(index, index) for index in operator.inputs)
        if operator.name == "SPLIT" and len(inputs) == 2 and len(operator.outputs) == 1:
            renamed[operator.outputs[0]] = inputs[1]
        else:
            kept.append(replace(operator, inputs=inputs))
    return kept


def head_quantization(head_range: float) -> Quantization:
    """The int8 quantisation of logits that covers exactly +-`head_range`: scale R / 127, zero point 0.

    Raises:
        ModelError: `head_range` is not a number in [4, 40].
    """
    if not (math.isfinite(head_range) and SMALLEST_HEAD_RANGE <= head_range <= LARGEST_HEAD_RANGE):
        raise ModelError(
            f"head range {head_range:g} is not in [{SMALLEST_HEAD_RANGE:g}, {LARGEST_HEAD_RANGE:g}]: a smaller one"
            " clips probabilities, a larger one is no finer than the source"
        )
    return Quantization(np.array([head_range / _INT8_MAX], np.float32), np.array([0], np.int64))


def _with_head_range(model: Model, head_range: float) -> Model:
    [dense] = [operator for operator in model.operators if operator.name == "FULLY_CONNECTED"]
    tensors = list(model.tensors)
    logits = dense.outputs[0]
    tensors[logits] = replace(tensors[logits], quantization=head_quantization(head_range))
    changed = replace(model, tensors=tuple(tensors))
    check_network(changed)
    return changed


def head_scale(model: Model) -> float:
    """The step between neighbouring logits of a model that check_network accepts."""
    [dense] = [operator for operator in model.operators if operator.name == "FULLY_CONNECTED"]
    return activation_quantization(model.tensors[dense.outputs[0]]).scale
