# SPDX-License-Identifier: Apache-2.0
"""The owner's switch for the microphone in the firmware itself, with ESP-IDF's Linux target."""

import time
from pathlib import Path

import pytest

from api_client import ApiClient
from firmware_console import Console
from firmware_events import wait_until_kept
from firmware_targets import CHECKOUT, build, free_port, run_on_linux

pytestmark = pytest.mark.slow

KITCHEN = CHECKOUT / "examples" / "audio" / "kitchen.wav"


@pytest.fixture(scope="module")
def app() -> Path:
    return build("linux", "linux", ["sdkconfig.defaults"])


def owner_of(console: Console, port: int) -> ApiClient:
    return ApiClient(port, console.ask("token")["token"])


def mute(client: ApiClient, muted: bool) -> None:
    with client.ask("POST", "mute", {"muted": muted}) as answer:
        assert answer.status == 204


def events_since(client: ApiClient, boot: int) -> list[str]:
    return [event["id"] for event in client.json("events?limit=100")["events"] if event["boot"] == boot]


def test_it_closes_the_source_outlives_a_restart_and_opens_it_again(app: Path, model_dir: Path, tmp_path: Path) -> None:
    port = free_port()
    with run_on_linux(app, model_dir, KITCHEN, state=tmp_path, http_port=port) as console:
        mute(owner_of(console, port), True)
        assert console.ask("info")["muted"] is True
        console.reboot()
    with run_on_linux(app, model_dir, KITCHEN, state=tmp_path, http_port=port) as console:
        console.wait_until_up(60)
        time.sleep(1)
        info = console.ask("info")
        (audio,) = [step for step in info["boot"]["steps"] if step["name"] == "audio"]
        assert (info["muted"], info["boot"]["ready"], audio["message"]) == (True, True, "muted")
        assert (info["audio"]["alive"], info["inference"]["patches"]) == (False, 0)
        client = owner_of(console, port)
        assert events_since(client, 2) == []
        mute(client, False)
        console.wait_for_log("the recording has ended")
        wait_until_kept(console, 1)
        assert events_since(client, 2)
        assert console.ask("info")["audio"]["gaps"] == 0, "what the owner wanted is no fault"
