# SPDX-License-Identifier: Apache-2.0
"""Float weights are loaded whole and by name, or not at all."""

import builtins
import subprocess
from pathlib import Path

import numpy as np
import pytest

from quantise.conftest import NEEDED, as_npz, fold, keras_tensors, write_h5
from yamnet_tools.errors import ModelError, SourceError
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.head import load_head
from yamnet_tools.quantise.weights_h5 import git_blob_hash, load_h5
from yamnet_tools.quantise.weights_npz import load_npz

h5py = pytest.importorskip("h5py", reason=NEEDED)


def test_h5_is_folded_by_batch_norms_definition(tmp_path: Path, tensors: dict, network: FloatNetwork) -> None:
    loaded = load_h5(write_h5(tmp_path / "yamnet.h5", tensors))
    for got, wanted in zip(loaded.layers, network.layers, strict=True):
        assert got.name == wanted.name
        np.testing.assert_allclose(got.weights, wanted.weights, rtol=2e-6, atol=1e-7)
        np.testing.assert_allclose(got.bias, wanted.bias, rtol=2e-5, atol=1e-6)


def test_h5_with_another_number_of_classes(tmp_path: Path) -> None:
    tensors = keras_tensors(classes=7)
    assert load_h5(write_h5(tmp_path / "tuned.h5", tensors)).class_count == 7


@pytest.mark.parametrize(
    "name", ["layer1/conv/kernel", "layer9/depthwise_conv/bn/beta", "logits/kernel", "logits/bias"]
)
def test_h5_without_a_tensor_names_it(tmp_path: Path, tensors: dict, name: str) -> None:
    left = {key: value for key, value in tensors.items() if key != name}
    with pytest.raises(ModelError, match=name):
        load_h5(write_h5(tmp_path / "x.h5", left))


def test_h5_with_a_tensor_too_many_names_it(tmp_path: Path, tensors: dict) -> None:
    path = write_h5(tmp_path / "x.h5", {**tensors, "layer3/depthwise_conv/bn/gamma": np.ones(64, np.float32)})
    with pytest.raises(ModelError, match="layer3/depthwise_conv/bn/gamma"):
        load_h5(path)


def test_h5_with_a_tensor_twice_names_it(tmp_path: Path, tensors: dict) -> None:
    path = write_h5(tmp_path / "x.h5", tensors)
    with h5py.File(path, "a") as file:
        group = file.create_group("copy")
        group.attrs["weight_names"] = [b"logits/bias:0"]
        group["logits/bias:0"] = tensors["logits/bias"]
        file.attrs["layer_names"] = np.array([*file.attrs["layer_names"], "copy"]).astype("S")
    with pytest.raises(ModelError, match=r"logits/bias.*twice"):
        load_h5(path)


def test_h5_with_a_tensor_nobody_lists_names_it(tmp_path: Path, tensors: dict) -> None:
    path = write_h5(tmp_path / "x.h5", tensors)
    with h5py.File(path, "a") as file:
        file["layer2/stray"] = np.zeros(3)
    with pytest.raises(ModelError, match="stray"):
        load_h5(path)


def test_h5_with_a_wrong_shape_names_tensor_and_shapes(tmp_path: Path, tensors: dict) -> None:
    wrong = {**tensors, "layer5/pointwise_conv/kernel": np.zeros((1, 1, 128, 255), np.float32)}
    with pytest.raises(ModelError, match=r"layer5/pointwise_conv/kernel.*255.*256"):
        load_h5(write_h5(tmp_path / "x.h5", wrong))


def test_h5_with_a_nan_names_the_tensor(tmp_path: Path, tensors: dict) -> None:
    bad = tensors["layer14/pointwise_conv/bn/moving_mean"].copy()
    bad[5] = np.nan
    with pytest.raises(ModelError, match="layer14/pointwise_conv/bn/moving_mean"):
        load_h5(write_h5(tmp_path / "x.h5", {**tensors, "layer14/pointwise_conv/bn/moving_mean": bad}))


@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_a_damaged_h5_is_one_clear_error(tmp_path: Path, tensors: dict, damage: str) -> None:
    path = write_h5(tmp_path / "x.h5", tensors)
    data = path.read_bytes()
    path.write_bytes({"text": b"not hdf5 " * 99, "cut": data[: len(data) // 3], "empty": b""}[damage])
    with pytest.raises(ModelError, match=r"x\.h5"):
        load_h5(path)


def test_without_h5py_the_message_says_what_to_install(
    tmp_path: Path, tensors: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_h5(tmp_path / "x.h5", tensors)
    real = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object) -> object:
        if name == "h5py":
            raise ImportError("No module named 'h5py'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SourceError, match=r"pip install -e '\.\[convert\]'"):
        load_h5(path)


def test_git_blob_hash_is_gits(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"some\0bytes" * 1000)
    wanted = subprocess.run(
        ["git", "hash-object", str(path)], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert git_blob_hash(path) == wanted


def test_npz_round_trip(tmp_path: Path, network: FloatNetwork) -> None:
    np.savez(tmp_path / "x.npz", **as_npz(network))
    for got, wanted in zip(load_npz(tmp_path / "x.npz").layers, network.layers, strict=True):
        np.testing.assert_array_equal(got.weights, wanted.weights)
        np.testing.assert_array_equal(got.bias, wanted.bias)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda a: a.pop("layer7_pwb"), "layer7_pwb"),
        (lambda a: a.update(layer15_dw=a["layer14_dw"]), "layer15_dw"),
        (lambda a: a.update(layer4_dw=a["layer4_dw"].transpose(2, 0, 1)), "layer4_dw"),
        (lambda a: a.update(fc_b=np.full(521, np.inf, np.float32)), "fc_b"),
        (lambda a: a.update(layer1_w=a["layer1_w"].astype(np.int32)), "layer1_w"),
        (lambda a: a.update(layer1_w=np.array([{}], object)), "pickle"),
        (lambda a: a.pop("fc_w"), "fc_w"),
    ],
)
def test_a_wrong_npz_names_the_tensor(tmp_path: Path, network: FloatNetwork, change: object, named: str) -> None:
    arrays = as_npz(network)
    change(arrays)  # type: ignore[operator]
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ModelError, match=named):
        load_npz(tmp_path / "x.npz")


def test_a_bare_array_named_npz_is_one_clear_error(tmp_path: Path) -> None:
    with (tmp_path / "x.npz").open("wb") as stream:
        np.save(stream, np.zeros(3, np.float32))
    for load in (load_npz, load_head):
        with pytest.raises(ModelError, match=r"x\.npz: one bare array \(\.npy\), not an \.npz"):
            load(tmp_path / "x.npz")


def test_a_cut_npz_is_one_clear_error(tmp_path: Path, network: FloatNetwork) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **as_npz(network))
    path.write_bytes(path.read_bytes()[:5_000_000])
    with pytest.raises(ModelError, match=r"x\.npz"):
        load_npz(path)


def test_fold_helper_is_not_the_loader() -> None:
    """The oracle above shares only the slots with the code under test; it must see a changed epsilon."""
    tensors = keras_tensors(classes=3, seed=1)
    tensors["layer1/conv/bn/moving_variance"][:] = 0
    scale = fold(tensors).layers[0].weights / tensors["layer1/conv/kernel"]
    np.testing.assert_allclose(scale, 100.0, rtol=1e-4)
