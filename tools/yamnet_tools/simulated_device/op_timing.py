# SPDX-License-Identifier: Apache-2.0
"""What each operator of a model costs in TFLM on this machine, measured by running it alone."""

import time
from dataclasses import replace

import numpy as np

from yamnet_tools.model.tflite import Model, Operator
from yamnet_tools.model.tflite_writer import write_model

_RUNS = 3
_ARENA_BYTES = 1 << 20


def operator_times_ns(model: Model) -> list[tuple[str, int]]:
    """Name and nanoseconds of every operator in order, each the fastest of a few runs on random values."""
    source = np.random.default_rng(0)
    return [(operator.name, _time_ns(model, operator, source)) for operator in model.operators]


def _time_ns(model: Model, operator: Operator, source: np.random.Generator) -> int:
    from tflite_micro.python.tflite_micro import runtime

    alone = _alone(model, operator)
    interpreter = runtime.Interpreter.from_bytes(write_model(alone), arena_size=_ARENA_BYTES)
    shape = alone.tensors[alone.inputs[0]].shape
    interpreter.set_input(source.integers(-128, 128, shape, np.int8), 0)
    fastest = None
    for _ in range(_RUNS):
        started = time.perf_counter_ns()
        interpreter.invoke()
        taken = time.perf_counter_ns() - started
        fastest = taken if fastest is None else min(fastest, taken)
    return fastest or 0


def _alone(model: Model, operator: Operator) -> Model:
    """A model of nothing but one operator, with the constants it uses."""
    used = [index for index in (*operator.inputs, *operator.outputs) if index >= 0]
    number = {index: position for position, index in enumerate(dict.fromkeys(used))}
    moved = replace(
        operator,
        inputs=tuple(number.get(index, -1) for index in operator.inputs),
        outputs=tuple(number[index] for index in operator.outputs),
    )
    inputs = tuple(number[i] for i in operator.inputs if i >= 0 and model.tensors[i].data is None)
    return Model(tuple(model.tensors[index] for index in number), (moved,), inputs, moved.outputs)
