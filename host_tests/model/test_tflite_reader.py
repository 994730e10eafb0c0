# SPDX-License-Identifier: Apache-2.0
"""Arbitrary bytes give a model or a ModelError, soon."""

import struct
import time
from collections.abc import Callable

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yamnet_tools.errors import ModelError
from yamnet_tools.model import ConversionResult
from yamnet_tools.model.tflite import (
    Activation,
    Conv2DOptions,
    Model,
    Operator,
    Padding,
    Quantization,
    Tensor,
    TensorType,
)
from yamnet_tools.model.tflite_reader import LARGEST_FILE_BYTES, read_model
from yamnet_tools.model.tflite_writer import write_model


def small_model() -> bytes:
    """A few hundred bytes, so that damage hits structure."""
    model = Model(tensors=(), operators=(), inputs=(), outputs=(), description="x", metadata={"a": b"12", "b": b""})
    return write_model(model)


def test_what_is_read_is_what_the_generated_classes_read(source_bytes: bytes) -> None:
    model = read_model(source_bytes)
    reference = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(source_bytes, 0))
    graph = reference.subgraphs[0]
    assert model.inputs == tuple(graph.inputs)
    assert model.outputs == tuple(graph.outputs)
    assert len(model.tensors) == len(graph.tensors)
    for tensor, expected in zip(model.tensors, graph.tensors, strict=True):
        assert tensor.name == expected.name.decode()
        assert tensor.shape == (() if expected.shape is None else tuple(expected.shape))
        assert int(tensor.type) == expected.type
        data = reference.buffers[expected.buffer].data
        assert (None if tensor.data is None else tensor.data.tobytes()) == (None if data is None else data.tobytes())
        scales = expected.quantization.scale
        assert (tensor.quantization is None) == (scales is None)
        if tensor.quantization is not None:
            assert np.array_equal(tensor.quantization.scales, scales)
            assert np.array_equal(tensor.quantization.zero_points, expected.quantization.zeroPoint)
            assert tensor.quantization.axis == expected.quantization.quantizedDimension
    for operator, expected in zip(model.operators, graph.operators, strict=True):
        assert operator.inputs == tuple(expected.inputs)
        assert operator.outputs == tuple(expected.outputs)
        if operator.options is not None and operator.name != "FULLY_CONNECTED":
            fields = vars(expected.builtinOptions)
            for name, value in vars(operator.options).items():
                generated = {
                    "stride_h": "strideH",
                    "stride_w": "strideW",
                    "dilation_h": "dilationHFactor",
                    "dilation_w": "dilationWFactor",
                    "activation": "fusedActivationFunction",
                    "depth_multiplier": "depthMultiplier",
                    "keep_dims": "keepDims",
                }.get(name, name)
                assert fields[generated] == value, (operator.name, name)


def test_what_is_written_is_read_back(converted: ConversionResult) -> None:
    data = converted.model.read_bytes()
    assert write_model(read_model(data)) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a TensorFlow Lite file"),
        (b"TFL3", "not a TensorFlow Lite file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "not a TensorFlow Lite file"),
        (b"\x00\x00\x00\x00TFL3", "truncated or damaged"),
        (b"\xff\xff\xff\xffTFL3", "truncated or damaged"),
        (b"\x08\x00\x00\x00TFL3\x00\x00\x00\x80", "truncated or damaged"),
        (b"\x00\x00\x00\x00TFL3".ljust(LARGEST_FILE_BYTES + 1, b"\0"), "too large"),
    ],
)
def test_other_files_are_named_as_what_they_are(data: bytes, text: str) -> None:
    with pytest.raises(ModelError, match=text):
        read_model(data)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.99999])
def test_truncated_file_is_refused_as_such(source_bytes: bytes, share: float) -> None:
    flatbuffer_bytes = source_bytes.index(b"PK\x03\x04")  # a ZIP with the labels is appended
    with pytest.raises(ModelError, match="truncated or damaged"):
        read_model(source_bytes[: int(flatbuffer_bytes * share)])


def test_another_schema_version_is_refused() -> None:
    data = bytearray(small_model())
    table = struct.unpack_from("<I", data)[0]
    vtable = table - struct.unpack_from("<i", data, table)[0]
    version = table + struct.unpack_from("<H", data, vtable + 4)[0]
    struct.pack_into("<I", data, version, 4)
    with pytest.raises(ModelError, match="schema version 4"):
        read_model(bytes(data))


def repacked(change: Callable[[schema.ModelT], object]) -> bytes:
    """A model of one convolution, changed and packed by the schema's generated classes."""
    quantization = Quantization(np.ones(1, np.float32), np.zeros(1, np.int64))
    tensors = tuple(Tensor(name, (1, 1, 1, 1), TensorType.INT8, quantization) for name in "xwby")
    options = Conv2DOptions(Padding.SAME, 1, 1, Activation.NONE)
    model = Model(tensors, (Operator("CONV_2D", 3, (0, 1, 2), (3,), options),), (0,), (3,), metadata={"a": b"1"})
    unpacked = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(write_model(model), 0))
    change(unpacked)
    builder = flatbuffers.Builder(1024)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def first_operator(model: schema.ModelT) -> schema.OperatorT:
    return model.subgraphs[0].operators[0]


def first_tensor(model: schema.ModelT) -> schema.TensorT:
    return model.subgraphs[0].tensors[0]


DAMAGE: list[tuple[Callable[[schema.ModelT], object], str]] = [
    (lambda m: m.subgraphs.append(m.subgraphs[0]), "2 subgraphs, not 1"),
    (lambda m: m.subgraphs.clear(), "0 subgraphs, not 1"),
    (lambda m: setattr(m.buffers[1], "offset", 4096), "outside the FlatBuffer"),
    (lambda m: setattr(first_tensor(m), "buffer", 99), "there is no buffer 99"),
    (lambda m: setattr(first_tensor(m), "name", "n" * 5000), "a name is 5000 bytes long"),
    (lambda m: setattr(first_tensor(m), "shape", [1] * 9), "a vector has 9 elements"),
    (lambda m: setattr(first_tensor(m).quantization, "zeroPoint", [0, 0]), "scales and zero points differ"),
    (lambda m: setattr(first_operator(m), "opcodeIndex", 7), "there is no operator code 7"),
    (lambda m: setattr(first_operator(m), "builtinOptionsType", 8), "CONV_2D has another operator's options"),
    (lambda m: setattr(first_operator(m).builtinOptions, "padding", 5), "padding 5 is unknown"),
    (lambda m: setattr(first_operator(m).builtinOptions, "fusedActivationFunction", 77), "activation 77 is unknown"),
    (lambda m: setattr(first_operator(m), "inputs", [0, 1, 4]), "there is no tensor 4"),
    (lambda m: setattr(first_operator(m), "outputs", [-1]), "there is no tensor -1"),
    (lambda m: setattr(m.subgraphs[0], "outputs", [2**31 - 1]), "there is no tensor 2147483647"),
    (lambda m: setattr(m.metadata[0], "buffer", 50), "there is no buffer 50"),
]


@pytest.mark.parametrize(("change", "text"), DAMAGE)
def test_each_kind_of_damage_is_named(change: Callable[[schema.ModelT], object], text: str) -> None:
    with pytest.raises(ModelError, match=text):
        read_model(repacked(change))


def test_what_the_subset_does_not_cover_is_marked() -> None:
    assert all(tensor.plain for tensor in read_model(repacked(lambda _: None)).tensors)
    for change in (
        lambda m: setattr(first_tensor(m), "isVariable", True),
        lambda m: setattr(first_tensor(m), "sparsity", schema.SparsityParametersT()),
        lambda m: (
            setattr(first_tensor(m).quantization, "detailsType", 1)
            or setattr(first_tensor(m).quantization, "details", schema.CustomQuantizationT())
        ),
    ):
        assert not read_model(repacked(change)).tensors[0].plain


def test_field_outside_its_table_is_refused() -> None:
    data = bytearray(small_model())
    table = struct.unpack_from("<I", data)[0]
    vtable = table - struct.unpack_from("<i", data, table)[0]
    struct.pack_into("<H", data, vtable + 2, 4)
    with pytest.raises(ModelError, match="outside its table"):
        read_model(bytes(data))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_random_bytes_behind_the_identifier_never_escape(tail: bytes) -> None:
    with pytest.raises(ModelError):
        read_model(b"\x08\x00\x00\x00TFL3" + tail)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_small_damaged_models_never_escape(changes: list[tuple[int, int]]) -> None:
    data = bytearray(small_model())
    for position, value in changes:
        data[position % len(data)] = value
    try:
        model = read_model(bytes(data))
    except ModelError:
        return
    assert isinstance(model, Model)


def test_shared_tables_and_vectors_do_not_multiply_the_work(source_bytes: bytes) -> None:
    """A vector with as many entries as fit the file ends at the limit, not after a million tables."""
    data = bytearray(source_bytes)
    model = schema.Model.GetRootAsModel(bytes(data), 0)
    vector = model._tab.Vector(model._tab.Offset(12))  # buffers
    struct.pack_into("<I", data, vector - 4, (len(data) - vector) // 4)
    began = time.monotonic()
    with pytest.raises(ModelError, match="of kind 'buffer', at most"):
        read_model(bytes(data))
    assert time.monotonic() - began < 5


def test_tensor_types_outside_the_body_are_kept_as_numbers(source_bytes: bytes) -> None:
    model = read_model(source_bytes)
    complex64 = 8
    assert {tensor.type for tensor in model.tensors} == {*TensorType, complex64}
