# SPDX-License-Identifier: Apache-2.0
"""fleet.py update with whole simulated devices, which take images as boards do, restart and judge them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simulated_site import ALARM, Site, simulated_site
from update_images import small_model_image
from yamnet_tools.fleet.command import main
from yamnet_tools.simulated_device.live import LiveInput
from yamnet_tools.updating import app_image

pytestmark = pytest.mark.slow

NAMES = ("kitchen", "hall", "attic")


@pytest.fixture
def sites(model_image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Site]]:
    """Three devices, of which the attic's crashes when it is given the firmware 2.0."""
    monkeypatch.setattr("yamnet_tools.fleet.update._PAUSE_S", 0.1)
    monkeypatch.setattr("yamnet_tools.updating.send._PAUSE_S", 0.1)
    with ExitStack() as stack:
        found = {
            name: stack.enter_context(
                simulated_site(
                    model_image,
                    name=name,
                    trial_s=1,
                    crash_version="2.0" if name == "attic" else "",
                    live=LiveInput(ALARM),  # who hears nothing does not prove itself
                )
            )
            for name in NAMES
        }
        path = tmp_path / "fleet.toml"
        path.touch(0o600)
        path.write_text(
            "".join(
                f'[[device]]\nname = "{name}"\nurl = "{site.address}"\ntoken = "{site.token}"\n'
                for name, site in found.items()
            )
        )
        monkeypatch.chdir(tmp_path)
        yield found


def runs(site: Site) -> tuple[str, str]:
    told = site.json("update")["firmware"]
    return told["version"], told["state"]


def test_firmware_goes_in_waves_and_stops_where_it_crashes(
    sites: dict[str, Site], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = runs(sites["kitchen"])[0]
    image = tmp_path / "app.bin"
    image.write_bytes(app_image.make("2.0"))
    assert main(["update", str(image)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("wave")] == ["wave 1: kitchen", "wave 2: hall, attic"]
    assert "kitchen: runs it" in told
    assert "hall: runs it" in told
    (attic,) = (line for line in told if line.startswith("attic: FAILED: it runs what it had before: "))
    assert "2.0" in attic
    assert [runs(site) for site in sites.values()] == [
        ("2.0", "confirmed"),
        ("2.0", "confirmed"),
        (before, "confirmed"),
    ]
    image.write_bytes(app_image.make("2.1"))
    assert main(["update", str(image), "--canary", "attic"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "wave 1: attic"
    assert main(["update", str(image)]) == 0
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(f"{name}: has it already" for name in NAMES)


def test_a_broken_model_reaches_one_device(
    sites: dict[str, Site], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before: Any = sites["kitchen"].json("update")["model"]["sha256"]
    image = tmp_path / "model.bin"
    image.write_bytes(small_model_image("x"))
    assert main(["update", str(image)]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "wave 1: kitchen"
    assert "kitchen: FAILED: " in captured.out
    assert "1 failed; 2 not tried" in captured.err
    assert {json.dumps(site.json("update")["model"]["sha256"]) for site in sites.values()} == {json.dumps(before)}
