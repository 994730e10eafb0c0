# SPDX-License-Identifier: Apache-2.0
"""What the firmware must do wherever it runs."""

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from device_core import PatchStream
from firmware_console import Console, taken_apart
from yamnet_tools.engines import open_engine
from yamnet_tools.model import YamnetModel

STEPS = [
    "board", "console", "memory", "boot record", "network", "http", "model files", "class map", "model", "interpreter",
    "self-test", "front end", "rules", "clips", "listening", "audio", "storage",
]  # fmt: skip
TASKS = {"capture", "console", "heartbeat", "http streams", "httpd", "inference", "storage"}
OPS = {"CONV_2D": 14, "DEPTHWISE_CONV_2D": 13, "FULLY_CONNECTED": 1, "LOGISTIC": 1, "MEAN": 1, "RESHAPE": 1}


@dataclass(frozen=True)
class Reference:
    """Real patches, int8 [n, 96, 64], and what TFLM's reference kernels give for them here, int8 [n, 521]."""

    patches: npt.NDArray[np.int8]
    scores: npt.NDArray[np.int8]


def check_info(console: Console, model: YamnetModel, kernels: str) -> None:
    info = console.ask("info")
    assert [step["name"] for step in info["boot"]["steps"]] == STEPS
    assert [step for step in info["boot"]["steps"] if not step["ok"]] == []
    assert info["boot"]["ready"] is True
    assert info["model"]["sha256"] == model.sha256
    assert info["model"]["bytes"] == len(model.data)
    assert info["model"]["front_end"] == "yamnet"
    assert info["model"]["classes"] == 521
    assert sorted(info["model"]["ops"]) == sorted(OPS)
    for end, quantization in (("input", model.input_quantization), ("output", model.output_quantization)):
        assert np.float32(info["model"][end]["scale"]) == np.float32(quantization.scale)
        assert info["model"][end]["zero_point"] == quantization.zero_point
    assert info["kernels"] == kernels
    assert 0 < info["arena"]["used"] <= info["arena"]["size"]
    assert info["selftest"] | {"invoke_us": 0} == {
        "passed": True, "differing_outputs": 0, "largest_difference": 0, "invoke_us": 0,
    }  # fmt: skip
    assert {task["name"] for task in info["tasks"]} == TASKS
    assert all(task["stack_free"] >= 1024 for task in info["tasks"])


def check_selftest_and_profile(console: Console) -> None:
    assert console.ask("selftest")["passed"] is True
    profile = console.ask("profile")
    names = [op["op"] for op in profile["ops"]]
    assert {name: names.count(name) for name in set(names)} == OPS
    assert sum(op["cycles"] for op in profile["ops"]) == profile["total_cycles"] > 0
    assert abs(sum(op["share"] for op in profile["ops"]) - 1) < 1e-4


def check_scores(console: Console, patches: npt.NDArray[np.int8], expected: npt.NDArray[np.int8]) -> None:
    got = np.stack([console.score(patch) for patch in patches])
    differing = int(np.count_nonzero(got != expected))
    largest = int(np.abs(got.astype(int) - expected.astype(int)).max())
    assert differing == 0, f"{differing} of {got.size} outputs differ, by up to {largest} steps"


def check_pcm(console: Console, model: YamnetModel, clip: npt.NDArray[np.int16]) -> None:
    patches, starts = PatchStream(model.front_end, *model.input_quantization).feed(clip)
    scores = open_engine("tflm", model).score(patches)
    got = console.pcm(clip)
    assert [start for start, _, _ in got] == list(starts)
    for (_, patch, outputs), expected_patch, expected in zip(got, patches, scores, strict=True):
        assert np.array_equal(patch, expected_patch)
        assert np.array_equal(outputs, expected)


def check_replay(console: Console, model: YamnetModel, clip: npt.NDArray[np.int16]) -> None:
    """The clip that the device plays to itself from flash is heard: the log's top class of each patch is right."""
    console.wait_for_log("the recording has ended")
    patches, starts = PatchStream(model.front_end, *model.input_quantization).feed(clip)
    scores = open_engine("tflm", model).score(patches)
    for start, row in zip(starts, scores, strict=True):
        top = min(range(521), key=lambda index: (-int(row[index]), index))
        p = model.output_quantization.scale * (int(row[top]) - model.output_quantization.zero_point)
        console.wait_for_log(f"heard: {start / 16_000:.2f} s: {model.class_names[top]} {p:.3f}")
    assert console.ask("info")["inference"]["patches"] >= len(patches)


def check_random_lines(console: Console, lines: int) -> None:
    source = random.Random(1)
    for _ in range(lines):
        line = bytes(source.choice(b"@ pcmdataendbegin=0123456789+/\xff\x01") for _ in range(source.randint(1, 60)))
        if source.random() < 0.05:
            line = bytes(source.randrange(256) for _ in range(400)).replace(b"\n", b"x")
        line = line.strip(b"\r") or b"x"
        console.write(line + b"\n")
        kind, fields = taken_apart(console.read_answer())
        assert kind == "@err"
        assert fields["code"] in {"bad_request", "unknown_command", "bad_argument", "failed"}
    assert console.ask("info")["boot"]["ready"] is True


def check_long_lines(console: Console) -> None:
    console.write(b"@" + b"x" * 12_287 + b"\n")
    assert "unknown_command" in console.read_answer()
    console.write(b"@" + b"x" * 12_288 + b"\n")
    assert "too_long" in console.read_answer()
    console.write(b"@in")
    assert "bad_request" in console.read_answer(timeout_s=60)
    assert console.ask("help")["commands"]
