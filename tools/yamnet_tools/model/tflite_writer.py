# SPDX-License-Identifier: Apache-2.0
"""Writes a model as a .tflite file: the same bytes each time, every constant on a 16-byte boundary."""

from collections.abc import Callable, Sequence

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from yamnet_tools.model.tflite import (
    BUFFER_ALIGNMENT,
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    Operator,
    Options,
    Quantization,
    ReducerOptions,
    Tensor,
)

_LARGEST_OLD_CODE = 127  # operator codes above it do not fit the deprecated 8-bit field


def write_model(model: Model) -> bytes:
    """Serialise a model; equal models give equal bytes.

    Raises:
        ValueError: an operator's name is not in the TensorFlow Lite schema.
    """
    builder = flatbuffers.Builder(sum(t.data.size for t in model.tensors if t.data is not None) + (1 << 16))
    buffers = [_write_buffer(builder, None)]  # buffer 0 is empty by convention: activations refer to it
    tensors = []
    for tensor in model.tensors:
        if tensor.data is not None:
            buffers.append(_write_buffer(builder, tensor.data))
        tensors.append(_write_tensor(builder, tensor, 0 if tensor.data is None else len(buffers) - 1))
    metadata = []
    for name, value in model.metadata.items():
        buffers.append(_write_buffer(builder, np.frombuffer(value, np.uint8)))
        metadata.append(_write_metadata(builder, name, len(buffers) - 1))
    codes = list(dict.fromkeys((operator.name, operator.version) for operator in model.operators))
    operators = [
        _write_operator(builder, operator, codes.index((operator.name, operator.version)))
        for operator in model.operators
    ]
    graph = _write_graph(builder, model, tensors, operators)
    code_tables = [_write_code(builder, name, version) for name, version in codes]
    code_vector = _table_vector(builder, schema.ModelStartOperatorCodesVector, code_tables)
    graph_vector = _table_vector(builder, schema.ModelStartSubgraphsVector, [graph])
    buffer_vector = _table_vector(builder, schema.ModelStartBuffersVector, buffers)
    metadata_vector = _table_vector(builder, schema.ModelStartMetadataVector, metadata)
    description = builder.CreateString(model.description)
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, SCHEMA_VERSION)
    schema.ModelAddOperatorCodes(builder, code_vector)
    schema.ModelAddSubgraphs(builder, graph_vector)
    schema.ModelAddDescription(builder, description)
    schema.ModelAddBuffers(builder, buffer_vector)
    schema.ModelAddMetadata(builder, metadata_vector)
    builder.Finish(schema.ModelEnd(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def _write_buffer(builder: flatbuffers.Builder, data: npt.NDArray[np.uint8] | None) -> int:
    vector = 0
    if data is not None:
        # CreateByteVector aligns to 1 byte only. The builder fills the file from its end, so bytes are placed by hand.
        builder.StartVector(1, data.size, BUFFER_ALIGNMENT)
        builder.head -= data.size
        builder.Bytes[builder.head : builder.head + data.size] = data.tobytes()
        vector = builder.EndVector()
    schema.BufferStart(builder)
    if data is not None:
        schema.BufferAddData(builder, vector)
    return int(schema.BufferEnd(builder))


def _write_tensor(builder: flatbuffers.Builder, tensor: Tensor, buffer: int) -> int:
    shape = builder.CreateNumpyVector(np.array(tensor.shape, "<i4"))
    name = builder.CreateString(tensor.name)
    quantization = None if tensor.quantization is None else _write_quantization(builder, tensor.quantization)
    schema.TensorStart(builder)
    schema.TensorAddShape(builder, shape)
    schema.TensorAddType(builder, int(tensor.type))
    schema.TensorAddBuffer(builder, buffer)
    schema.TensorAddName(builder, name)
    if quantization is not None:
        schema.TensorAddQuantization(builder, quantization)
    return int(schema.TensorEnd(builder))


def _write_quantization(builder: flatbuffers.Builder, quantization: Quantization) -> int:
    scales = builder.CreateNumpyVector(np.ascontiguousarray(quantization.scales, "<f4"))
    zero_points = builder.CreateNumpyVector(np.ascontiguousarray(quantization.zero_points, "<i8"))
    schema.QuantizationParametersStart(builder)
    schema.QuantizationParametersAddScale(builder, scales)
    schema.QuantizationParametersAddZeroPoint(builder, zero_points)
    schema.QuantizationParametersAddQuantizedDimension(builder, quantization.axis)
    return int(schema.QuantizationParametersEnd(builder))


def _write_metadata(builder: flatbuffers.Builder, name: str, buffer: int) -> int:
    text = builder.CreateString(name)
    schema.MetadataStart(builder)
    schema.MetadataAddName(builder, text)
    schema.MetadataAddBuffer(builder, buffer)
    return int(schema.MetadataEnd(builder))


def _write_code(builder: flatbuffers.Builder, name: str, version: int) -> int:
    code = getattr(schema.BuiltinOperator, name, None)
    if code is None:
        raise ValueError(f"{name} is not a TensorFlow Lite operator")
    schema.OperatorCodeStart(builder)
    schema.OperatorCodeAddDeprecatedBuiltinCode(builder, min(code, _LARGEST_OLD_CODE))
    schema.OperatorCodeAddVersion(builder, version)
    schema.OperatorCodeAddBuiltinCode(builder, code)
    return int(schema.OperatorCodeEnd(builder))


def _write_operator(builder: flatbuffers.Builder, operator: Operator, code_index: int) -> int:
    inputs = builder.CreateNumpyVector(np.array(operator.inputs, "<i4"))
    outputs = builder.CreateNumpyVector(np.array(operator.outputs, "<i4"))
    kind, options = (0, 0) if operator.options is None else _write_options(builder, operator.options)
    schema.OperatorStart(builder)
    schema.OperatorAddOpcodeIndex(builder, code_index)
    schema.OperatorAddInputs(builder, inputs)
    schema.OperatorAddOutputs(builder, outputs)
    if operator.options is not None:
        schema.OperatorAddBuiltinOptionsType(builder, kind)
        schema.OperatorAddBuiltinOptions(builder, options)
    return int(schema.OperatorEnd(builder))


def _write_options(builder: flatbuffers.Builder, options: Options) -> tuple[int, int]:
    """The options' union type and table."""
    kinds = schema.BuiltinOptions
    match options:
        case DepthwiseConv2DOptions():
            schema.DepthwiseConv2DOptionsStart(builder)
            schema.DepthwiseConv2DOptionsAddPadding(builder, options.padding)
            schema.DepthwiseConv2DOptionsAddStrideW(builder, options.stride_w)
            schema.DepthwiseConv2DOptionsAddStrideH(builder, options.stride_h)
            schema.DepthwiseConv2DOptionsAddDepthMultiplier(builder, options.depth_multiplier)
            schema.DepthwiseConv2DOptionsAddFusedActivationFunction(builder, options.activation)
            schema.DepthwiseConv2DOptionsAddDilationWFactor(builder, options.dilation_w)
            schema.DepthwiseConv2DOptionsAddDilationHFactor(builder, options.dilation_h)
            return kinds.DepthwiseConv2DOptions, schema.DepthwiseConv2DOptionsEnd(builder)
        case Conv2DOptions():
            schema.Conv2DOptionsStart(builder)
            schema.Conv2DOptionsAddPadding(builder, options.padding)
            schema.Conv2DOptionsAddStrideW(builder, options.stride_w)
            schema.Conv2DOptionsAddStrideH(builder, options.stride_h)
            schema.Conv2DOptionsAddFusedActivationFunction(builder, options.activation)
            schema.Conv2DOptionsAddDilationWFactor(builder, options.dilation_w)
            schema.Conv2DOptionsAddDilationHFactor(builder, options.dilation_h)
            return kinds.Conv2DOptions, schema.Conv2DOptionsEnd(builder)
        case FullyConnectedOptions():
            schema.FullyConnectedOptionsStart(builder)
            schema.FullyConnectedOptionsAddFusedActivationFunction(builder, options.activation)
            schema.FullyConnectedOptionsAddKeepNumDims(builder, options.keep_num_dims)
            return kinds.FullyConnectedOptions, schema.FullyConnectedOptionsEnd(builder)
        case ReducerOptions():
            schema.ReducerOptionsStart(builder)
            schema.ReducerOptionsAddKeepDims(builder, options.keep_dims)
            return kinds.ReducerOptions, schema.ReducerOptionsEnd(builder)


def _write_graph(builder: flatbuffers.Builder, model: Model, tensors: list[int], operators: list[int]) -> int:
    tensor_vector = _table_vector(builder, schema.SubGraphStartTensorsVector, tensors)
    inputs = builder.CreateNumpyVector(np.array(model.inputs, "<i4"))
    outputs = builder.CreateNumpyVector(np.array(model.outputs, "<i4"))
    operator_vector = _table_vector(builder, schema.SubGraphStartOperatorsVector, operators)
    name = builder.CreateString("main")
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensor_vector)
    schema.SubGraphAddInputs(builder, inputs)
    schema.SubGraphAddOutputs(builder, outputs)
    schema.SubGraphAddOperators(builder, operator_vector)
    schema.SubGraphAddName(builder, name)
    return int(schema.SubGraphEnd(builder))


def _table_vector(
    builder: flatbuffers.Builder, start: Callable[[flatbuffers.Builder, int], object], tables: Sequence[int]
) -> int:
    start(builder, len(tables))
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())
