# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, and what may go wrong meanwhile: server, client or disk gone."""

import http.client
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import hostile_clients
from api_client import ApiClient
from described_api import Client, hear, rules_set
from device_core import SimulatedDevice
from native_build import CHECKOUT
from small_host import SmallHost
from small_server import small_server
from yamnet_tools.simulated_device.http_server import HttpServer

pytestmark = pytest.mark.slow

LOAD_S = 12


def test_pages_listeners_and_a_download_lose_nothing(tmp_path: Path) -> None:
    with small_server(tmp_path / "storage", {}) as site:
        command = [sys.executable, str(CHECKOUT / "benchmarks" / "http_load.py")]
        command += ["--url", f"http://127.0.0.1:{site.port}", "--token", site.token]
        command += ["--seconds", str(LOAD_S), "--connections", "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 pages, 3 listeners, 1 download" in done.stdout
    assert not re.search(r"downloads: 0,", done.stdout), done.stdout


def test_a_server_that_was_killed_comes_back_with_what_it_kept(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    with small_server(storage, {}) as site:
        with site.ask("GET", "events?live") as live:
            last = next(iter(_event_ids(live)))
            site.process.kill()
            with pytest.raises((OSError, http.client.HTTPException)):
                live.read()
        site.process.wait()
        site.ended = True
    with small_server(storage, {}) as site, site.ask("GET", "events?live", **{"Last-Event-ID": last}) as live:
        ids = [identity for identity, _ in zip(_event_ids(live), range(3), strict=False)]
    assert last not in ids
    assert len(set(ids)) == 3
    assert ids[-1].startswith("0002-"), "the next boot's"


def test_a_disk_that_is_pulled_cuts_a_download_short_and_harms_nothing_else(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    with device_with_a_long_clip(storage) as (site, clip):
        with closing(site.connect()) as connection:
            connection.sock = hostile_clients.narrow_line(site)
            connection.request("GET", f"/api/v1/clips/{clip}", headers={"Authorization": f"Bearer {site.token}"})
            answer = connection.getresponse()
            assert answer.read(100)[:4] == b"RIFF"
            shutil.rmtree(storage)
            _wait_until_noticed(site)
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
        assert site.json("status")["boot"]["ready"] is True
        with site.ask("GET", f"clips/{clip}") as gone:
            assert gone.status in (404, 503)
            assert json.loads(gone.read())["detail"]
        with site.ask("GET", "clips") as clips:
            assert clips.status in (200, 503)


def _wait_until_noticed(site: ApiClient) -> None:
    deadline = time.monotonic() + 30
    while site.json("status")["storage"]["clips"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@contextmanager
def device_with_a_long_clip(storage: Path) -> Iterator[tuple[ApiClient, str]]:
    """And the clip's name; a minute or so."""
    device = SimulatedDevice(SmallHost(storage=str(storage)), "test")
    owner = Client(device)
    owner.fields["authorization"] = f"Bearer {device.token}"
    rules_set(owner)
    hear(device, 80)
    rules_set(owner, {"schema": 1, "rules": []})
    hear(device, 10)
    (clip,) = (entry["name"] for entry in owner.ask("GET", "clips").json["clips"] if not entry["recording"])
    stop = threading.Event()

    def live() -> None:
        while not stop.wait(0.02):
            device.upkeep()

    thread = threading.Thread(target=live)
    thread.start()
    try:
        with closing(HttpServer(lambda: device, 0)) as server:
            yield ApiClient(int(server.address.rpartition(":")[2]), device.token), clip
    finally:
        stop.set()
        thread.join()


def _event_ids(live: http.client.HTTPResponse) -> Iterator[str]:
    while line := live.readline().decode():
        if line.startswith("id: "):
            yield line[4:].strip()
