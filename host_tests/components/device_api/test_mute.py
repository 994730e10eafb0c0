# SPDX-License-Identifier: Apache-2.0
"""The owner's switch for the microphone."""

import json
import re
import time
from typing import Any

from described_api import Client, hear, rules_set
from device_core import HttpStream, SimulatedDevice
from small_host import SmallHost


def state_told(scores: HttpStream) -> dict[str, Any]:
    """The latest state in a stream of scores that nobody has read for a while."""
    time.sleep(0.3)
    told = b""
    while piece := scores.next():
        told += piece
    (*_, data) = re.findall(rb"event: state\ndata: (.*)\n\n", told)
    state: dict[str, Any] = json.loads(data)
    assert state.pop("utc") is not None
    assert state.pop("uptime_ms") >= 0
    return state


def test_what_is_muted_hears_nothing_until_it_is_switched_on(owner: Client) -> None:
    rules_set(owner)
    live, sound = (owner.ask("GET", path).stream for path in ("scores", "audio.wav"))
    assert live is not None
    assert sound is not None
    assert state_told(live) == {"muted": False, "listening": False, "active": []}
    hear(owner.device, 2)
    state = state_told(live)
    assert (state["muted"], state["listening"]) == (False, True)
    assert [(rule["name"], rule["state"]) for rule in state["active"]] == [("always", "on")]
    while sound.next():
        pass
    assert owner.ask("POST", "mute", {"muted": True}).status == 204
    hear(owner.device, 3)
    assert sound.next() == b""
    status = owner.ask("GET", "status").json
    assert (status["muted"], status["audio"]["alive"], status["audio"]["level_dbfs"]) == (True, False, None)
    assert state_told(live) == {"muted": True, "listening": False, "active": []}
    events = owner.ask("GET", "events").json["events"]
    assert [(event["kind"], event.get("reason")) for event in events] == [("end", "stream_end"), ("start", None)]
    patches = status["inference"]["patches"]
    assert owner.ask("POST", "mute", {"muted": False}).status == 204
    hear(owner.device, 2)
    status = owner.ask("GET", "status").json
    assert (status["muted"], status["audio"]["alive"]) == (False, True)
    assert status["inference"]["patches"] > patches
    assert sound.next()


def test_it_stays_muted_over_a_restart(host: SmallHost, owner: Client) -> None:
    assert owner.ask("POST", "mute", {"muted": True}).status == 204
    again = SimulatedDevice(host, "test")
    assert again.muted
    hear(again, 2)
    assert json.loads(again.state())["inference"]["patches"] == 0


def test_it_stays_muted_also_where_the_boot_cannot_be_counted(host: SmallHost, owner: Client) -> None:
    class Worn(dict[str, bytes]):
        def __setitem__(self, key: str, value: bytes) -> None:
            raise OSError("worn out")

    assert owner.ask("POST", "mute", {"muted": True}).status == 204
    host.settings = Worn(host.settings)
    again = SimulatedDevice(host, "test")
    assert not again.ready
    assert again.muted


def test_what_cannot_be_stored_is_muted_all_the_same_and_said(host: SmallHost, owner: Client) -> None:
    class Full(dict[str, bytes]):
        def __setitem__(self, key: str, value: bytes) -> None:
            raise OSError("no space")

    host.settings = Full(host.settings)
    answer = owner.ask("POST", "mute", {"muted": True})
    assert answer.status == 503
    assert "the microphone is off, but that cannot be stored" in answer.json["detail"]
    assert owner.device.muted


def test_only_the_owner_mutes(stranger: Client) -> None:
    assert stranger.ask("POST", "mute", {"muted": True}).status == 401
    assert not stranger.device.muted
