# SPDX-License-Identifier: Apache-2.0
"""A real Home Assistant for tests, asked by its own API."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mosquitto import Mosquitto, free_port

GET_IT = (
    "needs Home Assistant (400 MB): make a venv with Python 3.11 and `pip install homeassistant==2024.3.3 "
    "paho-mqtt==1.6.1 aiohttp_cors==0.7.0 aiohttp-fast-url-dispatcher==0.3.0 aiohttp-zlib-ng==0.3.1 janus==1.0.0`, "
    "or with Python 3.12 and `pip install homeassistant==2025.1.4 paho-mqtt==1.6.1`; then let YAMNET_HASS name bin/hass"
)
BLUEPRINTS = Path(__file__).parents[1] / "docs" / "home-assistant"
_CONFIGURATION = """
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
input_boolean:
  smoke_told:
  baby_told:
automation:
  - alias: baby
    use_blueprint:
      path: yamnet/crying_baby.yaml
      input:
        sound: {baby}
        patience: {{seconds: 2}}
        actions:
          - service: input_boolean.turn_on
            target: {{entity_id: input_boolean.baby_told}}
  - alias: smoke
    use_blueprint:
      path: yamnet/smoke_alarm.yaml
      input:
        sound: {smoke}
        pause: {{seconds: 1}}
        actions:
          - service: input_boolean.toggle
            target: {{entity_id: input_boolean.smoke_told}}
logger:
  default: warning
  logs:
    homeassistant.components.mqtt: info
"""


def hass() -> str:
    """The program; skips where there is none."""
    found = os.environ.get("YAMNET_HASS") or shutil.which("hass")
    if not found:
        pytest.skip(GET_IT)
    return found


def knows_devices() -> bool:
    """Whether it takes one discovery message for a whole device."""
    version = subprocess.run([hass(), "--version"], capture_output=True, text=True, check=True).stdout
    year, month, *_ = version.strip().split(".")
    return (int(year), int(month)) >= (2024, 11)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signed(payload: dict[str, Any], key: str) -> str:
    """A JSON web token (RFC 7519) by HMAC-SHA-256."""
    text = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, payload))
    return f"{text}.{_base64(hmac.digest(key.encode(), text.encode(), hashlib.sha256))}"


@dataclass
class HomeAssistant:
    """Runs with a broker of its own choice; `sensors` are those that its automations watch."""

    folder: Path
    broker: Mosquitto
    sensors: dict[str, str]
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        blueprints = self.folder / "blueprints" / "automation" / "yamnet"
        blueprints.mkdir(parents=True)
        for name in ("crying_baby.yaml", "smoke_alarm.yaml"):
            shutil.copy(BLUEPRINTS / name, blueprints)
        text = _CONFIGURATION.format(port=self.port, **self.sensors)
        (self.folder / "configuration.yaml").write_text(text)
        now = time.time()
        user = {
            "id": "u", "group_ids": ["system-admin"], "is_owner": True, "is_active": True, "name": "test",
            "system_generated": False, "local_only": False,
        }  # fmt: skip
        login = {
            "id": "r", "user_id": "u", "client_id": None, "client_name": "test", "client_icon": None,
            "token_type": "long_lived_access_token", "created_at": "2026-01-01T00:00:00+00:00",
            "access_token_expiration": 1e9, "token": "t", "jwt_key": "k" * 64, "last_used_at": None,
            "last_used_ip": None, "credential_id": None, "version": "2024.3.3",
        }  # fmt: skip
        groups = [{"id": "system-admin", "name": "Administrators"}]
        self._store("auth", {"users": [user], "groups": groups, "credentials": [], "refresh_tokens": [login]})
        entry = {
            "entry_id": "e", "version": 1, "domain": "mqtt", "title": "mqtt", "options": {}, "source": "user",
            "data": {"broker": "127.0.0.1", "port": self.broker.port, "discovery": True}, "unique_id": None,
            "pref_disable_new_entities": False, "pref_disable_polling": False, "disabled_by": None,
        }  # fmt: skip
        self._store("core.config_entries", {"entries": [entry]})
        self.token = _signed({"iss": "r", "iat": int(now) - 60, "exp": int(now) + 10**6}, "k" * 64)

    def _store(self, key: str, data: dict[str, Any]) -> None:
        path = self.folder / ".storage" / key
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": 1, "minor_version": 1, "key": key, "data": data}))

    def start(self) -> None:
        with (self.folder / "out").open("ab") as out:
            command = [hass(), "-c", str(self.folder)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder)
        deadline = time.monotonic() + 300
        while True:
            try:
                if self.ask("GET", "config")["state"] == "RUNNING":
                    return
            except (OSError, urllib.error.HTTPError):
                pass
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def call(self, domain: str, service: str, entity: str) -> None:
        self.ask("POST", f"services/{domain}/{service}", {"entity_id": entity})

    def states(self) -> dict[str, Any]:
        return {state["entity_id"]: state for state in self.ask("GET", "states")}

    def state(self, entity: str) -> str | None:
        state = self.states().get(entity)
        return None if state is None else str(state["state"])

    def attributes(self, entity: str) -> dict[str, Any]:
        attributes: dict[str, Any] = self.ask("GET", f"states/{entity}")["attributes"]
        return attributes

    def log(self) -> str:
        logs = (self.folder / "out", self.folder / "home-assistant.log")
        return "".join(path.read_text() for path in logs if path.exists())

    def complaints(self) -> list[str]:
        """What it has to say of MQTT in its log, of warnings and worse."""
        lines = (self.folder / "home-assistant.log").read_text().splitlines()
        return [line for line in lines if "mqtt" in line and (" WARNING " in line or " ERROR " in line)]
