# SPDX-License-Identifier: Apache-2.0
"""Rounds weights to int8 so that the layer's output, not each weight, comes out closest.

Weights are rounded one input at a time; the error made is put on to the inputs still to come, as far as calibration
audio shows them to be correlated (Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
Pre-trained Transformers", 2022, after LeCun's Optimal Brain Surgeon). Closed form, no training.
"""

import numpy as np
import numpy.typing as npt

from yamnet_tools.quantise.float_network import Float, Weighted
from yamnet_tools.quantise.int8_network import WEIGHT_PEAK

Double = npt.NDArray[np.float64]

_DAMPING = 0.01  # of the mean diagonal: keeps rare inputs from taking all the error
_BLOCK = 64
_POSITIONS = 16_000
_DEPTHWISE_POSITIONS = 6_000


def nearest(layer: Weighted, scales: Double) -> npt.NDArray[np.int8]:
    """Each weight to its nearest step."""
    matrix = layer.matrix.astype(np.float64)
    return _to_int8(_step(matrix, scales, _pins(matrix, scales.size)).reshape(layer.weights.shape))


def compensated(layer: Weighted, scales: Double, inputs: Float, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    """Weights rounded with the error carried on.

    Args:
        layer: its weights, in `Weighted`'s layout.
        scales: float64 [C_out] or [1].
        inputs: what the quantised network feeds the layer, [n, h, w, C_in]; the head [n, 1024].
        rng: draws the positions looked at.

    Returns:
        int8, shaped as the layer's weights.
    """
    if layer.is_depthwise:
        columns = _sampled(layer.columns(_few(inputs)), 2, _DEPTHWISE_POSITIONS, rng).astype(np.float32)
        covariance = np.einsum("nic,njc->cij", columns, columns, optimize=True).astype(np.float64) / len(columns)
        rounded = _round_each(layer.matrix.T.astype(np.float64), scales, covariance).T
    else:
        columns = _sampled(layer.columns(_few(inputs) if layer.weights.ndim == 4 else inputs), 1, _POSITIONS, rng)
        covariance = (columns.T @ columns).astype(np.float64) / len(columns)
        rounded = _round_rows(layer.matrix.astype(np.float64), scales, covariance)
    return _to_int8(rounded.reshape(layer.weights.shape))


def _to_int8(values: npt.NDArray[np.generic]) -> npt.NDArray[np.int8]:
    integers: npt.NDArray[np.int8] = np.clip(values, -WEIGHT_PEAK, WEIGHT_PEAK).astype(np.int8)
    return integers


def _few(inputs: Float) -> Float:
    """Enough patches of a large layer: the columns of all would be nine times its activations."""
    count = max(16, 200_000 // max(1, inputs.shape[1] * inputs.shape[2]))
    return inputs[:: max(1, len(inputs) // count)]


def _sampled(columns: Float, kept_axes: int, count: int, rng: np.random.Generator) -> Float:
    flat = columns.reshape(-1, *columns.shape[-kept_axes:])
    return flat if len(flat) <= count else flat[rng.choice(len(flat), count, replace=False)]


def _factor(covariance: Double) -> Double:
    """Upper Cholesky factor of the inverse of a damped covariance [..., n, n]."""
    size = covariance.shape[-1]
    level = np.trace(covariance, axis1=-2, axis2=-1) / size
    damped = covariance + np.eye(size) * (_DAMPING * level + 1e-9)[..., np.newaxis, np.newaxis]
    return np.swapaxes(np.linalg.cholesky(np.linalg.inv(damped)), -1, -2)


def _pins(weights: Double, scale_count: int) -> Double:
    """+-1 at the largest weight that each scale covers (a column's, or with one scale the matrix's), 0 elsewhere."""
    flat = weights.reshape(-1, scale_count)
    largest, columns = np.abs(flat).argmax(axis=0), np.arange(scale_count)
    pins = np.zeros_like(flat)
    pins[largest, columns] = np.where(flat[largest, columns] < 0, -1, 1)
    return pins.reshape(weights.shape)


def _step(weights: Double, scales: Double, pins: Double) -> Double:
    """Weights in steps; the largest of each channel is 127 steps, as its scale was chosen to make it."""
    rounded = np.clip(np.rint(weights / scales), -WEIGHT_PEAK, WEIGHT_PEAK)
    return np.where(pins == 0, rounded, pins * WEIGHT_PEAK)


def _round_rows(weights: Double, scales: Double, covariance: Double) -> Double:
    """Integers [C_in, C_out]; the strongest inputs are rounded first."""
    order = np.argsort(-np.diag(covariance), kind="stable")
    factor = _factor(covariance[np.ix_(order, order)])
    left = weights[order]
    pins = _pins(weights, scales.size)[order]
    rounded = np.empty_like(left)
    for start in range(0, len(left), _BLOCK):
        stop = min(start + _BLOCK, len(left))
        errors = np.empty((stop - start, left.shape[1]))
        for row in range(start, stop):
            rounded[row] = _step(left[row], scales, pins[row])
            errors[row - start] = (left[row] - rounded[row] * scales) / factor[row, row]
            left[row + 1 : stop] -= np.outer(factor[row, row + 1 : stop], errors[row - start])
        left[stop:] -= factor[start:stop, stop:].T @ errors
    result = np.empty_like(rounded)
    result[order] = rounded
    return result


def _round_each(weights: Double, scales: Double, covariance: Double) -> Double:
    """Integers [C, 9], each channel with a covariance [C, 9, 9] of its own."""
    factor = _factor(covariance)
    left = weights.copy()
    pins = _pins(weights.T, scales.size).T
    rounded = np.empty_like(left)
    for tap in range(left.shape[1]):
        rounded[:, tap] = _step(left[:, tap], scales, pins[:, tap])
        error = (left[:, tap] - rounded[:, tap] * scales) / factor[:, tap, tap]
        left[:, tap + 1 :] -= error[:, np.newaxis] * factor[:, tap, tap + 1 :]
    return rounded
