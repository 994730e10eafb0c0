# SPDX-License-Identifier: Apache-2.0
"""A fleet in a real Prometheus: targets, the gateway that has the tokens, and each panel of the dashboard."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from described_api import ALWAYS
from mosquitto import free_port, wait_for
from simulated_fleet import Fleet, simulated_fleet
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.command import main
from yamnet_tools.paths import CHECKOUT

DOCS = CHECKOUT / "docs/fleet"
DASHBOARD = json.loads((DOCS / "grafana-dashboard.json").read_text())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with simulated_fleet(3, tmp_path_factory.mktemp("fleet")) as devices:
        devices[0].put_rules(ALWAYS)
        yield devices


@contextmanager
def gateway(fleet: Fleet) -> Iterator[str]:
    """`fleet.py prometheus --serve`: its address."""
    command = [
        sys.executable,
        str(CHECKOUT / "tools/fleet.py"),
        "--list",
        str(fleet.list_file),
        "prometheus",
        "--serve",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().removeprefix("http://").removesuffix("/targets")
        finally:
            process.terminate()
            process.wait(60)


def get(url: str, **fields: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=fields), timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def test_the_gateway_has_targets_and_metrics_and_tells_no_token(fleet: Fleet) -> None:
    with gateway(fleet) as address:
        status, kind, text = get(f"http://{address}/targets")
        assert (status, kind) == (200, "application/json")
        assert json.loads(text) == [
            {"targets": [address], "labels": {"instance": name, "__metrics_path__": f"/metrics/{name}"}}
            for name in ("room-01", "room-02", "room-03")
        ]
        status, kind, text = get(f"http://{address}/metrics/room-02")
        assert (status, kind) == (200, "text/plain; version=0.0.4")
        assert "\nyamnet_ready 1\n" in text
        fleet[1].leave()
        try:
            status, _, text = get(f"http://{address}/metrics/room-02")
            assert (status, "the connection was refused" in text) == (502, True)
        finally:
            fleet[1].come_back()
        for path in ("/", "/metrics/", "/metrics/cellar", "/metrics/../fleet.toml", "/fleet.toml", "/room-02"):
            status, _, text = get(f"http://{address}{path}")
            assert (status, text) == (404, "/targets, /metrics/<device>\n")
        assert get(f"http://{address}/metrics/room-02", Host="evil.example")[0] == 421
        fleet.list_file.write_text("no list any more")
        try:
            assert get(f"http://{address}/targets")[0] == 503
            assert get(f"http://{address}/metrics/room-02")[0] == 200
        finally:
            fleet.write_list(fleet.list_file)


def test_a_port_that_is_taken_is_told(fleet: Fleet) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(DeviceError, match="Address already in use"):
        main(["--list", str(fleet.list_file), "prometheus", "--serve", str(taken.getsockname()[1])])


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}: apt-get install prometheus")
    return found


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[Any]:
    """A real one with this configuration; gives a function that asks its API."""
    path = folder / "prometheus.yml"
    path.write_text(config)
    checked = subprocess.run(
        [program("promtool"), "check", "config", str(path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    port = free_port()
    command = [
        program("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip

    def ask(what: str) -> Any:
        status, _, text = get(f"http://127.0.0.1:{port}/api/v1/{what}")
        assert status == 200, text
        return json.loads(text)["data"]

    process = subprocess.Popen(command, env=os.environ | {"GOMAXPROCS": "1"})
    try:
        wait_for(lambda: _is_ready(port))
        yield ask
    finally:
        process.terminate()
        process.wait(20)


def _is_ready(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/-/ready")[0] == 200
    except OSError:
        return False


def up(ask: Any) -> dict[str, str]:
    return {row["metric"]["instance"]: row["value"][1] for row in ask("query?query=up")["result"]}


def expressions() -> list[tuple[str, str]]:
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_prometheus_finds_them_and_each_panel_has_something_to_show(fleet: Fleet, tmp_path: Path) -> None:
    program("prometheus")
    fleet[2].leave()
    try:
        with gateway(fleet) as address:
            config = (DOCS / "prometheus.yml").read_text()
            quick = config.replace("scrape_interval: 30s", "scrape_interval: 1s").replace("127.0.0.1:9466", address)
            assert address in quick
            with prometheus(tmp_path, quick) as ask:
                wait_for(lambda: up(ask) == {"room-01": "1", "room-02": "1", "room-03": "0"})
                time.sleep(2.5)  # a rate wants two scrapes
                for title, expression in expressions():
                    asked = expression.replace("$device", ".*").replace("$__rate_interval", "10s")
                    assert "$" not in asked
                    rows = ask(f"query?query={quote(asked)}")["result"]
                    assert rows, f"{title}: {expression}"
                    devices = {row["metric"]["instance"] for row in rows if "instance" in row["metric"]}
                    if devices and "scrape" not in asked:
                        assert devices <= {"room-01", "room-02"}, title
                (rows,) = (
                    ask(f"query?query={quote(expression.replace('$device', '.*'))}")["result"]
                    for title, expression in expressions()
                    if title == "Not as they should be"
                )
                assert [row["value"][1] for row in rows] == ["1"], "the one that is away"
    finally:
        fleet[2].come_back()


def test_prometheus_asks_open_devices_itself(fleet: Fleet, tmp_path: Path) -> None:
    program("prometheus")
    settings = tmp_path / "settings.toml"
    settings.write_text("[settings]\nopen_reading = true\n")
    assert main(["--list", str(fleet.list_file), "settings", str(settings), "--only", "room-01"]) == 0
    assert main(["--list", str(fleet.list_file), "prometheus", "--out", str(tmp_path / "targets.json")]) == 0
    job = "{job_name: yamnet, scrape_interval: 1s, file_sd_configs: [{files: [targets.json]}]}"
    config = f"scrape_configs: [{job}]\n"
    with prometheus(tmp_path, config) as ask:
        wait_for(lambda: up(ask) == {"room-01": "1", "room-02": "0", "room-03": "0"})
        (row,) = ask("query?query=yamnet_info")["result"]
        assert row["metric"].items() >= {"instance": "room-01", "version": "1", "job": "yamnet"}.items()


def test_the_dashboard_is_one() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [
        (p["gridPos"]["x"] + dx, p["gridPos"]["y"] + dy)
        for p in panels
        for dx in range(p["gridPos"]["w"])
        for dy in range(p["gridPos"]["h"])
    ]
    assert len(places) == len(set(places)), "panels do not lie on each other"
    assert all(x < 24 for x, _ in places)
    assert {name for _, e in expressions() for name in ("$device", "$__rate_interval") if name in e} == {
        "$device",
        "$__rate_interval",
    }
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "device"}
