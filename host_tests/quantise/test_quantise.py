# SPDX-License-Identifier: Apache-2.0
"""Each part of the quantiser against what it promises, on random weights."""

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from yamnet_tools.model.network import check_network
from yamnet_tools.model.tflite import TensorType
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise import fine_tune
from yamnet_tools.quantise.equalise import equalise
from yamnet_tools.quantise.float_model import float_model
from yamnet_tools.quantise.float_network import FloatNetwork, Weighted
from yamnet_tools.quantise.int8_network import Affine, Int8Layer, Int8Network, to_model, weight_scales
from yamnet_tools.quantise.quantiser import Recipe, quantise
from yamnet_tools.quantise.rounding import compensated, nearest
from yamnet_tools.quantise.synthetic_audio import synthetic_sounds


def run(data: bytes, inputs: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(
        model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    results = []
    for values in inputs:
        interpreter.set_tensor(source["index"], values[np.newaxis])
        interpreter.invoke()
        results.append(interpreter.get_tensor(target["index"])[0])
    return np.stack(results)


@pytest.fixture(scope="module")
def quantised(network: FloatNetwork, patches: np.ndarray) -> Int8Network:
    return quantise(network, patches, Recipe())


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -60, 60)))


def test_the_float_network_computes_what_litert_does(network: FloatNetwork, patches: np.ndarray) -> None:
    litert = run(write_model(float_model(network, {})), patches[:4])
    np.testing.assert_allclose(sigmoid(network.logits(patches[:4])), litert, atol=2e-4)


def test_equalisation_keeps_the_function(network: FloatNetwork, patches: np.ndarray) -> None:
    before, after = network.logits(patches[:4]), equalise(network, patches).logits(patches[:4])
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3 * np.abs(before).max())


def test_equalisation_evens_ranges_before_depthwise_layers(network: FloatNetwork, patches: np.ndarray) -> None:
    values = patches[..., np.newaxis]
    for layer, following in zip((made := equalise(network, patches)).layers, made.layers[1:], strict=False):
        values = np.maximum(layer.linear(values), 0)
        if following.is_depthwise:
            peaks = values.max(axis=(0, 1, 2))
            # Clipping may leave a channel beyond 255, headroom below it; none is lost in the first steps.
            assert np.median(peaks[peaks > 0]) > 100
        if layer.name == "layer4/pointwise_conv":
            break


def test_compensated_rounding_keeps_outputs_closer_than_nearest(network: FloatNetwork) -> None:
    rng = np.random.default_rng(0)
    layer = network.layers[6]
    inputs = rng.random((20, 6, 6, 8)).astype(np.float32) @ rng.random((8, layer.weights.shape[0])).astype(np.float32)
    scales = weight_scales(layer, 1.0) * 8  # coarse steps, so that the difference is plain
    layer = replace(layer, weights=layer.weights)
    exact = layer.linear(inputs)
    errors = []
    for integers in (nearest(layer, scales), compensated(layer, scales, inputs, rng)):
        rounded = replace(layer, weights=(integers * scales).astype(np.float32))
        errors.append(float(np.square(rounded.linear(inputs) - exact).mean()))
    assert errors[1] < errors[0] / 2


def test_each_channel_reaches_127(quantised: Int8Network) -> None:
    for layer in quantised.layers:
        matrix = np.abs(layer.weights.reshape(-1, layer.weights.shape[-1]).astype(int))
        peaks = matrix.max(axis=0) if layer.scales.size > 1 else matrix.max()
        assert np.all(peaks == 127), layer.source.name


def test_the_model_is_integers_throughout_and_passes_the_devices_check(quantised: Int8Network) -> None:
    model = to_model(quantised, "test", {})
    check_network(model)
    assert {tensor.type for tensor in model.tensors} == {TensorType.INT8, TensorType.INT32}


def test_integers_compute_what_the_simulation_says(quantised: Int8Network, patches: np.ndarray) -> None:
    integers = np.rint(patches / quantised.patch.scale) + quantised.patch.zero_point
    scores = run(write_model(to_model(quantised, "", {})), np.clip(integers, -128, 127).astype(np.int8))
    simulated = sigmoid(np.clip(quantised.logits(patches), -6.5, 10))
    difference = np.abs((scores.astype(float) + 128) / 256 - simulated)
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.05


def test_quantisation_keeps_the_ranking_of_a_random_network(
    network: FloatNetwork, quantised: Int8Network, patches: np.ndarray
) -> None:
    exact, rounded = network.logits(patches), quantised.logits(patches)
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.98


def test_equal_seeds_give_equal_models(network: FloatNetwork, patches: np.ndarray, quantised: Int8Network) -> None:
    again = quantise(network, patches, Recipe())
    assert write_model(to_model(again, "", {})) == write_model(to_model(quantised, "", {}))


def test_a_channel_without_weights_keeps_its_bias(network: FloatNetwork) -> None:
    layer = network.layers[2]
    weights = layer.weights.copy()
    weights[:, 3] = 0
    layer = replace(layer, weights=weights)
    scales = weight_scales(layer, 0.05)
    assert abs(layer.bias[3] / (0.05 * scales[3])) < 2**31
    assert np.all(scales > 0)


def test_affine_range_has_zero_on_a_step() -> None:
    for low, high in ((0.0, 6.0), (-6.9, 6.3), (-1.0, 0.5)):
        made = Affine.over(low, high)
        values = np.linspace(low, high, 1000).astype(np.float32)
        assert np.abs(made.quantised(values) - values).max() <= made.scale * 1.001
        assert made.quantised(np.zeros(1, np.float32))[0] == 0


def tiny_tail() -> tuple[Int8Layer, ...]:
    """A depthwise layer with stride 2, a pointwise one and a head, with steps fine enough to see slopes through."""
    rng = np.random.default_rng(1)
    made = []
    for name, operator, stride, shape in (
        ("a", "DEPTHWISE_CONV_2D", 2, (3, 3, 6)),
        ("b", "CONV_2D", 1, (6, 5)),
        ("logits", "FULLY_CONNECTED", 1, (5, 4)),
    ):
        scales = np.full(1 if name == "logits" else shape[-1], 0.004)
        weights = rng.integers(-90, 90, shape).astype(np.int8)
        source = Weighted(
            name, operator, stride, (weights * scales).astype(np.float32), np.zeros(shape[-1], np.float32)
        )
        made.append(Int8Layer(source, weights, scales, rng.normal(0.5, 0.1, shape[-1]), Affine(1.0, -128)))
    return tuple(made)


def test_gradients_are_those_of_the_loss() -> None:
    """Against finite differences of the loss with rounding taken out, which straight-through estimation assumes."""
    tail = tiny_tail()
    rng = np.random.default_rng(2)
    inputs = rng.integers(0, 255, (4, 5, 4, 6)).astype(np.float32)
    targets = rng.normal(0, 2, (4, 4)).astype(np.float32)
    state = fine_tune.start(tail)
    trainer = fine_tune._Tail(tail, Affine(1e-4, -128))
    trainer._mean = _Identity()  # type: ignore[assignment]
    smooth = tuple(replace(layer, output=_Smooth()) for layer in tail)  # type: ignore[type-var]
    trainer._layers = smooth
    trainer._integers = lambda index, values: values[2 * index]  # type: ignore[method-assign]
    original = fine_tune.np.rint
    fine_tune.np.rint = lambda values: values
    try:
        _, gradients = trainer.gradients(state.values, inputs, targets)
        for index, value in enumerate(state.values):
            place = np.unravel_index(int(np.abs(gradients[index]).argmax()), value.shape)
            step = 0.05
            losses = []
            for sign in (1, -1):
                changed = [v.astype(np.float32).copy() for v in state.values]
                changed[index][place] += sign * step
                losses.append(trainer.gradients(changed, inputs, targets)[0])
            wanted = (losses[0] - losses[1]) / (2 * step)
            assert gradients[index][place] == pytest.approx(wanted, rel=0.05, abs=1e-4), index
    finally:
        fine_tune.np.rint = original


class _Smooth:
    scale, zero_point = 1.0, -128


class _Identity:
    def quantised(self, values: np.ndarray) -> np.ndarray:
        return values


@pytest.fixture(scope="module")
def lesson(network: FloatNetwork, quantised: Int8Network, patches: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """First layer to tune, its inputs and the targets."""
    from yamnet_tools.quantise.tuning import _inputs

    first = len(quantised.layers) - 5
    return first, _inputs(quantised, first, patches), network.logits(patches)


def test_fine_tuning_brings_logits_closer(
    quantised: Int8Network, patches: np.ndarray, lesson: tuple[int, np.ndarray, np.ndarray]
) -> None:
    first, inputs, targets = lesson
    settings = fine_tune.Settings(steps=12, rate=0.02, seed=0)
    tuned = fine_tune.fine_tune(quantised, first, inputs, targets, settings, fine_tune.start(quantised.layers[first:]))
    before, after = (np.abs(made.logits(patches) - targets).mean() for made in (quantised, tuned))
    assert after < before


def test_stopped_fine_tuning_ends_where_it_would_have(
    quantised: Int8Network, lesson: tuple[int, np.ndarray, np.ndarray]
) -> None:
    from yamnet_tools.quantise.checkpoints import pack_state, unpack_state

    first, inputs, targets = lesson
    settings = fine_tune.Settings(steps=4, rate=0.02, seed=0)
    whole = fine_tune.fine_tune(quantised, first, inputs, targets, settings, fine_tune.start(quantised.layers[first:]))

    class StopError(Exception):
        pass

    kept: dict[str, np.ndarray] = {}

    def stop(state: fine_tune.State, _loss: float) -> None:
        if state.step == 2:
            kept.update({name: array.copy() for name, array in pack_state(state).items()})
            raise StopError

    with pytest.raises(StopError):
        fine_tune.fine_tune(
            quantised, first, inputs, targets, settings, fine_tune.start(quantised.layers[first:]), stop
        )
    resumed = fine_tune.fine_tune(quantised, first, inputs, targets, settings, unpack_state(kept))
    for one, other in zip(whole.layers, resumed.layers, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        np.testing.assert_array_equal(one.bias, other.bias)


def test_made_up_sounds_are_reproducible_and_broad() -> None:
    sounds = list(synthetic_sounds(60, seed=4))
    assert all(np.array_equal(a, b) for a, b in zip(sounds[:5], synthetic_sounds(5, seed=4), strict=True))
    assert not np.array_equal(sounds[0], next(synthetic_sounds(1, seed=5)))
    peaks = np.array([np.abs(sound.astype(int)).max() for sound in sounds])
    assert all(sound.shape == (15_600,) and sound.dtype == np.int16 for sound in sounds)
    assert peaks.min() < 100
    assert peaks.max() >= 32_767
    centres = [np.average(np.arange(7801), weights=np.abs(np.fft.rfft(s.astype(float))) ** 2 + 1e-9) for s in sounds]
    assert np.ptp(np.percentile(centres, [10, 90])) > 1000
