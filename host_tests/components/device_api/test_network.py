# SPDX-License-Identifier: Apache-2.0
"""The network over HTTP, with a radio whose air is a list."""

import json
import time
from collections.abc import Callable

import pytest

from described_api import Client
from device_core import HttpStream, SimulatedDevice
from small_host import SmallHost
from yamnet_tools.simulated_device.wifi import AirNetwork, SimulatedRadio

HOME = AirNetwork("Home", "correct horse", -52, 6)
GARDEN = AirNetwork("Garden", "also correct", -70, 11)
GUEST = "127.0.0.1"
"""Whoever comes from there is on the simulated access point."""


class RadioHost(SmallHost):
    """A host with Wi-Fi."""

    hostname = "yamnet-1a2b"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.air = [HOME, GARDEN]
        self.radio = SimulatedRadio(lambda: tuple(self.air), speed=50)


@pytest.fixture
def host() -> SmallHost:
    return RadioHost()


def wait(device: SimulatedDevice, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        device.upkeep()
        time.sleep(0.005)


def state(owner: Client) -> str:
    told: str = owner.ask("GET", "network").json["state"]
    return told


def test_a_network_that_is_named_is_joined_kept_and_never_told_with_its_password(
    host: RadioHost, device: SimulatedDevice, owner: Client
) -> None:
    wait(device, lambda: state(owner) == "setup")
    body = {"country": "DE", "known": [{"ssid": "Home", "password": "correct horse", "static_address": None}]}
    told = owner.ask("PUT", "network", body)
    assert told.status == 200
    assert told.json["known"] == [{"ssid": "Home", "has_password": True, "static_address": None}]
    wait(device, lambda: state(owner) == "up")
    now = owner.ask("GET", "network").json
    assert (now["ssid"], now["rssi_dbm"], now["country"], now["kind"]) == ("Home", -52, "DE", "wifi")
    assert owner.ask("GET", "status").json["network"].items() <= now.items()
    assert host.radio.country == "DE"
    assert "correct horse" not in json.dumps(now)
    assert "correct horse" not in "".join(host.logs)
    again = SimulatedDevice(host, "test")
    client = Client(again)
    client.fields = owner.fields
    wait(again, lambda: state(client) == "up")


def test_a_password_that_is_left_out_stays_and_an_empty_one_is_none(device: SimulatedDevice, owner: Client) -> None:
    named = {"country": "01", "known": [{"ssid": "Home", "password": "correct horse"}]}
    assert owner.ask("PUT", "network", named).status == 200
    named["known"] = [{"ssid": "Garden"}, {"ssid": "Home"}]  # type: ignore[list-item]
    assert [each["has_password"] for each in owner.ask("PUT", "network", named).json["known"]] == [False, True]
    wait(device, lambda: state(owner) == "up")
    named["known"] = [{"ssid": "Home", "password": ""}]
    assert not owner.ask("PUT", "network", named).json["known"][0]["has_password"]
    wait(device, lambda: "the password is wrong" in owner.ask("GET", "network").json["reason"])


@pytest.mark.parametrize(
    ("known", "pointer"),
    [
        ([{"ssid": ""}], "/known/0/ssid"),
        ([{"ssid": "x" * 33}], "/known/0/ssid"),
        ([{"password": "longenough"}], "/known/0"),
        ([{"ssid": "a", "password": "short"}], "/known/0/password"),
        ([{"ssid": "a", "password": "x" * 64}], "/known/0/password"),
        ([{"ssid": "a", "password": "schön schön"}], "/known/0/password"),
        ([{"ssid": "a", "has_password": True}], "/known/0/has_password"),
        ([{"ssid": "a"}, {"ssid": "a"}], "/known/1/ssid"),
        ([{"ssid": str(n)} for n in range(9)], "/known/8"),
    ],
)
def test_what_is_no_network_is_refused_and_nothing_changes(owner: Client, known: object, pointer: str) -> None:
    before = owner.ask("GET", "network").json["known"]
    refusal = owner.ask("PUT", "network", {"country": "DE", "known": known})
    assert (refusal.status, refusal.json["pointer"]) == (422, pointer)
    assert owner.ask("GET", "network").json["known"] == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "192.168.1.300"}, "address"),
        ({"address": "192.168.1.0"}, "address"),
        ({"address": "192.168.1.255"}, "address"),
        ({"address": "192.168.1.07"}, "address"),
        ({"address": "127.0.0.1"}, "address"),
        ({"netmask": "255.0.255.0"}, "netmask"),
        ({"netmask": "255.255.255.255"}, "netmask"),
        ({"gateway": "10.0.0.1"}, "gateway"),
        ({"gateway": "192.168.1.7"}, "gateway"),
        ({"dns": "224.0.0.1"}, "dns"),
        ({"dns": "dns.example"}, "dns"),
    ],
)
def test_an_address_that_no_device_can_have_is_refused(owner: Client, changed: dict[str, str], field: str) -> None:
    address = {"address": "192.168.1.7", "netmask": "255.255.255.0", "gateway": "192.168.1.1", "dns": ""}
    network = {"ssid": "Home", "password": "correct horse", "static_address": address | changed}
    refusal = owner.ask("PUT", "network", {"country": "DE", "known": [network]})
    assert refusal.status == 422
    assert refusal.json["detail"].startswith(field)


def test_a_static_address_is_used(device: SimulatedDevice, owner: Client) -> None:
    address = {"address": "192.168.1.7", "netmask": "255.255.255.0", "gateway": "192.168.1.1", "dns": "9.9.9.9"}
    network = {"ssid": "Home", "password": "correct horse", "static_address": address}
    told = owner.ask("PUT", "network", {"country": "DE", "known": [network]})
    assert told.json["known"][0]["static_address"] == address
    wait(device, lambda: state(owner) == "up")
    assert owner.ask("GET", "network").json["address"] == "192.168.1.7"


def test_a_country_that_no_radio_knows_is_refused(owner: Client) -> None:
    for country in ("XX", "de", "D", "E ", "E D"):
        assert owner.ask("PUT", "network", {"country": country, "known": []}).status == 422


def test_a_scan_answers_when_it_is_over(host: RadioHost, device: SimulatedDevice, owner: Client) -> None:
    host.air += [AirNetwork("Home", "correct horse", -40, 1), AirNetwork("Secret", "hidden one", -30, 1, hidden=True)]
    wait(device, lambda: state(owner) == "setup")
    _, headers, stream, length = device.http("POST", "/api/v1/network/scan", owner.fields, b"", "10.0.0.2")
    assert isinstance(stream, HttpStream)
    assert length is None
    assert dict(headers)["Content-Type"] == "application/json"
    assert stream.next() == b""
    pieces = [b""]
    wait(device, lambda: bool(pieces.append(stream.next()) or pieces[-1]))
    assert json.loads(pieces[-1] or b"")["networks"] == [
        {"ssid": "Home", "rssi_dbm": -40, "secure": True, "channel": 1},
        {"ssid": "Garden", "rssi_dbm": -70, "secure": True, "channel": 11},
    ]
    assert stream.next() is None


def test_a_network_is_known_once_it_could_be_joined(device: SimulatedDevice, owner: Client) -> None:
    wait(device, lambda: state(owner) == "setup")
    assert owner.ask("POST", "network/join", {"ssid": "Garden", "password": "wrong, surely"}).status == 202
    assert owner.ask("GET", "network").json["attempt"] == {"state": "trying", "reason": ""}
    wait(device, lambda: owner.ask("GET", "network").json["attempt"]["state"] != "trying")
    told = owner.ask("GET", "network").json
    assert told["attempt"] == {"state": "failed", "reason": "Garden cannot be joined: the password is wrong"}
    assert told["known"] == []
    assert owner.ask("POST", "network/join", {"ssid": "Garden", "password": "also correct"}).status == 202
    wait(device, lambda: state(owner) == "up")
    told = owner.ask("GET", "network").json
    assert (told["attempt"]["state"], told["ssid"]) == ("joined", "Garden")
    assert [each["ssid"] for each in told["known"]] == ["Garden"]
    assert owner.ask("POST", "network/join", {"ssid": "", "password": ""}).status == 422


def test_who_is_on_the_access_point_may_name_a_network_and_do_nothing_else(
    device: SimulatedDevice, stranger: Client, owner: Client
) -> None:
    home = {"ssid": "Home", "password": "correct horse"}
    assert stranger.ask("GET", "network", peer=GUEST).status == 401, "the access point is not open yet"
    wait(device, lambda: state(owner) == "setup")
    assert stranger.ask("GET", "network").status == 401, "an address in the network is none on the access point"
    assert stranger.ask("POST", "network/join", home).status == 401
    assert stranger.ask("GET", "network", peer=GUEST).json["setup"] == {"ssid": "yamnet-1a2b", "password": None}
    assert stranger.ask("PUT", "network", {"country": "DE", "known": []}, peer=GUEST).status == 401
    assert stranger.ask("GET", "status", peer=GUEST).status == 401
    assert stranger.ask("POST", "network/join", home, peer=GUEST, origin="http://evil.example").status == 403
    assert stranger.ask("POST", "network/join", home, peer=GUEST, host="evil.example").status == 421
    assert stranger.ask("POST", "network/join", home, peer=GUEST).status == 202
    wait(device, lambda: state(owner) == "up")


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("www.msftncsi.com", "/ncsi.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("bank.example", "/api/v1/network"),
        ("192.168.217.1", "/"),
    ],
)
def test_whatever_a_guest_asks_for_is_the_page_that_names_a_network(
    device: SimulatedDevice, owner: Client, name: str, target: str
) -> None:
    wait(device, lambda: state(owner) == "setup")
    status, headers, body, _ = device.http("GET", target, {"host": name}, b"", GUEST)
    assert (status, dict(headers)["Location"], body) == (302, "http://192.168.217.1/setup.html", b"")
    if name == "192.168.217.1":
        return
    assert device.http("GET", target, {"host": name}, b"", "10.0.0.2")[0] == 421, "who is no guest is refused as ever"
    assert device.http("POST", "/api/v1/network/join", {"host": name}, b"{}", GUEST)[0] == 421
    named = {"country": "DE", "known": [{"ssid": "Home", "password": "correct horse"}]}
    assert owner.ask("PUT", "network", named).status == 200
    wait(device, lambda: state(owner) == "up")
    assert device.http("GET", "/setup.html", {"host": "192.168.217.1"}, b"", GUEST)[0] == 200


def test_the_owner_is_told_the_access_points_password(owner: Client, stranger: Client) -> None:
    password = owner.ask("GET", "network").json["setup"]["password"]
    assert len(password) == 14
    settings = {"name": "x", "place": "", "open_reading": True, "open_audio": True}
    assert owner.ask("PUT", "settings", settings).status == 200
    assert stranger.ask("GET", "network").json["setup"]["password"] is None


def test_a_device_without_a_radio_says_so() -> None:
    device = SimulatedDevice(SmallHost(), "test")
    owner = Client(device)
    owner.fields["authorization"] = f"Bearer {device.token}"
    told = owner.ask("GET", "network").json
    assert (told["kind"], told["state"], told["known"], told["setup"]) == ("none", "up", [], None)
    assert owner.ask("GET", "status").json["network"] is None
    assert owner.ask("PUT", "network", {"country": "DE", "known": []}).status == 409
    assert owner.ask("POST", "network/join", {"ssid": "a", "password": ""}).status == 409
    assert owner.ask("POST", "network/scan").status == 503
