# SPDX-License-Identifier: Apache-2.0
"""What the tests of the converter share: Google's file, and what is made of it."""

from pathlib import Path

import pytest

from yamnet_tools.model import ConversionResult, convert
from yamnet_tools.model.source import CLASS_MAP, WEIGHTS, WEIGHTS_VARIABLE


@pytest.fixture(scope="session")
def source_path(weights_dir: Path) -> Path:
    """Google's int8 YAMNet."""
    return weights_dir / WEIGHTS.name


@pytest.fixture(scope="session")
def source_bytes(source_path: Path) -> bytes:
    """Its bytes."""
    return source_path.read_bytes()


@pytest.fixture(scope="session")
def class_map_bytes(weights_dir: Path) -> bytes:
    """Google's class map."""
    return (weights_dir / CLASS_MAP.name).read_bytes()


@pytest.fixture(scope="session")
def converted(source_path: Path, tmp_path_factory: pytest.TempPathFactory) -> ConversionResult:
    """A conversion with the default options."""
    return convert(source_path, tmp_path_factory.mktemp("model"), offline=True)


@pytest.fixture(scope="session")
def converted_with_source_head(source_path: Path, tmp_path_factory: pytest.TempPathFactory) -> ConversionResult:
    """A conversion that keeps the source's output scale."""
    return convert(source_path, tmp_path_factory.mktemp("source-head"), head_range=None, offline=True)


@pytest.fixture
def proof_taken_for_granted(converted: ConversionResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what happens around the proof, which takes seconds."""
    monkeypatch.setattr("yamnet_tools.model.conversion.prove", lambda *_: converted.proof)


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Google's files: an empty checkout below a parent folder, an empty cache, no variable set."""
    checkout = tmp_path / "parent" / "checkout"
    checkout.mkdir(parents=True)
    monkeypatch.setattr("yamnet_tools.model.source.CHECKOUT", checkout)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    return checkout
