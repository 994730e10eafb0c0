# SPDX-License-Identifier: Apache-2.0
"""What the tests of tools/classify.py share: running it as a person would, and a model small enough to foresee."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from device_core import LogMelSpec
from yamnet_tools.audio import PcmBlock
from yamnet_tools.classify.scoring import Step
from yamnet_tools.model import TensorQuantization

CHECKOUT = Path(__file__).resolve().parents[2]
HOP = 7680

Classify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def classify_command(converted_model: Path) -> list[str]:
    """The words that start tools/classify.py with a model."""
    return [sys.executable, str(CHECKOUT / "tools" / "classify.py"), "--model", str(converted_model)]


@pytest.fixture
def classify(classify_command: list[str], tmp_path: Path) -> Classify:
    """Runs tools/classify.py in tmp_path; its output is UTF-8."""

    def run(*arguments: object, engine: str = "device", **options: Any) -> subprocess.CompletedProcess[str]:
        command = [*classify_command, "--engine", engine]
        options = {"encoding": "utf-8", "errors": "surrogateescape", "stdin": subprocess.DEVNULL} | options
        if "input" in options:
            del options["stdin"]
        options["env"] = os.environ | {"PYTHONIOENCODING": "utf-8"} | options.get("env", {})
        return subprocess.run(
            [*command, *map(str, arguments)], cwd=tmp_path, capture_output=True, timeout=120, check=False, **options
        )

    return run


@pytest.fixture
def classify_json(classify: Classify) -> Callable[..., Any]:
    """Runs tools/classify.py --json on one clip and gives the line it prints."""

    def run(*arguments: object, **options: Any) -> Any:
        done = classify(*arguments, "--json", **options)
        assert done.returncode == 0
        assert not done.stderr
        assert len(done.stdout.splitlines()) == 1
        return json.loads(done.stdout)

    return run


@pytest.fixture
def examples_dir() -> Path:
    """The clips the project makes itself."""
    return CHECKOUT / "examples" / "audio"


@pytest.fixture
def four_classes() -> SimpleNamespace:
    """A model of four classes, one of them with a comma in its name; scores are p * 256 - 128."""
    return SimpleNamespace(
        class_names=("Speech", "Baby cry, infant cry", "Dog", "Siren"),
        front_end=LogMelSpec.profile("yamnet"),
        output_quantization=TensorQuantization(1 / 256, -128),
        sha256="0" * 64,
    )


@pytest.fixture
def make_step() -> Callable[..., Step]:
    """Makes a step of consecutive patches from rows of probabilities."""

    def make(rows: list[list[float]], first_start: int = 0) -> Step:
        scores = np.array([[round(p * 256) - 128 for p in row] for row in rows]).clip(-128, 127).astype(np.int8)
        starts = first_start + HOP * np.arange(len(rows), dtype=np.int64)
        patches = np.zeros((len(rows), 96, 64), np.int8)
        return Step(PcmBlock(first_start, np.zeros(HOP * len(rows), np.int16)), starts, patches, scores)

    return make
