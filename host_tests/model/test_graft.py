# SPDX-License-Identifier: Apache-2.0
"""What the converter takes out of Google's file, read back with the schema's own generated classes."""

import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime as tflm

from yamnet_tools.errors import ModelError
from yamnet_tools.model import ConversionResult, convert
from yamnet_tools.model.graft import find_body, graft, head_quantization
from yamnet_tools.model.tflite import Model, Tensor, TensorType
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model

OPERATORS = {
    "RESHAPE": 1,
    "CONV_2D": 14,
    "DEPTHWISE_CONV_2D": 13,
    "MEAN": 1,
    "FULLY_CONNECTED": 1,
    "LOGISTIC": 1,
}


def unpack(data: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))


def operator_names(model: schema.ModelT) -> list[str]:
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    codes = [names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
    return [codes[operator.opcodeIndex] for operator in model.subgraphs[0].operators]


def weighted_layers(model: schema.ModelT, skip_float: bool) -> list[list[tuple[bytes, list, list, int]]]:
    """For each convolution and fully connected layer: data, scales, zero points, axis of weights and bias."""
    graph, layers = model.subgraphs[0], []
    for name, operator in zip(operator_names(model), graph.operators, strict=True):
        if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        if skip_float and graph.tensors[operator.inputs[1]].type != schema.TensorType.INT8:
            continue
        tensors = [graph.tensors[index] for index in operator.inputs[1:]]
        layers.append(
            [
                (
                    model.buffers[tensor.buffer].data.tobytes(),
                    tensor.quantization.scale.tolist(),
                    tensor.quantization.zeroPoint.tolist(),
                    tensor.quantization.quantizedDimension,
                )
                for tensor in tensors
            ]
        )
    return layers


def test_weights_biases_and_their_quantisation_are_the_sources_byte_for_byte(
    source_bytes: bytes, converted: ConversionResult
) -> None:
    expected = weighted_layers(unpack(source_bytes), skip_float=True)
    found = weighted_layers(unpack(converted.model.read_bytes()), skip_float=False)
    assert len(expected) == 28
    assert found == expected


def test_constants_lie_on_16_byte_boundaries(converted: ConversionResult) -> None:
    data = converted.model.read_bytes()
    model = schema.Model.GetRootAsModel(data, 0)
    start = np.frombuffer(data, np.uint8).ctypes.data
    offsets = [
        model.Buffers(index).DataAsNumpy().ctypes.data - start
        for index in range(model.BuffersLength())
        if model.Buffers(index).DataLength()
    ]
    assert len(offsets) == 59  # 28 weights, 28 biases, a shape, axes, the front end
    assert [offset % 16 for offset in offsets] == [0] * 59


def test_only_the_operators_of_the_design_remain(converted: ConversionResult) -> None:
    names = operator_names(unpack(converted.model.read_bytes()))
    assert {name: names.count(name) for name in names} == OPERATORS
    assert converted.manifest.model.operators == OPERATORS


def test_input_and_output_are_int8_patch_and_probabilities(converted: ConversionResult) -> None:
    interpreter = Interpreter(str(converted.model))
    [source], [target] = interpreter.get_input_details(), interpreter.get_output_details()
    assert (source["shape"].tolist(), source["dtype"]) == ([1, 96, 64], np.int8)
    assert source["quantization"] == (pytest.approx(0.0480206), 16)
    assert (target["shape"].tolist(), target["dtype"]) == ([1, 521], np.int8)
    assert target["quantization"] == (1 / 256, -128)


def activation_quantization(data: bytes) -> dict[str, tuple[float, int]]:
    model = unpack(data)
    return {
        tensor.name.decode(): (tensor.quantization.scale.tolist(), tensor.quantization.zeroPoint.tolist())
        for tensor in model.subgraphs[0].tensors
        if tensor.quantization is not None and tensor.quantization.scale is not None
    }


def test_finer_head_changes_the_logits_quantisation_and_nothing_else(
    converted: ConversionResult, converted_with_source_head: ConversionResult
) -> None:
    fine = activation_quantization(converted.model.read_bytes())
    coarse = activation_quantization(converted_with_source_head.model.read_bytes())
    assert {name for name in coarse if fine[name] != coarse[name]} == {"logits"}
    assert coarse["logits"] == ([pytest.approx(0.3471775)], [100])
    [scale], [zero_point] = fine["logits"]
    assert scale * (127 - zero_point) == pytest.approx(10, abs=1e-6)
    assert scale * (-128 - zero_point) <= -10


def probability_levels(model: Path) -> int:
    """How many probabilities a model can give, by LiteRT's LOGISTIC on all 256 logits."""
    graph = unpack(model.read_bytes())
    [logits] = [tensor for tensor in graph.subgraphs[0].tensors if tensor.name == b"logits"]
    scale, zero_point = logits.quantization.scale[0], logits.quantization.zeroPoint[0]
    real = scale * (np.arange(-128, 128) - zero_point)
    return len(np.unique(np.clip(np.round(256 / (1 + np.exp(-real))), 0, 255)))


def test_finer_head_has_100_levels_where_google_has_32(
    converted: ConversionResult, converted_with_source_head: ConversionResult
) -> None:
    assert probability_levels(converted_with_source_head.model) == 32
    assert probability_levels(converted.model) == 100


@pytest.mark.parametrize("head_range", [4.0, 7.5, 25.0, 40.0])
def test_any_head_range_covers_what_it_says(head_range: float) -> None:
    quantization = head_quantization(head_range)
    assert quantization.scale * (127 - quantization.zero_point) == pytest.approx(head_range, rel=1e-6)
    assert quantization.scale * (-128 - quantization.zero_point) <= -head_range


@pytest.mark.parametrize("head_range", [float("nan"), float("inf"), -10.0, 0.0, 3.9, 40.1, 1e300])
def test_senseless_head_range_is_refused(head_range: float, source_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="head range"):
        convert(source_path, tmp_path, head_range=head_range, offline=True)
    assert not list(tmp_path.iterdir())


def test_source_head_equals_googles_body_bit_for_bit(
    source_path: Path, source_bytes: bytes, converted_with_source_head: ConversionResult, shared_clips: list[Path]
) -> None:
    """On real audio, LiteRT's reference kernels on both sides; TFLM may round a logit to the next level."""
    body = find_body(read_model(source_bytes))
    source, grafted = (
        Interpreter(
            str(path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
            num_threads=1,
        )
        for path in (source_path, converted_with_source_head.model)
    )
    source.allocate_tensors()
    grafted.allocate_tensors()
    micro = tflm.Interpreter.from_bytes(converted_with_source_head.model.read_bytes(), arena_size=1 << 20)
    compared, tflm_differing = 0, 0
    for clip in shared_clips[::2]:
        with wave.open(str(clip)) as reader:
            pcm = np.frombuffer(reader.readframes(15600), np.int16)
        if pcm.size < 15600:
            continue
        source.set_tensor(body.waveform, pcm / np.float32(32768))
        source.invoke()
        patch, scores = source.get_tensor(body.patch), source.get_tensor(body.scores)
        grafted.set_tensor(grafted.get_input_details()[0]["index"], patch)
        grafted.invoke()
        assert np.array_equal(grafted.get_tensor(grafted.get_output_details()[0]["index"]), scores), clip.name
        micro.set_input(patch, 0)
        micro.invoke()
        tflm_differing += int(np.count_nonzero(micro.get_output(0) != scores))
        compared += 1
    assert compared >= 10
    assert tflm_differing <= compared * 521 * 0.001


def test_published_host_snippet_works_as_it_stands(converted: ConversionResult) -> None:
    mel = np.log(np.full((1, 96, 64), 0.001, np.float32))  # silence

    interp = Interpreter(str(converted.model))
    interp.allocate_tensors()
    inp, out = interp.get_input_details()[0], interp.get_output_details()[0]
    q = (mel / inp["quantization"][0] + inp["quantization"][1]).round().astype(np.int8)
    interp.set_tensor(inp["index"], q)
    interp.invoke()
    y = interp.get_tensor(out["index"])[0]
    probs = out["quantization"][0] * (y.astype(np.int32) - out["quantization"][1])

    assert probs.shape == (521,)
    assert probs.argmax() == 494  # "Silence"
    assert 0 <= probs[20] < 0.05  # "Baby cry, infant cry"


def test_equal_inputs_give_equal_bytes(source_bytes: bytes) -> None:
    first, second = (write_model(graft(find_body(read_model(bytes(source_bytes))))) for _ in range(2))
    assert first == second
    assert write_model(read_model(first)) == first


def retyped(name: str, **changes: object) -> Callable[[Model], Model]:
    """Change a tensor of the source."""

    def change(model: Model) -> Model:
        tensors = [replace(t, **changes) if t.name == name else t for t in model.tensors]
        assert tensors != list(model.tensors)
        return replace(model, tensors=tuple(tensors))

    return change


def renamed(index: int, **changes: object) -> Callable[[Model], Model]:
    """Change an operator of the source."""

    def change(model: Model) -> Model:
        operators = list(model.operators)
        operators[index] = replace(operators[index], **changes)
        return replace(model, operators=tuple(operators))

    return change


QUANTIZE, DEQUANTIZE = 13, 46


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (renamed(DEQUANTIZE, name="CAST"), r"no int8 YAMNet body: the model takes \[15600\] and gives \[1, 521\]"),
        (renamed(QUANTIZE, name="CAST"), "no int8 YAMNet body"),
        (renamed(20, name="QUANTIZE"), "not one QUANTIZE followed by one DEQUANTIZE"),
        (lambda m: replace(m, operators=m.operators[::-1]), "not one QUANTIZE followed by one DEQUANTIZE"),
        (lambda m: replace(m, inputs=()), "no int8 YAMNet body: the model has no input"),
        (lambda m: replace(m, outputs=(120, 120)), "no int8 YAMNet body"),
        (renamed(QUANTIZE, inputs=(27, 27)), "QUANTIZE has not one input"),
        (renamed(DEQUANTIZE, inputs=(-1,)), "DEQUANTIZE has not one input"),
        (lambda m: replace(m, outputs=(119,)), "DEQUANTIZE is not the model's output"),
        (retyped("feature_patch", shape=(1, 64, 96)), r"'feature_patch' .*\[1, 64, 96\]"),
        (retyped("feature_patch", type=TensorType.INT32), "'feature_patch' is INT32"),
        (retyped("tfl.quantize", type=3), "'tfl.quantize' is type 3"),
        (retyped("tower0/network/layer32/final_output1", shape=(1, 10)), r"\[1, 10\]"),
        (retyped("waveform_binary", shape=(16000,)), r"\[16000\] is not 15600 float32 samples"),
        (retyped("waveform_binary", type=TensorType.INT8), "is not 15600 float32 samples"),
    ],
)
def test_model_without_the_body_is_told_what_it_is(
    source_bytes: bytes, change: Callable[[Model], Model], text: str
) -> None:
    with pytest.raises(ModelError, match=text):
        find_body(change(read_model(source_bytes)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m: replace(m, operators=m.operators[:30] + m.operators[31:]), "30 int8 operators, not 31"),
        (renamed(14, inputs=(-1, 29)), "'expand_dims/input' is missing"),
        (renamed(45, outputs=(118,)), "nothing writes the scores"),
        (renamed(16, inputs=(32, 34, 34)), "layer1/conv/weights"),
    ],
)
def test_body_that_is_another_network_is_refused(
    source_bytes: bytes, change: Callable[[Model], Model], text: str
) -> None:
    with pytest.raises(ModelError, match=text):
        graft(find_body(change(read_model(source_bytes))))


def test_float_and_dynamic_range_models_are_told_apart() -> None:
    waveform, scores = Tensor("waveform", (15600,), TensorType.FLOAT32), Tensor("scores", (1, 521), TensorType.FLOAT32)
    with pytest.raises(ModelError, match="not quantised to int8"):
        find_body(Model((waveform, scores), (), (0,), (1,)))
    weights = Tensor("weights", (3,), TensorType.INT8)
    with pytest.raises(ModelError, match="quantised in another way"):
        find_body(Model((waveform, scores, weights), (), (0,), (1,)))


def test_body_model_is_told_from_a_waveform_model(converted: ConversionResult) -> None:
    with pytest.raises(ModelError, match="int8 body already"):
        find_body(read_model(converted.model.read_bytes()))
