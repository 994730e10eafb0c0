# SPDX-License-Identifier: Apache-2.0
"""Time zone and time server, as the owner sets them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from described_api import Client
from device_core import SimulatedDevice, time_zone_rule
from small_host import SmallHost
from yamnet_tools.simulated_device.host import Host


def test_it_is_kept_and_given_to_the_place_it_runs_in(host: SmallHost, owner: Client) -> None:
    first = owner.ask("GET", "clock").json
    assert (first["time_zone"], first["time_server"]) == ("", "pool.ntp.org")
    wanted = {"time_zone": "Australia/Lord_Howe", "time_server": "192.168.1.1"}
    assert owner.ask("PUT", "clock", wanted).json.items() >= wanted.items()
    assert host.time_zone == "Australia/Lord_Howe"
    host.time_zone = ""
    again = Client(SimulatedDevice(host, "test"))
    again.fields = owner.fields
    assert again.ask("GET", "clock").json.items() >= wanted.items()
    assert host.time_zone == "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "Europe"),
        ("time_zone", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("time_zone", "Europe/Berlin Europe/Paris"),
        ("time_zone", "x\n"),
        ("time_server", ""),
        ("time_server", "a b"),
        ("time_server", "http://pool.ntp.org"),
        ("time_server", "a\nb"),
    ],
)
def test_what_is_none_is_refused(owner: Client, field: str, value: str) -> None:
    before = owner.ask("GET", "clock").json
    body = {"time_zone": "Europe/Berlin", "time_server": "ntp.example"} | {field: value}
    answer = owner.ask("PUT", "clock", body)
    assert answer.status == 422
    assert field in answer.json["detail"]
    after = owner.ask("GET", "clock").json
    assert (after["time_zone"], after["time_server"]) == (before["time_zone"], before["time_server"])


def test_a_zone_has_the_rule_that_posix_writes() -> None:
    assert time_zone_rule("Europe/Berlin") == "CET-1CEST,M3.5.0,M10.5.0/3"
    assert time_zone_rule("Asia/Kathmandu") == "<+0545>-5:45"
    assert time_zone_rule("Etc/UTC") == "UTC0"
    assert time_zone_rule("Europe") is None


def test_the_simulated_device_knows_its_local_time() -> None:
    host = Host.__new__(Host)
    host.time_zone = "Asia/Kathmandu"
    expected = datetime.now(ZoneInfo("Asia/Kathmandu"))
    told = host.minute_of_day(int(expected.timestamp()))
    assert told == expected.hour * 60 + expected.minute
