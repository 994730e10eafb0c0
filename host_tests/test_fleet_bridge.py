# SPDX-License-Identifier: Apache-2.0
"""Two sites and a central broker: docs/fleet/bridge.conf with real brokers, TLS and a line that breaks."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mosquitto import PASSWORD, USER, Certificates, Listener, Mosquitto, free_port, program, running, wait_for
from simulated_fleet import Fleet, simulated_fleet
from yamnet_tools.paths import CHECKOUT

pytestmark = pytest.mark.slow

CONFIG = (CHECKOUT / "docs/fleet/bridge.conf").read_text()
PATIENCE_S = 60  # the bridge tries again after a while


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    program("mosquitto")
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    persistent = f"persistence true\npersistence_location {tmp_path_factory.mktemp('kept')}/\n"
    with running(
        tmp_path_factory.mktemp("central"), password=True, certificates=certificates, more=persistent
    ) as broker:
        yield broker


def bridge(central: Mosquitto, site: str) -> str:
    assert central.certificates is not None
    config = CONFIG
    for written, here in (
        ("central.example:8883", f"localhost:{central.port}"),
        ("/etc/mosquitto/certs/central.pem", str(central.certificates.folder / "ca.pem")),
        ("remote_username site-1", f"remote_username {USER}"),
        ("change-me", PASSWORD),
        ("site-1", site),
        ("restart_timeout 2 60", "restart_timeout 1 2"),
    ):
        assert written in config
        config = config.replace(written, here)
    return config


@pytest.fixture(scope="module")
def sites(central: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A device at each of two sites."""
    folder = tmp_path_factory.mktemp("sites")
    with (
        running(folder / "1", more=bridge(central, "site-1")) as one,
        running(folder / "2", more=bridge(central, "site-2")) as two,
        simulated_fleet(2, folder, [one.port, two.port]) as fleet,
    ):
        for device in fleet:
            device.put_rules({"schema": 1, "rules": [{"name": "never", "level": {"min_dbfs": -0.1}, "hold_s": 0}]})
        yield fleet


def events(listener: Listener, device: str) -> list[Any]:
    return [json.loads(payload)["event_type"] for payload in listener.of(f"yamnet/{device}/event")]


def test_the_centre_has_all_sites_and_they_obey_it(central: Mosquitto, sites: Fleet) -> None:
    with closing(Listener(central)) as listener:
        for device in sites:
            base = f"yamnet/{device.name}"
            wait_for(lambda base=base: listener.topics.get(f"{base}/availability") == b"online", PATIENCE_S)
            wait_for(lambda device=device: f"homeassistant/device/{device.name}/config" in listener.topics)
            wait_for(lambda base=base: listener.topics.get(f"{base}/rule/never/armed") == b"ON")
        for site in ("site-1", "site-2"):
            assert listener.topics[f"sites/{site}"] == b"1"

        sites[1].keep_a_clip(2)
        wait_for(lambda: events(listener, "room-02") == ["start", "end"])
        assert events(listener, "room-01") == []

        listener.say("yamnet/room-01/rule/never/armed/set", "OFF")
        wait_for(lambda: listener.topics.get("yamnet/room-01/rule/never/armed") == b"OFF")
        states = json.loads(sites[0].ask("GET", "rules/states")[2])["rules"]
        assert [(rule["name"], rule["enabled"]) for rule in states] == [("never", False)]
        assert listener.topics["yamnet/room-02/rule/never/armed"] == b"ON", "the other site's is its own"
        listener.say("yamnet/room-01/rule/never/armed/set", "ON")
        wait_for(lambda: listener.topics.get("yamnet/room-01/rule/never/armed") == b"ON")
        assert len(listener.of("yamnet/room-01/rule/never/armed/set")) == 2, "nothing goes round in circles"


def test_what_happens_while_the_line_is_down_comes_later(central: Mosquitto, sites: Fleet) -> None:
    with closing(Listener(central)) as listener:
        wait_for(lambda: listener.topics.get("sites/site-1") == b"1", PATIENCE_S)
        wait_for(lambda: listener.topics.get("yamnet/room-01/availability") == b"online")
    central.kill()
    sites[0].keep_a_clip(2)
    central.start()
    with closing(Listener(central)) as listener:
        wait_for(lambda: events(listener, "room-01") == ["start", "end"], PATIENCE_S)
        wait_for(lambda: listener.topics.get("yamnet/room-01/availability") == b"online")


def test_a_site_that_is_cut_off_is_told_at_the_centre(central: Mosquitto, tmp_path: Path) -> None:
    with closing(Listener(central)) as listener:
        with running(tmp_path, more=bridge(central, "site-3")):
            wait_for(lambda: listener.topics.get("sites/site-3") == b"1", PATIENCE_S)
        wait_for(lambda: listener.topics.get("sites/site-3") == b"0")


def test_the_configuration_is_one(tmp_path: Path) -> None:
    """As it is written: the broker reads it, and tries to reach the centre."""
    path = tmp_path / "broker.conf"
    path.write_text(
        f"listener {free_port()} 127.0.0.1\n" + CONFIG.replace("bridge_cafile /etc/mosquitto/certs/central.pem\n", "")
    )
    with subprocess.Popen([program("mosquitto"), "-c", str(path)], stderr=subprocess.PIPE, text=True) as process:
        try:
            process.wait(1)
            raise AssertionError(process.stderr.read() if process.stderr else "")
        except subprocess.TimeoutExpired:
            process.terminate()
