# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C: what was done so far is given out, and the exit code says that it is not all."""

import json
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from yamnet_tools.classify.interrupt import Interrupt

RATE = 16_000
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(classify_command: list[str], tmp_path: Path) -> Start:
    """Starts tools/classify.py --json in tmp_path, as a shell would in the foreground."""

    def run(*arguments: str, engine: str = "litert") -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*classify_command, "--engine", engine, "--json", *arguments],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return run


def finish(process: subprocess.Popen[bytes]) -> tuple[int, list[dict[str, object]], str]:
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout as out, process.stderr as err:
        return process.returncode, [json.loads(line) for line in out], err.read().decode()


def test_during_long_work(start: Start, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(RATE, np.int16), RATE)
    soundfile.write(tmp_path / "long.wav", np.zeros(1800 * RATE, np.int16), RATE)
    process = start("short.wav", "long.wav", "short.wav", "--scores", "out.npz", engine="tflm")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["file"] == "short.wav"
    time.sleep(1.5)
    code, lines, errors = finish(process)
    assert code == 130
    [line] = lines
    assert list(line) == ["file", "duration_s", "engine", "model_sha256", "patches", "max", "mean"]
    assert 0 < line["duration_s"] < 1800
    saved = np.load(tmp_path / "out-long.npz")
    assert len(line["patches"]) == len(saved["patches"]) == len(saved["scores"]) == len(saved["start_s"]) > 0
    assert f"stopped after {line['duration_s']:.2f} s of [2/3] long.wav" in errors
    assert "1 more not heard" in errors
    assert "Traceback" not in errors


def test_while_a_pipe_is_silent(start: Start) -> None:
    process = start("-")
    assert process.stdin is not None
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    header = b"RIFF\xff\xff\xff\xffWAVE" + form + b"data\xff\xff\xff\xff"
    process.stdin.write(header + np.zeros(30_720 * 2, np.int16).tobytes())
    process.stdin.flush()
    time.sleep(4)
    code, lines, errors = finish(process)
    assert code == 130
    assert [line["duration_s"] for line in lines] == [3.84]
    assert len(lines[0]["patches"]) == 6
    assert "stopped after 3.84 s" in errors


def test_before_anything_came(start: Start) -> None:
    process = start("-")
    time.sleep(3)
    assert process.poll() is None
    code, lines, errors = finish(process)
    assert (code, lines) == (130, [])
    assert errors == "classify.py: stopped\n"


def interrupt_now() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def _foreground() -> None:
    """A test run started in the background would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.usefixtures("_foreground")
def test_work_is_completed_and_waiting_is_not() -> None:
    done = []
    with Interrupt() as interrupt, interrupt.working():
        for item in interrupt.until_requested(iter(range(9))):
            if item == 2:
                interrupt_now()
            done.append(item)
    assert done == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def wait_for_ever():
        yield "first"
        interrupt_now()
        yield "never"

    with Interrupt() as interrupt, interrupt.working():
        assert list(interrupt.until_requested(wait_for_ever())) == ["first"]


@pytest.mark.usefixtures("_foreground")
def test_the_second_one_does_not_wait() -> None:
    with Interrupt() as interrupt, interrupt.working():
        interrupt_now()
        with pytest.raises(KeyboardInterrupt):
            interrupt_now()


@pytest.mark.usefixtures("_foreground")
def test_outside_of_work_it_interrupts_at_once() -> None:
    with Interrupt() as interrupt:
        with pytest.raises(KeyboardInterrupt):
            interrupt_now()
        assert interrupt.requested
