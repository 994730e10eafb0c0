# SPDX-License-Identifier: Apache-2.0
"""Arbitrary bytes give a model or a ModelError, soon."""

import struct
import time

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yamnet_tools.errors import ModelError
from yamnet_tools.model import ConversionResult
from yamnet_tools.model.tflite import Model, TensorType
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
