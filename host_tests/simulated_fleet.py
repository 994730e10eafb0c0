# SPDX-License-Identifier: Apache-2.0
"""Many simulated devices in one process, without weights: they have the smallest model, and servers of their own."""

import base64
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from described_api import ALWAYS, hear
from device_core import SimulatedDevice
from small_host import CLASSES, SmallHost, small_files
from yamnet_tools.simulated_device.broker import SETTINGS_KEY
from yamnet_tools.simulated_device.http_server import HttpServer
from yamnet_tools.simulated_device.mqtt import MqttClient
from yamnet_tools.updating import app_image

BROKER = {
    "on": True, "host": "127.0.0.1", "user": "", "tls": False, "ca": "", "fingerprint": "", "password": "",
    "discovery": "device", "discovery_prefix": "homeassistant", "topic_prefix": "yamnet",
}  # fmt: skip
OLD_FIRMWARE = app_image.make("1.0")


class FleetDevice:
    """A device, its server, and what its owner does with it."""

    def __init__(self, number: int, storage: Path, files: dict[str, bytes], broker_port: int | None = None) -> None:
        self.name = f"room-{number:02}"
        (storage / self.name).mkdir(parents=True)
        self.host = SmallHost(files=files, storage=str(storage / self.name))
        if broker_port is not None:
            self.host.mqtt, self.host.id, self.host.url = MqttClient(), self.name, ""  # type: ignore[attr-defined]
            self.host.settings[SETTINGS_KEY] = json.dumps(BROKER | {"port": broker_port}).encode()
        self.device = SimulatedDevice(self.host, "test")
        self.time = threading.Lock()
        """Held by the one thread that lets it pass."""
        self.updatable = Updatable(self.device)
        self.server = HttpServer(lambda: self.updatable, 0)  # type: ignore[arg-type, return-value]
        self.port = self.server.port
        self.token = self.device.token

    def ask(self, method: str, path: str, body: object = None, **fields: str) -> tuple[int, dict[str, str], bytes]:
        sent = {"host": "localhost", "authorization": f"Bearer {self.token}"} | fields
        data = b"" if body is None else json.dumps(body).encode()
        status, headers, content, _ = self.device.http(method, f"/api/v1/{path}", sent, data, "127.0.0.1")
        return status, dict(headers), content if isinstance(content, bytes) else b""

    def keep_a_clip(self, seconds: float = 3) -> None:
        """Hear something that a rule keeps, and then nothing."""
        before = json.loads(self.ask("GET", "rules")[2])
        self.put_rules(ALWAYS)
        self.hear(seconds)
        self.put_rules({"schema": 1, "rules": []})
        self.hear(4)
        self.put_rules(before)

    def hear(self, seconds: float) -> None:
        with self.time:
            hear(self.device, seconds)

    def put_rules(self, document: object) -> None:
        assert self.ask("PUT", "rules", document, **{"if-match": "*"})[0] == 200

    def leave(self) -> None:
        """Lose the network."""
        self.server.close()

    def come_back(self) -> None:
        self.server = HttpServer(lambda: self.updatable, self.port)  # type: ignore[arg-type, return-value]


class Fleet(list[FleetDevice]):
    """Devices, and their list for fleet.py."""

    list_file: Path

    def write_list(self, path: Path, **others: str) -> None:
        """Others are ports or tokens by the device's name, as `port_room_03` or `token_room_03`."""
        entries = []
        for device in self:
            key = device.name.replace("-", "_")
            port, token = others.get(f"port_{key}", device.port), others.get(f"token_{key}", device.token)
            entries.append(f'[[device]]\nname = "{device.name}"\nurl = "http://127.0.0.1:{port}"\ntoken = "{token}"\n')
        path.touch(0o600)
        path.write_text("\n".join(entries))
        self.list_file = path


@contextmanager
def simulated_fleet(count: int, folder: Path, brokers: Sequence[int] = ()) -> Iterator[Fleet]:
    """Runs devices, each with its broker at one of these ports of this computer, and writes `fleet.toml`."""
    files = small_files(lambda patch: patch[:CLASSES])
    ports: list[int | None] = [*brokers] or [None] * count
    fleet = Fleet(FleetDevice(number, folder / "storage", files, port) for number, port in enumerate(ports, 1))
    fleet.write_list(folder / "fleet.toml")
    for device in fleet:
        device.hear(0.2)  # who hears nothing is not well
    stop = threading.Event()

    def keep_up() -> None:
        while not stop.wait(0.1):
            for device in fleet:
                with device.time:
                    device.device.upkeep()

    thread = threading.Thread(target=keep_up)
    thread.start()
    try:
        yield fleet
    finally:
        stop.set()
        thread.join()
        for device, port in zip(fleet, ports, strict=True):
            if port is not None:
                device.device.prepare_restart()
                device.host.mqtt.finish()  # type: ignore[attr-defined]
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(FleetDevice.leave, fleet))


class Cutter:
    """Stands before a device and cuts each answer off after so many bytes, as long as it is told to."""

    def __init__(self, port: int) -> None:
        self.after: int | None = None
        self.only = b""
        self.before = False
        """Whether the device is not even asked."""
        self.requests: list[bytes] = []
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as device, suppress(OSError):
            request = client.recv(1 << 16)
            self.requests.append(request)
            cuts = request.startswith(self.only)
            if not (cuts and self.before):
                device.sendall(request)
                threading.Thread(target=self._carry, args=(client, device), daemon=True).start()
                self._answer(device, client, self.after if cuts else None)
            client.shutdown(socket.SHUT_RDWR)  # whoever still reads it does not keep it

    def _answer(self, device: socket.socket, client: socket.socket, most: int | None) -> None:
        left = 1 << 40 if most is None else most
        while (data := device.recv(min(max(left, 1), 1 << 16))) and left > 0:
            client.sendall(data)
            left -= len(data)

    def _carry(self, client: socket.socket, device: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                device.sendall(data)

    def close(self) -> None:
        self._listener.close()


class Updatable:
    """Stands before a device and takes firmware as the API has it; what is in an image says how the device fares."""

    AWAY_S = 0.2
    TRIAL_S = 0.3

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self.runs = self._before = OLD_FIRMWARE
        self.taken: list[bytes] = []
        self.breaks = False
        """Whatever it is given, it goes back from it."""
        self._restarted = time.monotonic() - 3600
        self._last: str | None = None

    def open_http(self, *_: object) -> None:
        """Bodies are small here, and taken at once."""

    def http(self, method: str, target: str, fields: dict[str, str], body: bytes, peer: str) -> Any:
        since = time.monotonic() - self._restarted
        if since < self.AWAY_S:
            return _json(503, {"type": "about:blank", "title": "x", "status": 503, "detail": "it restarts"}, "problem+")
        trial = since < self.AWAY_S + self.TRIAL_S
        if not trial and self.runs != self._before:
            if self.breaks or _version(self.runs) == "crashes":
                self.runs, self._restarted = self._before, time.monotonic() - self.AWAY_S
                self._last = "it crashed as it started, and the one before runs again"
            self._before = self.runs
        path = target.removeprefix("/api/v1/")
        if path == "update/firmware" and method == "PUT":
            return self._take(fields, body, peer)
        if path == "update":
            return _json(200, self._told(trial))
        status, headers, content, length = self._device.http(method, target, fields, body, peer)
        if path == "status" and status == 200:
            content = json.dumps(json.loads(content) | {"uptime_ms": int(since * 1000)}).encode()
        return status, headers, content, length

    def _take(self, fields: dict[str, str], body: bytes, peer: str) -> Any:
        refusal = self._device.http("GET", "/api/v1/log", fields, b"", peer)
        if refusal[0] != 200:
            return refusal
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert fields["content-digest"] == f"sha-256=:{digest}:"
        assert fields["content-type"] == "application/octet-stream"
        self.taken.append(body)
        if _version(body) == "other-chip":
            problem = {"type": "about:blank", "title": "x", "status": 422, "detail": "it is for another chip"}
            return _json(422, problem, "problem+")
        self._before, self.runs, self._restarted = self.runs, body, time.monotonic()
        return 202, [], b"", None

    def _told(self, trial: bool) -> dict[str, Any]:
        firmware = {
            "version": _version(self.runs),
            "sha256": self.runs[-32:].hex(),
            "partition": "ota_0",
            "state": "trial" if trial or _version(self.runs) == "hangs" else "confirmed",
            "previous": None,
        }
        others = dict.fromkeys(("model", "busy", "owner_key", "no_firmware", "no_model"))
        return {"firmware": firmware, "last": self._last, **others}


def _version(app: bytes) -> str:
    return app_image.describe(app).version


def _json(status: int, value: object, kind: str = "") -> Any:
    return status, [("Content-Type", f"application/{kind}json")], json.dumps(value).encode(), None
