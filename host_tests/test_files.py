# SPDX-License-Identifier: Apache-2.0
"""Files are written whole or not at all, never over an input, and an error names the file that it is about."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yamnet_tools import cli
from yamnet_tools.errors import OutputError, UsageError
from yamnet_tools.files import refuse_overwriting, replacing, write_bytes
from yamnet_tools.paths import CHECKOUT

TOOLS = CHECKOUT / "tools"
EXAMPLE = CHECKOUT / "examples" / "audio" / "noise.wav"


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOLS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"before")

    def fill() -> None:
        with replacing(target) as temporary:
            temporary.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left") as caught:
        fill()
    assert cli.describe_os_error(caught.value) == f"{target}: No space left on device"
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (b"before", [target])


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "out.bin"):
        (tmp_path / "input").read_bytes()
    assert cli.describe_os_error(caught.value).startswith(str(tmp_path / "input"))


def test_an_error_about_the_temporary_file_names_the_target(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_bytes(tmp_path / "folder", b"")
    assert cli.describe_os_error(caught.value).startswith(str(tmp_path / "folder"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_standard_output_is_one_line(converted_model: Path) -> None:
    command = [sys.executable, str(TOOLS / "classify.py"), str(EXAMPLE), "--model", str(converted_model)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.stderr == "classify.py: error: standard output: No space left on device\n"


@pytest.mark.parametrize("link", [os.link, os.symlink, None], ids=["hard link", "symbolic link", "same name"])
def test_an_input_is_recognised_whatever_leads_to_it(tmp_path: Path, link: object) -> None:
    source = tmp_path / "in.bin"
    source.write_bytes(b"x")
    output = tmp_path / "folder" / ".." / "in.bin"
    (tmp_path / "folder").mkdir()
    if link is not None:
        output = tmp_path / "out.bin"
        link(source, output)  # type: ignore[operator]
    with pytest.raises(OutputError, match="would overwrite an input"):
        refuse_overwriting([output], [tmp_path / "other", source])
    refuse_overwriting([tmp_path / "new"], [source])


def test_a_file_that_is_not_there_yet_may_be_an_input_too(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        refuse_overwriting([tmp_path / "a" / ".." / "x"], [tmp_path / "x"])


@pytest.mark.parametrize("option", ["--plot", "--scores"])
def test_classify_never_replaces_what_it_hears(converted_model: Path, tmp_path: Path, option: str) -> None:
    suffix = {"--plot": ".png", "--scores": ".npz"}[option]
    clip = tmp_path / f"clip{suffix}"
    clip.write_bytes(EXAMPLE.read_bytes())
    done = tool("classify.py", clip, option, clip, "--model", converted_model)
    assert done.returncode == 1
    assert f"{clip}: would overwrite an input" in done.stderr
    assert clip.read_bytes() == EXAMPLE.read_bytes()


def test_usage_errors_have_the_exit_code_of_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise UsageError("there is no such thing")

    assert cli.run(fail) == 2
    assert capsys.readouterr().err.endswith("error: there is no such thing\n")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("classify.py", ["x.wav", "--classes", "Sirn"]),
        ("classify.py", ["x.wav", "--rules", "babi"]),
        ("tune_rules.py", ["--positives", "p", "--negatives", "n", "--rule", "babi"]),
        ("tune_rules.py", ["--positives", "p", "--negatives", "n", "--classes", "Sirn"]),
        ("tune_rules.py", ["--positives", "p", "--negatives", "n", "--rule", "baby", "--plot", "x.txt"]),
        ("evaluate_model.py", ["m", "--data", "d", "--fail-below", "map=2"]),
        ("evaluate_events.py", ["--seed", "-1"]),
        ("mkspiffs_model.py", ["--label", "none"]),
        ("mkspiffs_model.py", ["--page-size", "100"]),
        ("mkspiffs_model.py", ["--size", "many"]),
        ("flash_model.py", ["--fill-flash"]),
        ("device.py", ["clips", "list", "--port", "/dev/null"]),
        ("report_accuracy.py", ["--data", "d", "--tuning-steps", "-1"]),
        ("simulate_device.py", ["--drop", "2"]),
        ("convert_yamnet.py", ["--head-range", "3"]),
        ("make_examples.py", ["--frobnicate"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value[-2:])),
)
def test_wrong_options_have_one_exit_code_everywhere(converted_model: Path, name: str, arguments: list[object]) -> None:
    takes_model = {"classify.py", "tune_rules.py", "evaluate_events.py"}
    done = tool(name, *arguments, *(["--model", converted_model] if name in takes_model else []))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert ": error: " in done.stderr.splitlines()[-1]
