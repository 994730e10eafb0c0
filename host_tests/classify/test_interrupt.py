# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C: what was done so far is given out, and the exit code says that it is not all."""

import json
import os
import signal
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
    """Starts tools/classify.py in tmp_path, as a shell would in the foreground."""

    def run(*arguments: str, engine: str = "device") -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*classify_command, "--engine", engine, *arguments],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return run


def finish(process: subprocess.Popen[bytes]) -> tuple[int, list[str], str]:
    """Press Ctrl-C; returns the exit code, the lines that follow on standard output, and all of standard error."""
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout as out, process.stderr as err:
        return process.returncode, out.read().decode().splitlines(), err.read().decode()


def test_during_long_work(start: Start, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(RATE, np.int16), RATE)
    soundfile.write(tmp_path / "long.wav", np.zeros(1800 * RATE, np.int16), RATE)
    process = start("short.wav", "long.wav", "short.wav", "--json", "--scores", "out.npz", engine="tflm")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["file"] == "short.wav"
    time.sleep(2)
    code, lines, errors = finish(process)
    assert code == 130
    [line] = map(json.loads, lines)
    assert list(line) == ["file", "duration_s", "engine", "model_sha256", "patches", "max", "mean"]
    assert 0 < line["duration_s"] < 1800
    saved = np.load(tmp_path / "out-long.npz")
    assert len(line["patches"]) == len(saved["patches"]) == len(saved["scores"]) == len(saved["start_s"]) > 0
    assert f"stopped after {line['duration_s']:.2f} s of [2/3] long.wav" in errors
    assert "1 more not heard" in errors
    assert "Traceback" not in errors


def test_while_a_pipe_is_silent(start: Start, examples_dir: Path) -> None:
    process = start("-")
    assert process.stdin is not None
    assert process.stdout is not None
    header = bytearray((examples_dir / "sine_440hz.wav").read_bytes()[: 44 + 2 * 30_720])
    header[4:8] = header[40:44] = b"\xff\xff\xff\xff"
    process.stdin.write(header)
    process.stdin.flush()
    assert process.stdout.readline().endswith(b"  Sine wave\n")  # told as it begins, not only in the end
    code, lines, errors = finish(process)
    assert code == 130
    assert lines[0] == "standard input: 1.92 s, 2 patches, device, stopped before its end"
    assert errors == "classify.py: stopped after 1.92 s of -\n"


def test_before_anything_came(start: Start) -> None:
    process = start("-")
    time.sleep(2)  # while it loads, or waits: both are to end cleanly
    assert process.poll() is None
    assert finish(process) == (130, [], "classify.py: stopped\n")


FAKE_SOUNDDEVICE = """
import threading, time, types
import numpy as np

class PortAudioError(Exception): ...

def check_input_settings(**_): ...

class InputStream:
    def __init__(self, samplerate, blocksize, callback, **_):
        self.blocksize, self.callback = blocksize, callback

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        block = (8000 * np.sin(2 * np.pi * 400 / 16000 * np.arange(self.blocksize))).astype(np.int16)[:, np.newaxis]
        while True:
            self.callback(block, len(block), None, types.SimpleNamespace(input_overflow=False))
            time.sleep(0.05)

    def close(self): ...
"""


def test_the_microphone_is_heard_live_until_then(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(FAKE_SOUNDDEVICE)
    process = start("--mic", "--scores", "mic.npz")
    assert process.stdout is not None
    assert process.stdout.readline().endswith(b"  Sine wave\n")
    time.sleep(1)
    code, lines, errors = finish(process)
    assert code == 130
    assert lines[0].startswith("mic: ")
    assert "stopped before its end" in lines[0]
    assert errors.splitlines()[0] == "classify.py: listening to the microphone; Ctrl-C ends it"
    assert len(np.load(tmp_path / "mic.npz")["start_s"]) > 2


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
