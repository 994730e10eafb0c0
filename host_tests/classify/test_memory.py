# SPDX-License-Identifier: Apache-2.0
"""Length costs no memory, whatever is written."""

import subprocess
import sys
from pathlib import Path

import pytest

RATE = 44_100
ALLOWED_KIB = 6_000  # a quarter of an hour of patches would be 11 MB, its PCM 29 MB

# A stand-in for the engine: the memory in question is ours. Its scores flicker, so that every list and segment is long.
DRIVER = """
import resource, sys
import numpy as np
from yamnet_tools.classify import app

class Engine:
    name = "device"
    def score(self, patches):
        Engine.calls = getattr(Engine, "calls", 0) + 1
        return np.random.default_rng(Engine.calls).integers(-128, 128, (len(patches), 521)).astype(np.int8)

app.open_engine = lambda name, model: Engine()
assert app.main(sys.argv[1:]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_kib(tmp_path: Path, model: Path, seconds: int, *arguments: str) -> int:
    size = seconds * RATE * 2
    header = b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
    header += RATE.to_bytes(4, "little") + (2 * RATE).to_bytes(4, "little") + b"\x02\0\x10\0data"
    with (tmp_path / "clip.wav").open("wb") as stream:
        stream.write(header + size.to_bytes(4, "little"))
        stream.truncate(44 + size)  # silence that takes no disk
    command = [sys.executable, "-c", DRIVER, "--model", str(model), *arguments, str(tmp_path / "clip.wav")]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "outputs", [["--json", "--top", "150"], ["--scores", "out.npz", "--plot", "out.png", "--threshold", "0.9"]]
)
def test_a_quarter_of_an_hour_needs_no_more_than_ten_seconds(
    tmp_path: Path, converted_model: Path, monkeypatch: pytest.MonkeyPatch, outputs: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    short = peak_kib(tmp_path, converted_model, 10, *outputs)
    long = peak_kib(tmp_path, converted_model, 900, *outputs)
    assert long - short < ALLOWED_KIB
