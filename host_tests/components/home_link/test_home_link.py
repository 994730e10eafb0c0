# SPDX-License-Identifier: Apache-2.0
"""home_link in a simulated device, with an MQTT client that is a list of what it was told to do."""

import json
import time
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from described_api import ALWAYS, Client, hear, rules_set
from device_core import SimulatedDevice
from small_host import SmallHost

BROKER = {
    "on": True,
    "host": "broker.local",
    "port": 1883,
    "user": "kitchen",
    "tls": False,
    "ca": "",
    "fingerprint": "",
    "discovery": "device",
    "discovery_prefix": "homeassistant",
    "topic_prefix": "yamnet",
}


class FakeMqtt:
    """Confirms what is published and keeps what is retained."""

    def __init__(self) -> None:
        self.told: deque[tuple[str, str, bytes, bool, int]] = deque()
        self.connections: list[dict[str, Any]] = []
        self.retained: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        self.refusal = ""

    def connect(self, broker: dict[str, Any]) -> None:
        self.connections.append(broker)
        self.told.append(("lost", self.refusal, b"", False, 0) if self.refusal else ("connected", "", b"", False, 0))

    def close(self, topic: str, payload: bytes) -> None:
        self.retained[topic] = payload

    def subscribe(self, topic: str) -> None: ...

    def unsubscribe(self, topic: str) -> None: ...

    def publish(self, number: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        assert qos == 1
        if retain:
            self.retained[topic] = payload
        else:
            self.events.append(json.loads(payload))
        self.told.append(("published", "", b"", False, number))

    def poll(self) -> tuple[str, str, bytes, bool, int] | None:
        return self.told.popleft() if self.told else None

    def command(self, topic: str, payload: str) -> None:
        self.told.append(("message", f"yamnet/small/{topic}", payload.encode(), False, 0))


@pytest.fixture
def host(tmp_path: Path) -> SmallHost:
    host = SmallHost(storage=str(tmp_path / "storage"))
    host.mqtt, host.id, host.url = FakeMqtt(), "small", "http://small/"  # type: ignore[attr-defined]
    return host


@pytest.fixture
def mqtt(host: SmallHost) -> FakeMqtt:
    return host.mqtt  # type: ignore[attr-defined, no-any-return]


def owner_of(device: SimulatedDevice) -> Client:
    client = Client(device)
    client.fields["authorization"] = f"Bearer {device.token}"
    return client


def connected(host: SmallHost, mqtt: FakeMqtt) -> Client:
    """The owner of a device that has told all there is."""
    owner = owner_of(SimulatedDevice(host, "test"))
    if not owner.ask("GET", "mqtt").json["on"]:
        assert owner.ask("PUT", "mqtt", BROKER | {"password": "secret"}).status == 200
    mqtt.retained.pop("yamnet/small/availability", None)
    run_until(owner, lambda: mqtt.retained.get("yamnet/small/availability") == b"online")
    return owner


def run_until(owner: Client, reached: Any) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        owner.device.upkeep()
        time.sleep(0.01)


def test_a_device_without_a_client_says_so() -> None:
    owner = owner_of(SimulatedDevice(SmallHost(), "test"))
    assert owner.ask("PUT", "mqtt", BROKER).json["connection"] == "nothing in this firmware speaks MQTT"


def test_the_password_is_never_told_and_stays(host: SmallHost, mqtt: FakeMqtt) -> None:
    owner = owner_of(SimulatedDevice(host, "test"))
    first = owner.ask("GET", "mqtt").json
    assert (first["on"], first["password_set"], first["online"], first["connection"]) == (False, False, False, "off")
    told = owner.ask("PUT", "mqtt", BROKER | {"password": "secret"})
    assert b"secret" not in told.body
    assert told.json["password_set"]
    assert owner.ask("PUT", "mqtt", BROKER | {"user": "other"}).json["password_set"]
    run_until(owner, lambda: mqtt.connections)
    assert (mqtt.connections[-1]["user"], mqtt.connections[-1]["password"]) == ("other", "secret")
    assert not owner.ask("PUT", "mqtt", BROKER | {"password": ""}).json["password_set"]
    again = owner_of(SimulatedDevice(host, "test"))
    assert again.ask("GET", "mqtt").json["host"] == "broker.local"


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"host": ""}, 422, "/host"),
        ({"port": 0}, 422, "/port"),
        ({"tls": True}, 422, "/ca"),
        ({"topic_prefix": "a/#"}, 422, "/topic_prefix"),
        ({"discovery": "both"}, 422, "/discovery"),
        ({"more": 1}, 422, "/more"),
        (None, 400, ""),
    ],
)
def test_settings_that_are_wrong_change_nothing(
    host: SmallHost, change: dict[str, Any] | None, status: int, pointer: str
) -> None:
    owner = owner_of(SimulatedDevice(host, "test"))
    answer = owner.ask("PUT", "mqtt", b"{" if change is None else BROKER | change)
    assert (answer.status, answer.json["pointer"]) == (status, pointer)
    assert not owner.ask("GET", "mqtt").json["on"]


def test_what_is_heard_is_told_with_its_clip(host: SmallHost, mqtt: FakeMqtt) -> None:
    owner = connected(host, mqtt)
    rules_set(owner)
    run_until(owner, lambda: "yamnet/small/rule/always" in mqtt.retained)
    hear(owner.device, 2)
    run_until(owner, lambda: mqtt.events)
    assert mqtt.retained["yamnet/small/rule/always"] == b"ON"
    (event,) = mqtt.events
    assert (event["event_type"], event["rule"], event["late"]) == ("start", "always", False)
    assert event["clip_url"] == f"http://small/api/v1/clips/{event['clip']}"
    assert len(event["top"]) == 5
    rules_set(owner, {"schema": 1, "rules": [ALWAYS["rules"][0] | {"name": "other"}]})  # type: ignore[index]
    run_until(owner, lambda: mqtt.retained["yamnet/small/rule/always"] == b"")
    run_until(owner, lambda: len(mqtt.events) == 2)
    assert (mqtt.events[1]["event_type"], mqtt.events[1]["reason"]) == ("end", "rules_changed")
    assert (mqtt.events[1]["id"], mqtt.events[1]["clip"]) == (event["id"], event["clip"])


def test_a_rule_is_disarmed_for_good(host: SmallHost, mqtt: FakeMqtt) -> None:
    owner = connected(host, mqtt)
    rules_set(owner)
    run_until(owner, lambda: mqtt.retained.get("yamnet/small/rule/always/armed") == b"ON")
    mqtt.command("rule/always/armed/set", "OFF")
    mqtt.command("rule/nobody/armed/set", "OFF")
    run_until(owner, lambda: mqtt.retained["yamnet/small/rule/always/armed"] == b"OFF")
    assert any("a rule is not switched: " in line for line in host.logs)
    states = owner.ask("GET", "rules/states").json["rules"]
    assert [rule["name"] for rule in states if not rule["enabled"]] == ["always"]
    connected(host, mqtt)
    assert mqtt.retained["yamnet/small/rule/always/armed"] == b"OFF"
    assert b'"rule_always":{"p":"binary_sensor","name":"always"' in mqtt.retained["homeassistant/device/small/config"]


def test_mute_restart_and_identify(host: SmallHost, mqtt: FakeMqtt) -> None:
    owner = connected(host, mqtt)
    mqtt.command("mute/set", "ON")
    run_until(owner, lambda: mqtt.retained["yamnet/small/mute"] == b"ON")
    assert owner.device.muted
    mqtt.command("identify/set", "PRESS")
    mqtt.command("restart/set", "PRESS")
    run_until(owner, lambda: owner.device.restart_requested)
    assert any("identify: here I am" in line for line in host.logs)
    owner.device.prepare_restart()
    assert mqtt.retained["yamnet/small/availability"] == b"offline"


def test_a_broker_that_refuses_is_told_of_once_and_tried_again(host: SmallHost, mqtt: FakeMqtt) -> None:
    mqtt.refusal = "wrong password"
    owner = owner_of(SimulatedDevice(host, "test"))
    assert owner.ask("PUT", "mqtt", BROKER).status == 200
    run_until(owner, lambda: len(mqtt.connections) == 3)
    told = [line.partition(" mqtt: ")[2] for line in host.logs if " mqtt: " in line]
    assert told == ["the broker at broker.local:1883 cannot be used: wrong password"]
    state = owner.ask("GET", "mqtt").json
    assert (state["online"], state["connection"]) == (False, told[0])
    mqtt.refusal = ""
    run_until(owner, lambda: owner.ask("GET", "mqtt").json["online"])


def test_events_wait_for_settings_that_are_right(host: SmallHost, mqtt: FakeMqtt) -> None:
    mqtt.refusal = "wrong password"
    owner = owner_of(SimulatedDevice(host, "test"))
    assert owner.ask("PUT", "mqtt", BROKER).status == 200
    rules_set(owner)
    hear(owner.device, 2)
    mqtt.refusal = ""
    assert owner.ask("PUT", "mqtt", BROKER | {"password": "right"}).status == 200
    run_until(owner, lambda: mqtt.events)
    assert mqtt.events[0]["rule"] == "always"


def test_what_the_client_raises_is_a_lost_connection(host: SmallHost, mqtt: FakeMqtt) -> None:
    owner = connected(host, mqtt)

    def broken(*_: Any) -> None:
        raise OSError("no buffer")

    mqtt.publish = broken  # type: ignore[method-assign]
    mqtt.command("mute/set", "ON")
    run_until(owner, lambda: not owner.ask("GET", "mqtt").json["online"])
    assert owner.ask("GET", "mqtt").json["connection"] == "the broker at broker.local:1883 is lost: no buffer"
