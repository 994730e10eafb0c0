# SPDX-License-Identifier: Apache-2.0
"""The real ESP32-S3 binary in the house: a broker and a receiver of this computer, through QEMU's Ethernet."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from firmware_http import LIVE, PAGE_STREAMS, Site, listen, site_in_qemu, tell_memory
from firmware_targets import QEMU_DEFAULTS, build
from mosquitto import PASSWORD, USER, Certificates, Listener, Mosquitto, running, wait_for
from receiver import Receiver

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "audio"
COMPUTER = "10.0.2.2"
"""This computer, as QEMU's network has it."""
ALARM_S, CALM_S = 6, 8  # as much as has room beside the model
PATIENCE_S = 300
LEAST_BLOCK = 16384  # bytes; what is larger and need not be internal comes from PSRAM


@pytest.fixture(scope="module")
def live() -> Path:
    return build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)


@pytest.fixture(scope="module")
def alarmed(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model partition's files, with a smoke alarm and a calm time to replay, again and again."""
    folder = tmp_path_factory.mktemp("alarm") / "partition"
    shutil.copytree(model_dir, folder)
    alarm, rate = soundfile.read(EXAMPLES / "smoke_alarm_t3.wav", dtype="int16")
    soundfile.write(folder / "replay.wav", np.pad(alarm[: ALARM_S * rate], (0, CALM_S * rate)), rate)
    return folder


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def broker(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with running(tmp_path_factory.mktemp("broker"), password=True, certificates=certificates) as broker:
        yield broker


@pytest.fixture(scope="module")
def flash_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qemu")


@contextmanager
def powered(live: Path, alarmed: Path, flash_folder: Path) -> Iterator[Site]:
    with site_in_qemu(live, alarmed, flash_folder) as site:
        yield site


@pytest.fixture(scope="module")
def site(live: Path, alarmed: Path, flash_folder: Path) -> Iterator[Site]:
    with powered(live, alarmed, flash_folder) as site:
        yield site


@pytest.fixture(scope="module")
def home(broker: Mosquitto) -> Iterator[Listener]:
    with closing(Listener(broker)) as home:
        yield home


def set_broker(site: Site, port: int, **change: object) -> None:
    settings = {
        "on": True, "host": COMPUTER, "port": port, "user": USER, "password": PASSWORD, "tls": True, "ca": "",
        "fingerprint": "", "discovery": "device", "discovery_prefix": "homeassistant", "topic_prefix": "yamnet",
    } | change  # fmt: skip
    with site.ask("PUT", "mqtt", settings) as answer:
        assert answer.status == 200, answer.read()


def set_webhook(site: Site, url: str, **change: object) -> None:
    with site.ask("PUT", "webhook", {"on": True, "url": url} | change) as answer:
        assert answer.status == 200, answer.read()


def base(home: Listener) -> str:
    """What the device's topics begin with."""
    wait_for(lambda: any(topic.endswith("/availability") for topic in home.topics), PATIENCE_S)
    return next(topic.removesuffix("/availability") for topic in home.topics if topic.endswith("/availability"))


def events(home: Listener) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in home.of(f"{base(home)}/event")]


def told(site: Site) -> list[str]:
    """What the log says of the broker and of the webhook."""
    lines = site.json("log")["lines"]
    return [line.partition("mqtt: ")[2] for line in lines if " mqtt: " in line]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "wrong"}, "it refuses the connection: Not authorized"),
        ({"password": "wrong", "version": "5"}, "it refuses the connection: Not authorized"),
        ({"ca": "other.pem"}, "its certificate is refused"),
        ({"fingerprint": "0" * 64}, "its certificate has another fingerprint"),
        ({"port": 9}, "connection reset by peer"),
        ({"host": "nobody.invalid"}, "there is no such host"),
        ({"tls": False}, "connection reset by peer"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    site: Site, broker: Mosquitto, certificates: Certificates, change: dict[str, Any], reason: str
) -> None:
    change = {"ca": "ca.pem"} | change
    change["ca"] = "" if "fingerprint" in change else (certificates.folder / change["ca"]).read_text()
    before = len(told(site))
    set_broker(site, **{"port": broker.port} | change)
    wait_for(lambda: reason in site.json("mqtt")["connection"], PATIENCE_S)
    state = site.json("mqtt")
    assert not state["online"]
    wait_for(lambda: len(told(site)) > before)
    assert told(site)[before:] == [state["connection"]]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_tls_by_fingerprint(
    site: Site, broker: Mosquitto, home: Listener, certificates: Certificates, version: str
) -> None:
    set_broker(site, broker.port, fingerprint=certificates.fingerprint, version=version)
    wait_for(lambda: site.json("mqtt")["online"], PATIENCE_S)
    wait_for(lambda: home.topics.get(f"{base(home)}/availability") == b"online", PATIENCE_S)


def test_an_alarm_is_on_while_it_sounds_and_has_its_clip(
    site: Site, broker: Mosquitto, home: Listener, certificates: Certificates
) -> None:
    set_broker(site, broker.port, ca=(certificates.folder / "ca.pem").read_text())
    wait_for(lambda: site.json("mqtt")["online"], PATIENCE_S)
    smoke = f"{base(home)}/rule/smoke_alarm"
    wait_for(lambda: home.topics.get(smoke) == b"OFF", PATIENCE_S)
    home.heard.clear()
    wait_for(lambda: home.topics[smoke] == b"ON", PATIENCE_S)
    wait_for(lambda: home.topics[smoke] == b"OFF", PATIENCE_S)

    def ended() -> list[dict[str, Any]]:
        return [told for told in events(home) if (told["rule"], told["event_type"]) == ("smoke_alarm", "end")]

    wait_for(lambda: len(ended()) >= 3, PATIENCE_S)  # the first was perhaps on while the connection was changed
    end = ended()[-1]
    start = next(told for told in events(home) if told["id"] == end["id"])
    assert (start["event_type"], start["late"], end["late"]) == ("start", False, False)
    assert end["clip_url"].startswith("http://10.0.2.15/api/v1/clips/")
    wait_for(lambda: not site.json("status")["storage"]["recording"])
    assert site.download(end["clip"])[:4] == b"RIFF"


def test_memory_is_left_beside_pages_and_listeners(site: Site) -> None:
    """With -s it prints the figures of docs/hardware.md."""
    tell_memory("MQTT with TLS", site.console)
    with listen(site, PAGE_STREAMS * 8 + ["audio.wav"] * 4):
        full = tell_memory("MQTT with TLS, 8 pages and 4 audio listeners", site.console)
        assert full["largest_heap_block"] >= LEAST_BLOCK
        assert site.json("mqtt")["online"]
    stacks = {task["name"]: task["stack_free"] for task in site.console.ask("info")["tasks"]}
    print({name: stacks[name] for name in ("home", "mqtt_task")})
    assert min(stacks["home"], stacks["mqtt_task"]) >= 1024


def test_nothing_is_lost_while_the_broker_is_away(site: Site, broker: Mosquitto, home: Listener) -> None:
    wait_for(lambda: home.topics.get(f"{base(home)}/rule/smoke_alarm") == b"OFF", PATIENCE_S)
    seen = len(site.json("events?limit=100")["events"])
    before = len(told(site))
    broker.kill()
    wait_for(lambda: not site.json("mqtt")["online"], PATIENCE_S)
    wait_for(lambda: len(site.json("events?limit=100")["events"]) >= seen + 2, PATIENCE_S)
    journal = site.json("events?limit=100")["events"]
    home.heard.clear()
    broker.start()
    wait_for(lambda: site.json("mqtt")["online"], PATIENCE_S)
    wanted = [(line["id"], line["kind"]) for line in reversed(journal[: len(journal) - seen])]
    wait_for(lambda: len(events(home)) >= len(wanted), PATIENCE_S)
    assert [(event["id"], event["event_type"]) for event in events(home)][: len(wanted)] == wanted
    assert all(event["late"] for event in events(home)[: len(wanted) - 1])
    lost, *_, again = told(site)[before:]
    assert " is lost: " in lost
    assert again.startswith("connected to the broker at ")


def test_events_are_posted_and_signed_once_the_clock_is_set(site: Site, certificates: Certificates) -> None:
    with closing(Receiver(0)) as receiver:
        set_webhook(site, receiver.url.replace("localhost", COMPUTER))
        with site.ask("POST", "webhook/test") as answer:
            assert answer.status == 202
        wait_for(lambda: "has taken a test" in site.json("webhook")["last"], PATIENCE_S)
        receiver.answers = [500, 302]
        wait_for(lambda: len(receiver.posts) >= 5, PATIENCE_S)
        assert receiver.bodies()[1]["data"]["rule"] == "smoke_alarm"
        assert receiver.posts[1][0]["webhook-id"] == receiver.posts[3][0]["webhook-id"]
        set_webhook(site, receiver.url.replace("localhost", COMPUTER), secret="a secret of the house's own")
        wait_for(lambda: "waits for the clock" in site.json("webhook")["last"], PATIENCE_S)
    with closing(Receiver(0, certificates)) as receiver:
        url = receiver.url.replace("localhost", COMPUTER)
        for trust, reason in (
            ({}, "its certificate is refused"),
            ({"fingerprint": "0" * 64}, "its certificate has another fingerprint"),
            ({"ca": (certificates.folder / "other.pem").read_text()}, "its certificate is refused"),
            ({"ca": (certificates.folder / "ca.pem").read_text()}, "has taken a test"),
            ({"fingerprint": certificates.fingerprint}, "has taken a test"),
        ):
            set_webhook(site, url, secret="", **trust)
            with site.ask("POST", "webhook/test") as answer:
                assert answer.status == 202
            wait_for(lambda reason=reason: reason in site.json("webhook")["last"], PATIENCE_S)  # type: ignore[misc]
    with site.ask("PUT", "webhook", {"on": False, "url": ""}) as answer:
        assert answer.status == 200


def test_a_rule_that_is_disarmed_stays_so_over_a_restart(
    site: Site, home: Listener, live: Path, alarmed: Path, flash_folder: Path
) -> None:
    armed = f"{base(home)}/rule/smoke_alarm/armed"
    wait_for(lambda: home.topics.get(armed) == b"ON", PATIENCE_S)
    home.say(f"{armed}/set", "OFF")
    wait_for(lambda: home.topics[armed] == b"OFF", PATIENCE_S)
    home.say(f"{base(home)}/identify/set", "PRESS")
    wait_for(lambda: any(" home: here I am: yamnet-" in line for line in site.json("log")["lines"]), PATIENCE_S)
    home.say(f"{base(home)}/restart/set", "PRESS")
    wait_for(lambda: home.topics[f"{base(home)}/availability"] == b"offline", PATIENCE_S)
    time.sleep(2)  # QEMU ends
    home.topics.pop(armed)
    with powered(live, alarmed, flash_folder):
        wait_for(lambda: home.topics[f"{base(home)}/availability"] == b"online", PATIENCE_S)
        assert home.topics[armed] == b"OFF"
