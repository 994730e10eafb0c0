# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E402
"""Each part of the quantiser against what it promises, on random weights."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from quantise.conftest import CLASSES, NEEDED

torch = pytest.importorskip("torch", reason=NEEDED)

from yamnet_tools import cli
from yamnet_tools.model.network import check_network
from yamnet_tools.model.tflite import TensorType
from yamnet_tools.model.tflite_writer import write_model
from yamnet_tools.quantise import command, fine_tune
from yamnet_tools.quantise.checkpoints import Arrays, Partial
from yamnet_tools.quantise.conversion import QuantisationResult
from yamnet_tools.quantise.equalise import equalised, ranges_seen
from yamnet_tools.quantise.float_model import float_model
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.impressions import impressions
from yamnet_tools.quantise.int8_network import Affine, Int8Network, to_model, weight_scales
from yamnet_tools.quantise.progress import Progress
from yamnet_tools.quantise.proof import QuantisationProof
from yamnet_tools.quantise.quantiser import LOG_MEL_HIGH, LOG_MEL_LOW, Recipe, quantise
from yamnet_tools.quantise.rounding import compensated, nearest
from yamnet_tools.quantise.sensitivity import Sensitivity, best_mean_range, best_ranges, measure
from yamnet_tools.quantise.synthetic_audio import synthetic_sounds
from yamnet_tools.quantise.training import Settings, State
from yamnet_tools.quantise.variation import varied

pytestmark = pytest.mark.slow


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
    before = network.logits(patches[:4])
    after = equalised(network, ranges_seen(network, patches)).logits(patches[:4])
    np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-3 * np.abs(before).max())


def test_equalisation_gives_each_channel_before_a_depthwise_layer_all_of_int8(
    network: FloatNetwork, patches: np.ndarray
) -> None:
    made = equalised(network, ranges_seen(network, patches))
    for layer, following, reached in zip(made.layers, made.layers[1:], ranges_seen(made, patches), strict=False):
        # Products of int8 weights and inputs are never coarser than the output: that bounds a few channels' steps.
        products = np.abs(layer.matrix).max(axis=0) / 127
        assert products.max() < 1, layer.name
        if following.is_depthwise:
            np.testing.assert_allclose(reached[(reached > 1) & (products < 0.998)], 255, rtol=1e-3, err_msg=layer.name)


@pytest.fixture(scope="module")
def measured(network: FloatNetwork, patches: np.ndarray) -> Sensitivity:
    return measure(network, patches, seed=0)


def test_sensitivity_prefers_ranges_that_keep_the_logits(
    network: FloatNetwork, patches: np.ndarray, measured: Sensitivity
) -> None:
    """Rounding one activation with the ranges chosen, and with ranges ten times as wide."""
    exact = network.logits(patches)
    index = 4
    reach = best_ranges(measured)[index]
    errors = []
    for ranges in (reach, reach * 10):
        values = patches[..., np.newaxis]
        for number, layer in enumerate(network.layers[:-1]):
            values = np.maximum(layer.linear(values), 0)
            if number == index:
                values = np.clip(np.rint(values / (ranges / 255)), 0, 255) * (ranges / 255)
        logits = network.layers[-1].linear(values.mean(axis=(1, 2)))
        errors.append(float(np.square(logits - exact).mean()))
    assert errors[0] < errors[1] / 4


def test_the_means_range_is_the_one_that_moves_the_logits_the_least(network: FloatNetwork) -> None:
    rng = np.random.default_rng(0)
    means = (rng.integers(0, 3, (64, 1024)) / 6).astype(np.float32)
    means[:, :4] = rng.uniform(0, 40, (64, 4))
    head = network.layers[-1]

    def moved(highest: float) -> float:
        return float(np.abs(head.linear(Affine.over(0.0, highest).quantised(means)) - head.linear(means)).mean())

    assert moved(best_mean_range(means, head)) < 0.7 * moved(float(means.max()))
    assert best_mean_range(np.zeros_like(means), head) > 0


def test_impressions_are_heard_as_their_classes(network: FloatNetwork, patches: np.ndarray) -> None:
    made = impressions(network, patches, 8, seed=1)
    assert made.shape == (8, 96, 64)
    assert made.min() >= LOG_MEL_LOW
    assert made.max() <= LOG_MEL_HIGH
    rng = np.random.default_rng(1)
    begun = network.logits(patches[rng.integers(len(patches), size=8)])
    classes = rng.permutation(CLASSES)[:8]
    rows = np.arange(8)
    ended = network.logits(made)[rows, classes]
    assert np.mean(ended > begun[rows, classes]) > 0.7
    goals = rng.uniform(0, 8, 8)
    assert np.all(np.abs(goals - ended) <= np.abs(goals - begun[rows, classes]) + 1e-3)


def test_variations_stay_log_mel_and_differ(patches: np.ndarray) -> None:
    made = varied(patches, np.random.default_rng(0), 64)
    assert made.shape == (64, 96, 64)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert made.min() >= LOG_MEL_LOW - 1e-3
    assert made.max() <= LOG_MEL_HIGH
    assert len({patch.tobytes() for patch in made} - {patch.tobytes() for patch in patches}) > 30


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


class _Stopped(Partial):
    """Ends the work after so many keepings, all of which are on disk by then."""

    def __init__(self, kept: Arrays, left: int) -> None:
        super().__init__(lambda: kept, kept.update)
        self._left = left

    def keep(self, arrays: Mapping[str, npt.NDArray[np.generic]], *, now: bool = False) -> None:
        del now
        super().keep(arrays, now=True)
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stop_after", [1, 2, 5])
def test_a_run_stopped_inside_a_stage_ends_in_the_same_network(
    network: FloatNetwork, patches: np.ndarray, quantised: Int8Network, stop_after: int
) -> None:
    kept: Arrays = {}
    with pytest.raises(KeyboardInterrupt):
        quantise(network, patches, Recipe(), partial=_Stopped(kept, stop_after))
    assert kept
    again = quantise(network, patches, Recipe(), partial=Partial(lambda: kept))
    for one, other in zip(again.layers, quantised.layers, strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)


def test_impressions_go_on_where_they_were(network: FloatNetwork, patches: np.ndarray) -> None:
    whole = impressions(network, patches, 40, seed=1)
    kept: Arrays = {}
    with pytest.raises(KeyboardInterrupt):
        impressions(network, patches, 40, seed=1, partial=_Stopped(kept, 1))
    np.testing.assert_array_equal(impressions(network, patches, 40, seed=1, partial=Partial(lambda: kept)), whole)


def test_progress_tells_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("yamnet_tools.quantise.progress.time.monotonic", lambda: clock[0])
    told: list[str] = []
    progress = Progress(told.append, "work", 100, done=20)
    for done, at in ((21, 1.0), (40, 20.0), (41, 21.0), (60, 400.0), (100, 401.0)):
        clock[0] = at
        progress(done)
    assert told == [
        "work: going on after 20 of 100",
        "work: 40 of 100, about 1 min left",
        "work: 60 of 100, about 7 min left",
        "work: 100 of 100",
    ]


@pytest.mark.parametrize(
    ("equal", "verdict"), [(256, "good"), (231, "good"), (230, "fair"), (205, "fair"), (204, "poor")]
)
def test_a_poor_result_does_not_end_like_a_good_one(
    equal: int, verdict: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = QuantisationProof(256, equal, 20, 20, 0.1, 1, 243_024, 64)
    assert proof.verdict == verdict
    model = SimpleNamespace(operators={}, size_bytes=1, sha256="0")
    result = QuantisationResult(Path("m"), SimpleNamespace(model=model), proof)  # type: ignore[arg-type]
    monkeypatch.setattr(command, "convert_float", lambda *_, **__: result)
    parser = cli.parser("")
    parser.add_argument("--weights")
    parser.add_argument("--out")
    parser.add_argument("--offline")
    command.add_options(parser)
    assert command.convert_with(parser.parse_args([]), []) == (1 if verdict == "poor" else 0)
    assert f"verdict: {verdict}: on 256 made-up sounds" in capsys.readouterr().err.splitlines()[-1]


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


@pytest.fixture(scope="module")
def plain(network: FloatNetwork, patches: np.ndarray) -> Int8Network:
    """Rounded without care, so that there is something to learn."""
    return quantise(network, patches, Recipe(sensitive=False, compensate=False))


def test_training_sees_what_the_integers_compute(plain: Int8Network, patches: np.ndarray) -> None:
    logits = fine_tune._Student(plain).logits(torch.from_numpy(patches)).detach().numpy()
    difference = np.abs(logits - plain.logits(patches))
    assert np.median(difference) < 0.02 * np.abs(logits).mean()


def lesson(patches: np.ndarray) -> Callable[[np.random.Generator, int], np.ndarray]:
    return lambda rng, _: patches[rng.permutation(len(patches))]


def test_fine_tuning_brings_logits_closer(network: FloatNetwork, plain: Int8Network, patches: np.ndarray) -> None:
    exact = network.logits(patches)
    tuned = fine_tune.fine_tune(plain, network, lesson(patches), Settings(steps=24, rate=0.02, seed=0))
    before, after = (np.abs(made.logits(patches) - exact).mean() for made in (plain, tuned))
    assert after < before
    check_network(to_model(tuned, "", {}))


def test_fine_tuning_ends_in_a_network_that_the_device_takes(
    network: FloatNetwork, plain: Int8Network, patches: np.ndarray
) -> None:
    """Steps this large make the products of many channels coarser than their outputs, unless they are held back."""
    reckless = fine_tune.fine_tune(plain, network, lesson(patches), Settings(steps=3, rate=20, seed=0))
    check_network(to_model(reckless, "", {}))


def test_stopped_fine_tuning_ends_where_it_would_have(
    network: FloatNetwork, plain: Int8Network, patches: np.ndarray
) -> None:
    settings = Settings(steps=4, rate=0.02, seed=0)
    whole = fine_tune.fine_tune(plain, network, lesson(patches), settings)

    class StopError(Exception):
        pass

    kept: dict[str, np.ndarray] = {}

    def stop(state: State, _loss: float) -> None:
        if state.step == 2:
            kept.update(state.packed())
            raise StopError

    with pytest.raises(StopError):
        fine_tune.fine_tune(plain, network, lesson(patches), settings, checkpoint=stop)
    resumed = fine_tune.fine_tune(plain, network, lesson(patches), settings, State.unpacked(kept))
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
