# SPDX-License-Identifier: Apache-2.0
"""A simulated device over HTTP, as simulate_device.py --http serves it: real sockets, real time, bad clients."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from simulated_site import ALARM, Site, simulated_site
from yamnet_tools.errors import DeviceError
from yamnet_tools.paths import CHECKOUT
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.live import LiveInput

pytestmark = pytest.mark.slow


@pytest.fixture
def site(model_image: Path, tmp_path: Path) -> Iterator[Site]:
    with simulated_site(model_image, live=LiveInput(ALARM), storage=tmp_path) as site:
        yield site


def sse(answer: http.client.HTTPResponse, name: str) -> Iterator[dict[str, Any]]:
    """Server-sent events of one name."""
    event = ""
    while line := answer.readline().decode():
        if line.startswith("event: "):
            event = line[7:].strip()
        if line.startswith("data: ") and event == name:
            yield json.loads(line[6:])


def wait_for_boot(site: Site, count: int) -> None:
    deadline = time.monotonic() + 20
    while site.json("status")["boot"]["count"] != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_event_is_told_live_kept_and_can_be_heard(site: Site) -> None:
    with site.ask("GET", "events?live") as live:
        assert live.getheader("Content-Type") == "text/event-stream"
        told = next(event for event in sse(live, "event") if event["rule"] == "smoke_alarm")
    assert told["kind"] == "start"
    assert told in site.json("events?rule=smoke_alarm&limit=100")["events"]
    with site.ask("POST", "restart") as answer:
        assert answer.status == 202
    wait_for_boot(site, 2)
    clips = [clip for clip in site.json("clips")["clips"] if not clip["recording"]]
    with site.ask("GET", f"clips/{clips[-1]['name']}") as answer:
        data = answer.read()
    assert len(data) == clips[-1]["bytes"] == int(answer.getheader("Content-Length") or 0)


def test_a_page_sees_scores_as_they_come(site: Site) -> None:
    begun = time.monotonic()
    with site.ask("GET", "scores?k=2&rate=10") as live:
        patches = [patch for patch, _ in zip(sse(live, "scores"), range(4), strict=False)]
    assert time.monotonic() - begun < 6
    numbers = [patch["patch"] for patch in patches]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_live_sound_is_the_recording(site: Site) -> None:
    with site.ask("GET", "audio.wav") as live:
        sound = np.frombuffer(live.read(44 + 32_000)[44:], np.int16)
    recording, _ = soundfile.read(ALARM, dtype="int16")
    text = np.concatenate([recording, recording]).tobytes()
    assert sound.tobytes() in text


def test_many_watch_at_once_and_nothing_is_lost(site: Site) -> None:
    watching = [site.ask("GET", "scores?rate=10") for _ in range(8)] + [site.ask("GET", "audio.wav") for _ in range(3)]
    time.sleep(3)
    status = site.json("status")
    assert (status["audio"]["overruns"], status["audio"]["gaps"]) == (0, 0)
    for answer in watching:
        assert answer.read1(100)
        answer.close()


def test_it_is_the_same_over_a_restart(site: Site) -> None:
    with site.ask(
        "PUT", "settings", {"name": "Hall", "place": "", "open_reading": True, "open_audio": False}
    ) as answer:
        assert answer.status == 200
    with site.ask("GET", "events?live") as live:
        with site.ask("POST", "restart") as answer:
            assert answer.status == 202
        live.read()  # ends
    assert site.simulator.device.token == site.token
    assert site.json("status")["name"] == "Hall"
    wait_for_boot(site, 2)


def test_the_tool_says_where_it_serves(model_image: Path) -> None:
    command = [
        sys.executable,
        str(CHECKOUT / "tools" / "simulate_device.py"),
        "--image",
        str(model_image),
        "--http",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(2)]
        match = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/, owner's token (\S+)\n", said[1])
        assert match
        connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=10)
        connection.request("GET", "/api/v1/classes", headers={"Authorization": f"Bearer {match[2]}"})
        assert len(json.loads(connection.getresponse().read())["classes"]) == 521
        process.terminate()
        assert process.wait(timeout=15) == 0


def test_a_port_that_is_taken_is_told() -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(DeviceError, match="choose another port"),
    ):
        HttpServer(lambda: None, taken.getsockname()[1])  # type: ignore[arg-type, return-value]
