# SPDX-License-Identifier: Apache-2.0
"""Classes of one's own in the last layer of a model with any number of them."""

import numpy as np
import pytest

import device_core
from random_network import random_network
from yamnet_tools.errors import ModelError
from yamnet_tools.model.class_map import extended_class_map, read_class_map
from yamnet_tools.model.own_head import IntegerHead, head_grid, with_own_classes
from yamnet_tools.model.tflite import Model
from yamnet_tools.model.tflite_reader import read_model
from yamnet_tools.model.tflite_writer import write_model

PATCHES = np.random.default_rng(5).integers(-128, 128, (4, 96, 64)).astype(np.int8)


@pytest.fixture(scope="module")
def base() -> Model:
    return read_model(random_network(4, classes=5, usual=True))


def own_head(base: Model, count: int) -> IntegerHead:
    rng = np.random.default_rng(count)
    rows = rng.integers(-127, 128, (count, 1024)).astype(np.int8)
    rows[:, 0] = 127
    return IntegerHead(rows, rng.integers(-1000, 1000, count).astype(np.int32), head_grid(base))


@pytest.mark.parametrize("alone", [False, True])
def test_old_classes_stay_and_new_ones_are_the_heads(base: Model, alone: bool) -> None:
    head = own_head(base, 3)
    before, after = (
        device_core.DeviceEngine(write_model(model)) for model in (base, with_own_classes(base, head, alone=alone))
    )
    old = 0 if alone else 5
    assert after.classes == old + 3
    scores = after.score(PATCHES)
    np.testing.assert_array_equal(scores[:, :old], before.score(PATCHES)[:, :old])
    np.testing.assert_array_equal(after.embed(PATCHES), before.embed(PATCHES))
    wanted = 1 / (1 + np.exp(-np.clip(head.logits(before.embed(PATCHES)), -60, 60)))
    limits = 1 / (1 + np.exp(-head.grid.logit_scale * np.array([-200, 200])))  # whatever the logits' zero point
    found = (scores[:, old:].astype(float) + 128) / 256
    inside = (wanted > limits[0]) & (wanted < limits[1])
    assert np.abs(found - wanted)[inside].max(initial=0) < head.grid.logit_scale / 4 + 2 / 256


def test_a_model_has_1024_classes_at_most(base: Model) -> None:
    with pytest.raises(ModelError, match=r"\[1, 1025\]"):
        with_own_classes(base, own_head(base, 1020))
    most = with_own_classes(base, own_head(base, 1019))
    assert device_core.check_model(write_model(most))["classes"] == 1024


def test_an_embedding_is_what_the_last_layer_reads(base: Model) -> None:
    engine = device_core.DeviceEngine(write_model(base))
    grid = head_grid(base)
    assert engine.embedding == (1024, pytest.approx(grid.input_scale), grid.input_zero_point)
    one_by_one = np.concatenate([engine.embed(PATCHES[index : index + 1]) for index in range(len(PATCHES))])
    np.testing.assert_array_equal(engine.embed(PATCHES, threads=2), one_by_one)


def test_names_are_added_behind_those_that_are_there() -> None:
    begun = extended_class_map(b"", ['a, "b"', "c"])
    assert read_class_map(begun, 2) == ('a, "b"', "c")
    assert read_class_map(extended_class_map(begun, ["d"]), 3) == ('a, "b"', "c", "d")
    with pytest.raises(ModelError, match="1025 classes"):
        read_class_map(extended_class_map(begun, [f"n{index}" for index in range(1023)]))
