# SPDX-License-Identifier: Apache-2.0
"""How much memory TFLM needs for a model."""

from tflite_micro.python.tflite_micro import runtime as tflm

LARGEST_ARENA_BYTES = 4 << 20

_STEP_BYTES = 16  # TFLM aligns its arena to this


def smallest_arena(model: bytes) -> int:
    """The least arena in bytes that TFLM allocates this model's tensors in, found by bisection."""
    too_small, enough = 0, LARGEST_ARENA_BYTES
    while enough - too_small > _STEP_BYTES:
        size = (too_small + enough) // 2 // _STEP_BYTES * _STEP_BYTES
        try:
            tflm.Interpreter.from_bytes(model, arena_size=size)
            enough = size
        except RuntimeError:
            too_small = size
    return enough
