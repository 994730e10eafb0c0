# SPDX-License-Identifier: Apache-2.0
"""Reads a .tflite file of unknown origin into plain values, or says what is wrong with it."""

from enum import IntEnum
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from yamnet_tools.errors import ModelError
from yamnet_tools.model import flatbuffer
from yamnet_tools.model.flatbuffer import Table
from yamnet_tools.model.tflite import (
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    Activation,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Model,
    Operator,
    Options,
    Padding,
    Quantization,
    ReducerOptions,
    Tensor,
    TensorType,
)

LARGEST_FILE_BYTES = 64 << 20
"""No YAMNet is larger: Google's float32 one has 15 MB."""

# Far above any YAMNet, and low enough that a damaged count costs no time.
_MOST_ENTRIES = 4096
_LONGEST_NAME = 4096
_LONGEST_OPERAND_LIST = 64
_LONGEST_SHAPE = 8
_LONGEST_QUANTIZATION = 1 << 16

# Field slots, in the order in which the schema declares them.
_MODEL_VERSION, _MODEL_CODES, _MODEL_SUBGRAPHS, _MODEL_DESCRIPTION, _MODEL_BUFFERS, _, _MODEL_METADATA = range(7)
_CODE_DEPRECATED, _, _CODE_VERSION, _CODE_BUILTIN = range(4)
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = range(4)
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_NAME, _TENSOR_QUANTIZATION, _TENSOR_IS_VARIABLE = range(6)
_TENSOR_SPARSITY = 6
_QUANTIZATION_SCALE, _QUANTIZATION_ZERO_POINT, _QUANTIZATION_DETAILS_TYPE, _, _QUANTIZATION_AXIS = range(2, 7)
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS_TYPE, _OPERATOR_OPTIONS = range(5)
_BUFFER_DATA, _BUFFER_OFFSET = range(2)
_METADATA_NAME, _METADATA_BUFFER = range(2)
_CONV_PADDING, _CONV_STRIDE_W, _CONV_STRIDE_H, _CONV_ACTIVATION, _CONV_DILATION_W, _CONV_DILATION_H = range(6)
_DEPTHWISE_MULTIPLIER, _DEPTHWISE_ACTIVATION, _DEPTHWISE_DILATION_W, _DEPTHWISE_DILATION_H = range(3, 7)
_DENSE_ACTIVATION, _DENSE_WEIGHTS_FORMAT, _DENSE_KEEP_NUM_DIMS, _DENSE_ASYMMETRIC_INPUTS = range(4)
_REDUCER_KEEP_DIMS = 0

_OPERATOR_NAMES = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int) and name.isupper()
}
_OPTIONS_TYPES = {
    "CONV_2D": schema.BuiltinOptions.Conv2DOptions,
    "DEPTHWISE_CONV_2D": schema.BuiltinOptions.DepthwiseConv2DOptions,
    "FULLY_CONNECTED": schema.BuiltinOptions.FullyConnectedOptions,
    "MEAN": schema.BuiltinOptions.ReducerOptions,
}
_Kind = TypeVar("_Kind", bound=IntEnum)


def read_model(data: bytes) -> Model:
    """Parse the bytes of a .tflite file.

    Constants are views into `data`. Options are decoded for the operators of YAMNet's int8 body only.

    Raises:
        ModelError: `data` is no TensorFlow Lite model, is damaged, or does not have exactly one subgraph.
    """
    if data[4:8] != FILE_IDENTIFIER:
        raise ModelError(f"not a TensorFlow Lite file: no '{FILE_IDENTIFIER.decode()}' identifier")
    if len(data) > LARGEST_FILE_BYTES:
        raise ModelError(f"too large for a YAMNet: {len(data):,} bytes")
    top = flatbuffer.root(data, "the model")
    version = top.integer(_MODEL_VERSION, "I")
    if version != SCHEMA_VERSION:
        raise ModelError(f"TensorFlow Lite schema version {version}, not {SCHEMA_VERSION}")
    graphs = top.tables(_MODEL_SUBGRAPHS, _MOST_ENTRIES, "subgraph")
    if len(graphs) != 1:
        raise ModelError(f"{len(graphs)} subgraphs, not 1")
    buffers = [_read_buffer(table) for table in top.tables(_MODEL_BUFFERS, _MOST_ENTRIES, "buffer")]
    codes = [_read_code(table) for table in top.tables(_MODEL_CODES, _MOST_ENTRIES, "operator code")]
    graph = graphs[0]
    tensors = tuple(_read_tensor(table, buffers) for table in graph.tables(_GRAPH_TENSORS, _MOST_ENTRIES, "tensor"))
    operators = tuple(
        _read_operator(table, codes, len(tensors))
        for table in graph.tables(_GRAPH_OPERATORS, _MOST_ENTRIES, "operator")
    )
    return Model(
        tensors=tensors,
        operators=operators,
        inputs=_tensor_indices(graph, _GRAPH_INPUTS, len(tensors), optional=False),
        outputs=_tensor_indices(graph, _GRAPH_OUTPUTS, len(tensors), optional=False),
        description=top.text(_MODEL_DESCRIPTION, _LONGEST_NAME),
        metadata=_read_metadata(top, buffers),
    )


def _read_buffer(table: Table) -> npt.NDArray[np.uint8] | None:
    if table.integer(_BUFFER_OFFSET, "Q") > 1:
        raise ModelError(f"{table.what} lies outside the FlatBuffer, which only models above 2 GB need")
    data = table.array(_BUFFER_DATA, np.uint8)
    return None if data is None or data.size == 0 else data.view(np.uint8)


def _read_metadata(top: Table, buffers: list[npt.NDArray[np.uint8] | None]) -> dict[str, bytes]:
    entries = {}
    for table in top.tables(_MODEL_METADATA, _MOST_ENTRIES, "metadata entry"):
        data = _buffer(table, _METADATA_BUFFER, buffers)
        entries[table.text(_METADATA_NAME, _LONGEST_NAME)] = b"" if data is None else data.tobytes()
    return entries


def _buffer(table: Table, slot: int, buffers: list[npt.NDArray[np.uint8] | None]) -> npt.NDArray[np.uint8] | None:
    index = table.integer(slot, "I")
    if index >= len(buffers):
        raise table.damaged(f"there is no buffer {index}")
    return buffers[index]


def _read_code(table: Table) -> tuple[str, int]:
    """Name and version of an operator code."""
    code = max(table.integer(_CODE_BUILTIN, "i"), table.integer(_CODE_DEPRECATED, "b"))
    return _OPERATOR_NAMES.get(code, f"operator code {code}"), table.integer(_CODE_VERSION, "i", 1)


def _read_tensor(table: Table, buffers: list[npt.NDArray[np.uint8] | None]) -> Tensor:
    shape = table.array(_TENSOR_SHAPE, np.int32, _LONGEST_SHAPE)
    number = table.integer(_TENSOR_TYPE, "b")
    quantization_table = table.table(_TENSOR_QUANTIZATION, f"quantization of {table.what}")
    quantization, plain_quantization = _read_quantization(quantization_table)
    return Tensor(
        name=table.text(_TENSOR_NAME, _LONGEST_NAME),
        shape=() if shape is None else tuple(int(size) for size in shape),
        type=TensorType(number) if number in set(TensorType) else number,
        quantization=quantization,
        data=_buffer(table, _TENSOR_BUFFER, buffers),
        plain=plain_quantization and not table.boolean(_TENSOR_IS_VARIABLE) and not table.has(_TENSOR_SPARSITY),
    )


def _read_quantization(table: Table | None) -> tuple[Quantization | None, bool]:
    """The affine quantisation if there is one, and whether no other scheme is used."""
    if table is None:
        return None, True
    plain = table.integer(_QUANTIZATION_DETAILS_TYPE, "B") == 0
    scales = table.array(_QUANTIZATION_SCALE, np.float32, _LONGEST_QUANTIZATION)
    if scales is None or scales.size == 0:
        return None, plain
    zero_points = table.array(_QUANTIZATION_ZERO_POINT, np.int64, _LONGEST_QUANTIZATION)
    if zero_points is None or zero_points.size != scales.size:
        raise table.damaged("scales and zero points differ in number")
    axis = table.integer(_QUANTIZATION_AXIS, "i")
    return Quantization(scales.view("<f4"), zero_points.view("<i8"), axis), plain


def _read_operator(table: Table, codes: list[tuple[str, int]], tensor_count: int) -> Operator:
    index = table.integer(_OPERATOR_CODE, "I")
    if index >= len(codes):
        raise table.damaged(f"there is no operator code {index}")
    name, version = codes[index]
    options = table.table(_OPERATOR_OPTIONS, f"options of {table.what}, {name}")
    if name in _OPTIONS_TYPES and table.integer(_OPERATOR_OPTIONS_TYPE, "B") != _OPTIONS_TYPES[name]:
        raise table.damaged(f"{name} has another operator's options")
    return Operator(
        name=name,
        version=version,
        inputs=_tensor_indices(table, _OPERATOR_INPUTS, tensor_count, optional=True),
        outputs=_tensor_indices(table, _OPERATOR_OUTPUTS, tensor_count, optional=False),
        options=None if options is None else _read_options(name, options),
    )


def _read_options(name: str, table: Table) -> Options | None:
    match name:
        case "CONV_2D":
            return Conv2DOptions(
                padding=_enum(table, _CONV_PADDING, Padding),
                stride_h=table.integer(_CONV_STRIDE_H, "i"),
                stride_w=table.integer(_CONV_STRIDE_W, "i"),
                activation=_enum(table, _CONV_ACTIVATION, Activation),
                dilation_h=table.integer(_CONV_DILATION_H, "i", 1),
                dilation_w=table.integer(_CONV_DILATION_W, "i", 1),
            )
        case "DEPTHWISE_CONV_2D":
            return DepthwiseConv2DOptions(
                padding=_enum(table, _CONV_PADDING, Padding),
                stride_h=table.integer(_CONV_STRIDE_H, "i"),
                stride_w=table.integer(_CONV_STRIDE_W, "i"),
                activation=_enum(table, _DEPTHWISE_ACTIVATION, Activation),
                dilation_h=table.integer(_DEPTHWISE_DILATION_H, "i", 1),
                dilation_w=table.integer(_DEPTHWISE_DILATION_W, "i", 1),
                depth_multiplier=table.integer(_DEPTHWISE_MULTIPLIER, "i"),
            )
        case "FULLY_CONNECTED":
            return FullyConnectedOptions(
                activation=_enum(table, _DENSE_ACTIVATION, Activation),
                keep_num_dims=table.boolean(_DENSE_KEEP_NUM_DIMS),
                plain_weights=table.integer(_DENSE_WEIGHTS_FORMAT, "b") == 0
                and not table.boolean(_DENSE_ASYMMETRIC_INPUTS),
            )
        case "MEAN":
            return ReducerOptions(keep_dims=table.boolean(_REDUCER_KEEP_DIMS))
    return None


def _enum(table: Table, slot: int, kind: type[_Kind]) -> _Kind:
    number = table.integer(slot, "b")
    try:
        return kind(number)
    except ValueError:
        raise table.damaged(f"{kind.__name__.lower()} {number} is unknown") from None


def _tensor_indices(table: Table, slot: int, tensor_count: int, *, optional: bool) -> tuple[int, ...]:
    indices = table.array(slot, np.int32, _LONGEST_OPERAND_LIST)
    if indices is None:
        return ()
    result = tuple(int(index) for index in indices)
    for index in result:
        if not (-1 if optional else 0) <= index < tensor_count:
            raise table.damaged(f"there is no tensor {index}")
    return result
