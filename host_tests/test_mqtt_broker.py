# SPDX-License-Identifier: Apache-2.0
"""A simulated device and a real broker: password, TLS, a broker that is killed, slow, or full of rubbish."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from described_api import ALWAYS, rules_set
from device_runner import Runner
from mosquitto import PASSWORD, USER, Certificates, Listener, Mosquitto, free_port, running, wait_for
from yamnet_tools.simulated_device.broker import SETTINGS_KEY

pytestmark = pytest.mark.slow

BASE = "yamnet/dev"
CONFIG = "homeassistant/device/dev/config"


def device(folder: Path, **mqtt: Any) -> Runner:
    """A device with these settings of its broker."""
    settings = {
        "on": True, "host": "localhost", "user": "", "password": "", "tls": False, "ca": "", "fingerprint": "",
        "discovery": "device", "discovery_prefix": "homeassistant", "topic_prefix": "yamnet",
    } | mqtt  # fmt: skip
    return Runner(folder, {SETTINGS_KEY: json.dumps(settings).encode()})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@contextmanager
def slow(port: int, bytes_a_second: int) -> Iterator[int]:
    """A line to a port that takes its time."""
    stop = threading.Event()

    def carry(one: socket.socket, other: socket.socket) -> None:
        with one, other:
            while not stop.is_set():
                for source in select.select([one, other], [], [], 0.1)[0]:
                    data = source.recv(bytes_a_second // 20)
                    if not data:
                        return
                    (other if source is one else one).sendall(data)
                    stop.wait(0.05)

    def serve() -> None:
        server.settimeout(0.1)
        while not stop.is_set():
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            threading.Thread(target=carry, args=(client, socket.create_connection(("127.0.0.1", port)))).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join()


def online(listener: Listener) -> bool:
    return listener.topics.get(f"{BASE}/availability") == b"online" and f"{BASE}/rule/always" in listener.topics


def events(listener: Listener) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in listener.of(f"{BASE}/event")]


def test_password_and_tls_by_ca(tmp_path: Path, certificates: Certificates) -> None:
    ca = (certificates.folder / "ca.pem").read_text()
    with (
        running(tmp_path / "broker", password=True, certificates=certificates) as broker,
        closing(Listener(broker)) as home,
        closing(device(tmp_path / "clips", port=broker.port, user=USER, password=PASSWORD, tls=True, ca=ca)) as runner,
    ):
        wait_for(lambda: online(home))
        runner.hear()
        wait_for(lambda: home.topics[f"{BASE}/rule/always"] == b"ON")
        wait_for(lambda: events(home))
        home.say(f"{BASE}/rule/always/armed/set", "OFF")
        wait_for(lambda: home.topics[f"{BASE}/rule/always/armed"] == b"OFF")
        wait_for(lambda: home.topics[f"{BASE}/rule/always"] == b"OFF")
        home.say(f"{BASE}/restart/set", "PRESS")
        wait_for(lambda: home.of(f"{BASE}/availability")[-2:] == [b"offline", b"online"])
        assert home.topics[f"{BASE}/rule/always/armed"] == b"OFF"
        assert runner.told()[0] == f"connected to the broker at localhost:{broker.port} with TLS"
    assert home.topics[f"{BASE}/availability"] == b"offline"


def test_tls_by_fingerprint(tmp_path: Path, certificates: Certificates) -> None:
    with (
        running(tmp_path / "broker", certificates=certificates) as broker,
        closing(Listener(broker)) as home,
        closing(device(tmp_path, port=broker.port, tls=True, fingerprint=certificates.fingerprint)),
    ):
        wait_for(lambda: online(home))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "wrong"}, "it refuses the connection: Not authorized"),
        ({"user": ""}, "it refuses the connection: Not authorized"),
        ({"ca": "other.pem"}, "its certificate is refused: unable to get local issuer certificate"),
        ({"ca": "", "fingerprint": "0" * 64}, "its certificate has another fingerprint: {found}"),
        ({"host": "127.0.0.2"}, "connection refused"),
        ({"host": "nobody.invalid"}, "there is no such host"),
        ({"tls": False}, "it has closed the connection"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, certificates: Certificates, change: dict[str, Any], reason: str
) -> None:
    with running(tmp_path / "broker", password=True, certificates=certificates) as broker:
        mqtt = {"port": broker.port, "user": USER, "password": PASSWORD, "tls": True, "ca": "ca.pem"} | change
        if mqtt["ca"]:
            mqtt["ca"] = (certificates.folder / mqtt["ca"]).read_text()
        with closing(device(tmp_path, **mqtt)) as runner:
            wait_for(lambda: (tmp_path / "broker/broker.log").exists() and runner.told())
            runner.stop.wait(4)
            (line,) = runner.told()
            found = certificates.fingerprint.replace(":", "").lower()
            assert line.endswith(f"cannot be used: {reason.format(found=found)}")
            assert line.startswith("the broker at ")
            answer = runner.owner.ask("GET", "mqtt").json
            assert (answer["online"], answer["connection"]) == (False, line)


def test_a_broker_that_is_killed_and_comes_back_empty(tmp_path: Path) -> None:
    with (
        running(tmp_path / "broker") as broker,
        closing(Listener(broker)) as home,
        closing(device(tmp_path / "clips", port=broker.port)) as runner,
    ):
        wait_for(lambda: online(home))
        broker.kill()
        wait_for(lambda: any("is lost: " in line for line in runner.told()))
        runner.hear()
        runner.do(lambda: rules_set(runner.owner, _renamed("other")))
        runner.hear()
        wait_for(runner.tasks.empty)
        home.topics.clear()
        broker.start()
        wait_for(lambda: len(events(home)) >= 3)
        assert [(event["event_type"], event["rule"]) for event in events(home)][:3] == [
            ("start", "always"), ("end", "always"), ("start", "other"),
        ]  # fmt: skip
        assert all(event["utc"] and event["clip"] for event in events(home))
        wait_for(lambda: home.topics.get(f"{BASE}/availability") == b"online")
        assert json.loads(home.topics[CONFIG])["cmps"]["rule_always"] == {"p": "binary_sensor"}
        assert home.topics[f"{BASE}/rule/other"] == b"ON"


def test_what_was_not_told_before_a_restart_is_told_after_it(tmp_path: Path) -> None:
    with (
        running(tmp_path / "broker") as broker,
        closing(Listener(broker)) as home,
        closing(device(tmp_path / "clips", port=broker.port, version="5")) as runner,
    ):
        wait_for(lambda: online(home))
        runner.hear()
        wait_for(lambda: len(events(home)) == 1)
        broker.kill()
        wait_for(lambda: any("is lost: " in line for line in runner.told()))
        runner.do(lambda: rules_set(runner.owner, _renamed("other")))
        runner.hear()
        wait_for(runner.tasks.empty)
        first = runner.device
        runner.do(lambda: runner.owner.ask("POST", "restart"))
        wait_for(lambda: runner.device is not first)
        broker.start()
        wait_for(lambda: len(events(home)) >= 3)
        runner.stop.wait(1)
        told = [(event["event_type"], event["rule"], event["late"]) for event in events(home)]
        assert told == [("start", "always", False), ("end", "always", True), ("start", "other", True)]


def _renamed(name: str) -> dict[str, Any]:
    return {"schema": 1, "rules": [ALWAYS["rules"][0] | {"name": name}]}  # type: ignore[index]


def test_a_slow_broker_gets_all_in_the_end(tmp_path: Path) -> None:
    with (
        running(tmp_path / "broker") as broker,
        closing(Listener(broker)) as home,
        slow(broker.port, 4000) as port,
        closing(device(tmp_path / "clips", port=port)) as runner,
    ):
        runner.hear()
        wait_for(lambda: online(home), 60)
        wait_for(lambda: events(home), 60)
        assert json.loads(home.topics[CONFIG])["cmps"]["rule_always"]["uniq_id"] == "dev_rule_always"


def test_retained_rubbish_wildcards_and_large_payloads(tmp_path: Path) -> None:
    large = b"x" * 65536
    with running(tmp_path / "broker") as broker, closing(Listener(broker)) as home:
        for topic in (CONFIG, f"{BASE}/restart/set", f"{BASE}/rule/gone/armed", f"{BASE}/a//b", f"{BASE}/ä/\U0001f600"):
            home.say(topic, large, retain=True)
        home.say(f"{BASE}/mute/set", "ON", retain=True)
        home.say("homeassistant/light/dev/rule_gone/config", '{"name": "x"}', retain=True)
        home.say("homeassistant/light/another/x/config", '{"name": "x"}', retain=True)
        with closing(device(tmp_path / "clips", port=broker.port)) as runner:
            wait_for(lambda: online(home))
            for topic in (f"{BASE}/restart/set", f"{BASE}/rule/gone/armed", f"{BASE}/a//b", f"{BASE}/mute/set",
                          f"{BASE}/ä/\U0001f600", "homeassistant/light/dev/rule_gone/config"):  # fmt: skip
                assert home.topics[topic] == b"", topic
            assert home.topics["homeassistant/light/another/x/config"] == b'{"name": "x"}'
            for topic in ("mute/set", "restart/set", "identify/set", "rule/always/armed/set", "rule/x/y/z/armed/set"):
                for payload in (large, b"", b"\x00\xff", b"on"):
                    home.say(f"{BASE}/{topic}", payload)
            home.say(f"{BASE}/mute/set", "ON")
            wait_for(lambda: home.topics[f"{BASE}/mute"] == b"ON")
            assert home.of(f"{BASE}/availability") == [b"online"], "nobody has restarted it"
            assert len([line for line in runner.told() if "nothing else" in line or "retained" in line]) <= 3


def test_no_broker_at_all_is_tried_until_there_is_one(tmp_path: Path) -> None:
    port = free_port()
    with closing(device(tmp_path / "clips", port=port)) as runner:
        wait_for(runner.told)
        assert runner.told() == [f"the broker at localhost:{port} cannot be used: connection refused"]
        runner.hear()
        (tmp_path / "broker").mkdir()
        broker = Mosquitto(tmp_path / "broker", port)
        broker.start()
        try:
            with closing(Listener(broker)) as home:
                wait_for(lambda: online(home) and events(home))
        finally:
            broker.kill()
