# SPDX-License-Identifier: Apache-2.0
"""tools/device.py from its command line: what it prints, and what it says to odd answers and files."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_core import presets
from scripted_line import Reply, ScriptedLine, err, ok
from simulated_site import ALARM, Site, simulated_site
from yamnet_tools.device import Device
from yamnet_tools.device.command import main
from yamnet_tools.errors import DeviceError
from yamnet_tools.events.rules import RulesError
from yamnet_tools.paths import CHECKOUT

UNKNOWN = (err("unknown_command"),)  # of a firmware that tells no time


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedLine]:
    """Puts a script behind every port."""

    def put(*replies: Reply) -> ScriptedLine:
        line = ScriptedLine(*replies)
        monkeypatch.setattr(Device, "open", lambda *_, **__: Device(line, timeout_s=0.2))
        return line

    return put


@pytest.fixture
def site(model_image: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Nobody has set its clock."""
    with simulated_site(model_image, clock_set=False) as site:
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        yield site


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "boot is missing"),
        ({"boot": 3}, "boot is no object"),
        ({"boot": {"steps": [3], "ready": True}}, "boot.count is missing"),
        ({"boot": {"steps": [{"name": "x", "ok": True}], "ready": True}}, "boot.count is missing"),
        ({"boot": None, "model": []}, "boot is no object"),
    ],
)
def test_info_of_an_odd_answer_says_what_is_odd(
    scripted: Callable[..., ScriptedLine], capsys: pytest.CaptureFixture[str], fields: dict[str, Any], told: str
) -> None:
    scripted(*UNKNOWN, ok(**fields), err("failed"))
    assert main(["info", "--port", "x"]) == 1
    assert f"not as the protocol says: {told}" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["yamnet", 3, [1], {"sha256": [2]}, {}])
def test_compare_takes_a_model_of_any_type_for_another_one(
    scripted: Callable[..., ScriptedLine],
    capsys: pytest.CaptureFixture[str],
    model: object,
    converted_model: Path,
) -> None:
    scripted(*UNKNOWN, ok(model=model), ok(chunk_samples="many"))
    with pytest.raises(DeviceError, match="answer to @pcm is not the protocol's"):
        main(["compare", str(ALARM), "--model", str(converted_model), "--port", "x"])
    assert "warning: the device's model is" in capsys.readouterr().err


def _npy_named_npz(folder: Path) -> Path:
    path = folder / "patches.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros((2, 96, 64), np.int8))
    return path


def _npz_named_npy(folder: Path) -> Path:
    path = folder / "patches.npy"
    with path.open("wb") as file:
        np.savez(file, patches=np.zeros((2, 96, 64), np.int8))
    return path


@pytest.mark.parametrize("make", [_npy_named_npz, _npz_named_npy])
def test_patches_are_read_whatever_their_file_is_called(
    scripted: Callable[..., ScriptedLine], make: Callable[[Path], Path], tmp_path: Path, converted_model: Path
) -> None:
    line = scripted(*UNKNOWN, err("failed"))
    with pytest.raises(DeviceError, match="refused @score"):
        main(["score", str(make(tmp_path)), "--model", str(converted_model), "--port", "x"])
    assert line.requests[-1].startswith("@score ")


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
@pytest.mark.parametrize("content", ["empty", "text", "pickle", "zip", "half", "floats"])
def test_what_holds_no_patches_is_one_clear_error(
    scripted: Callable[..., ScriptedLine], suffix: str, content: str, tmp_path: Path, converted_model: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    whole = _npz_named_npy(tmp_path).read_bytes()
    with path.open("wb") as file:
        if content == "pickle":
            np.save(file, np.array([{}], object), allow_pickle=True)
        elif content == "zip":
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("patches", "none")
        elif content == "floats":
            np.save(file, np.zeros((1, 96, 64)))
        else:
            file.write({"empty": b"", "text": b"patches", "half": whole[: len(whole) // 2]}[content])
    scripted(*UNKNOWN)
    with pytest.raises(DeviceError, match=rf"x\{suffix}: no patches"):
        main(["score", str(path), "--model", str(converted_model), "--port", "x"])


@pytest.mark.parametrize("port", ["socket://x", "socket://", "nosuch://x", "socket://127.0.0.1:notaport", "loop", ""])
def test_a_port_that_cannot_be_is_one_clear_error(port: str) -> None:
    tool = [sys.executable, str(CHECKOUT / "tools" / "device.py"), "info", f"--port={port}"]
    done = subprocess.run(tool, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"device\.py: error: [^\n]+\n", done.stderr)


def test_a_clock_that_nobody_has_set_is_set_by_whoever_connects(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["time", "--show", "--port", site.console]) == 1
    assert capsys.readouterr().out == "not set, zone UTC\n"
    assert main(["rules", "--port", site.console, "--no-log"]) == 0
    assert "the device's clock was not set; it is set now" in capsys.readouterr().err
    assert main(["rules", "--port", site.console, "--no-log"]) == 0
    assert capsys.readouterr().err == ""


def test_the_clock_is_set_with_its_zone(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["time", "--zone", "Europe/Berlin", "--port", site.console]) == 0
    shown, rest = capsys.readouterr().out.split(", ", 1)
    assert abs((datetime.fromisoformat(shown) - datetime.now(UTC)).total_seconds()) < 30
    assert rest == "zone Europe/Berlin; set: the device's clock was not set\n"
    with pytest.raises(DeviceError, match="no such zone"):
        main(["time", "--zone", "Europe/Atlantis", "--port", site.console])
    with Device.open(site.console) as device:
        device.clock("set", "1800000000000")
    assert main(["selftest", "--port", site.console, "--no-log"]) == 0
    assert re.search(r"clock was [\d,.]+ s ahead of this computer's; it is set now", capsys.readouterr().err)
    assert main(["time", "--port", site.address]) == 0
    assert capsys.readouterr().out.endswith(", zone Europe/Berlin\n")


def _told(utc: str) -> Reply:
    return ok(utc=utc, time_zone="", time_server="pool.ntp.org")


def test_a_clock_that_a_network_sets_is_left_alone(
    scripted: Callable[..., ScriptedLine], capsys: pytest.CaptureFixture[str]
) -> None:
    line = scripted(_told("2026-01-01T00:00:00.000Z"), ok(network={"address": "10.0.0.7"}), ok(token="t"))
    with pytest.raises(DeviceError):
        main(["selftest", "--port", "x"])
    assert "behind this computer's; it asks pool.ntp.org" in capsys.readouterr().err
    assert not any(request.startswith("@time") for request in line.requests[1:])


def test_a_time_that_was_damaged_on_its_way_is_set_again(scripted: Callable[..., ScriptedLine]) -> None:
    now = datetime.now(UTC).isoformat()
    line = scripted(_told(now), _told("2029-01-01T00:00:00Z"), _told(now))
    assert main(["time", "--port", "x"]) == 0
    assert [request.split()[2] for request in line.requests[1:]] == ["set", "set"]


def test_rules_take_a_presets_name(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "baby", "--port", site.console, "--no-log"]) == 0
    assert "baby: 1 rules run now" in capsys.readouterr().out
    assert main(["rules", "--show", "--port", site.console, "--no-log"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(presets()["baby"])
    with pytest.raises(RulesError, match=r"babi: neither a rule file nor one of the presets .*; did you mean baby\?"):
        main(["rules", "babi", "--port", site.console, "--no-log"])


def test_programs_get_json(site: Site, converted_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*arguments: str, code: int = 0) -> Any:
        assert main([*arguments, "--json", "--port", site.console, "--no-log"]) == code
        return json.loads(capsys.readouterr().out)

    selftest = told("selftest")
    assert (selftest["passed"], selftest["differing_outputs"], selftest["largest_difference"]) == (True, 0, 0)
    profile = told("profile")
    assert profile["total_cycles"] == sum(op["cycles"] for op in profile["ops"])
    compared = told("compare", str(ALARM), "--model", str(converted_model))
    assert (compared["file"], compared["equal"], compared["differing"]) == (str(ALARM), True, [])
    rules = told("rules")
    assert rules["source"] == "presets"
    assert {"name", "title", "priority", "state"} == set(rules["rules"][0])
    assert told("rules", "glass")["source"] == "stored"
    assert told("events")["next"] is None
