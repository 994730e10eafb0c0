# SPDX-License-Identifier: Apache-2.0
"""Improv at the serial line of a simulated device: with the client that ESP Web Tools has, and beside the console."""

import io
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from simulated_site import Site, simulated_site
from yamnet_tools.device import command
from yamnet_tools.device.client import Device
from yamnet_tools.errors import DeviceError
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device.wifi import DEFAULT_AIR, SimulatedRadio, file_air

SDK = CHECKOUT / "out" / "node" / "node_modules" / "improv-wifi-serial-sdk"
CLIENT = Path(__file__).with_name("client.mjs")
GET_IT = f"npm install --prefix {SDK.parents[1].relative_to(CHECKOUT)} improv-wifi-serial-sdk@2.8.1"


def client(site: Site, *network: str) -> dict[str, Any]:
    """What the client was told; it joins a network if one is named."""
    if not shutil.which("node") or not SDK.is_dir():
        pytest.skip(f"needs Node.js and the Improv client: {GET_IT}")
    command = ["node", str(CLIENT), str(SDK), site.console, *network]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def radio() -> SimulatedRadio:
    return SimulatedRadio(lambda: DEFAULT_AIR, speed=5)


def test_the_client_of_esp_web_tools_names_a_network_and_visits_the_device(model_image: Path) -> None:
    with simulated_site(model_image, radio=radio()) as site:
        site.simulator.serve_page(f"{site.address}/")
        told = client(site)
        assert "error" not in told
        assert (told["info"]["firmware"], told["info"]["chipFamily"]) == ("YAMNet", "simulated")
        assert told["info"]["name"] == site.json("network")["hostname"]
        assert (told["state"], told["url"], told["online"]) == (2, None, False)
        seen = {each["name"]: (each["rssi"], each["secured"]) for each in told["networks"]}
        assert seen == {each.ssid: (each.rssi_dbm, bool(each.password)) for each in DEFAULT_AIR}

        told = client(site, "Home", "wrong password")
        assert told["error"] == "UNABLE_TO_CONNECT"
        assert site.json("network")["known"] == []

        told = client(site, "Home", "correct horse")
        assert "error" not in told
        assert (told["state"], told["url"], told["online"]) == (4, f"{site.address}/", True)
        assert site.json("network")["ssid"] == "Home"
        told = client(site)
        assert (told["state"], told["url"]) == (4, f"{site.address}/"), "provisioned already"


def test_the_console_answers_as_before_while_somebody_speaks_improv(model_image: Path) -> None:
    with simulated_site(model_image, radio=radio()) as site, Device.open(site.console) as device:
        assert device.info().ready
        client(site)
        assert device.info().ready
        assert device.selftest().passed


def test_a_device_without_wifi_says_that_it_has_none(model_image: Path) -> None:
    with simulated_site(model_image) as site:
        told = client(site)
        assert told["info"]["firmware"] == "YAMNet"
        assert told["state"] == 0
        assert told["error"] == "UNKNOWN_RPC_COMMAND"


def test_networks_come_and_go_with_their_file(model_image: Path, tmp_path: Path) -> None:
    air = tmp_path / "air.json"
    home = [{"ssid": "Home", "password": "correct horse", "rssi_dbm": -40}]
    air.write_text(json.dumps(home))
    with simulated_site(model_image, radio=SimulatedRadio(file_air(air), speed=20)) as site:
        wait_for(site, "setup")
        with site.ask("PUT", "network", {"country": "DE", "known": [{"ssid": "Home", "password": "correct horse"}]}):
            pass
        wait_for(site, "up")
        air.write_text("[]")
        wait_for(site, "setup")  # its own Wi-Fi is open for a while yet
        air.write_text(json.dumps(home))
        wait_for(site, "up")


@pytest.mark.parametrize("by_http", [False, True])
def test_the_command_line_shows_scans_and_joins(
    model_image: Path, by_http: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated_site(model_image, radio=radio()) as site:
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        site.simulator.serve_page(f"{site.address}/")
        port = ["--port", site.address if by_http else site.console, "--no-log"]
        assert command.main([*port, "network"]) == 0
        shown = capsys.readouterr().out
        assert "no network is known" in shown
        own = site.json("network")["setup"]
        assert f"own Wi-Fi  {own['ssid']}, password {own['password']}\n" in shown
        wait_for(site, "setup")
        lines = site.json("log")["lines"]
        assert any("@token tells its password" in line for line in lines)
        assert not any(own["password"] in line for line in lines)
        assert command.main([*port, "network", "scan"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == " -52 dBm  locked  Home"
        monkeypatch.setattr("sys.stdin", io.StringIO("wrong password\n"))
        with pytest.raises(DeviceError, match="cannot be joined"):
            command.main([*port, "network", "join", "Home"])
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        assert command.main([*port, "network", "join", "Home"]) == 0
        assert "Home is joined and known; the device is at http://" in capsys.readouterr().out
        assert command.main([*port, "network"]) == 0
        assert "192.168.1.20" in capsys.readouterr().out
        with pytest.raises(DeviceError, match="join wants a network's name"):
            command.main([*port, "network", "join"])
        with pytest.raises(DeviceError, match="join wants a network's name"):
            command.main([*port, "network", "scan", "Home"])


def test_the_command_line_says_that_there_is_no_wifi(model_image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated_site(model_image) as site:
        with pytest.raises(DeviceError, match="no Wi-Fi"):
            command.main(["--port", site.console, "--no-log", "network", "scan"])
        monkeypatch.setenv("YAMNET_TOKEN", site.token)
        with pytest.raises(DeviceError, match="no Wi-Fi"):
            command.main(["--port", site.address, "network", "scan"])


def wait_for(site: Site, state: str) -> None:
    deadline = time.monotonic() + 60
    while site.json("network")["state"] != state:
        assert time.monotonic() < deadline
        time.sleep(0.05)
