# SPDX-License-Identifier: Apache-2.0
"""What a fuzzer knows of the device it asks: values that it was told, and hostile ones in their place."""

import copy
import json
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

LONG = "x" * 4096
HOSTILE = [
    *[
        "",
        ".",
        "..",
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "%00",
        "x%00.wav",
        "%",
        "%f",
        "%ff",
        "%0a",
    ],
    *["//", "a/b", "a/../b", "\\", "'", '"', "journal-000001.jsonl", "-1", "0", "1e999", "nan", "null", "true"],
    *["[]", "{}", "18446744073709551616", "-9223372036854775808", "0.0.0", "1.2.3"],
    *["4294967295.4294967295.18446744073709551615", "{}" * 100, "[" * 300, "\x7f", "é", "%C3%A9", "%F0%9F%94%94"],
    *["%ED%A0%80", "a&a", "a=b&a=b", "?", "#", LONG],
]
DOCUMENTS: list[dict[str, Any]] = [
    {"schema": 1, "rules": []},
    {"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]},
    {"schema": 1, "rules": [{"name": "loud", "level": {"min_dbfs": -40}, "hold_s": 0.5, "title": "Laut"}]},
    {
        "schema": 1,
        "rules": [
            {
                "name": "two",
                "classes": ["Sound 1", {"class": "Sound 2", "weight": 0.8}, 7],
                "combine": "noisy-or",
                "suppress": ["Sound 3"],
                "on": 0.4,
                "off": 0.2,
                "patches": {"need": 2, "of": 4},
                "lasting": {"on": 0.3, "patches": {"need": 8, "of": 16}},
                "gap": {"bridge_s": 3},
                "hold_s": 3,
                "quiet_hours": [{"from": "22:00", "to": "06:30"}],
            }
        ],
    },
    {"schema": 1, "rules": [{"name": f"r{i}", "classes": [i], "on": 0.5, "off": 0.1} for i in range(30)]},
]
MQTT: list[dict[str, Any]] = [
    {
        "on": on,
        "host": "broker.local",
        "port": 1883,
        "user": "",
        "password": "x",
        "tls": False,
        "ca": "",
        "fingerprint": "",
        "discovery": discovery,
        "discovery_prefix": "homeassistant",
        "topic_prefix": "yamnet",
    }
    for on in (True, False)
    for discovery in ("device", "entities")
]
WEBHOOKS: list[dict[str, Any]] = [
    {"on": False, "url": ""},
    {"on": True, "url": "http://receiver.local:8080/hooks/yamnet?a=b", "secret": "x" * 16},
    {"on": True, "url": "https://receiver.local/", "secret": "", "ca": "", "fingerprint": "AB:" * 31 + "CD"},
]
NETWORKS: list[dict[str, Any]] = [
    {"country": "DE", "known": [{"ssid": "Home", "password": "correct horse"}, {"ssid": "Open café"}]},
    {
        "country": "01",
        "known": [
            {
                "ssid": "Home upstairs",
                "password": "correct horse",
                "static_address": {
                    "address": "192.168.1.7",
                    "netmask": "255.255.255.0",
                    "gateway": "192.168.1.1",
                    "dns": "192.168.1.1",
                },
            }
        ],
    },
]
JOINS: list[dict[str, Any]] = [
    {"ssid": "Home", "password": "correct horse"},
    {"ssid": "Neighbours", "password": "wrong password"},
]
_POINT_0 = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 86 + "=="
KEYS: list[dict[str, Any]] = [
    {"key": "", "signature": ""},
    {"key": f"-----BEGIN PUBLIC KEY-----\n{_POINT_0}\n-----END PUBLIC KEY-----\n", "signature": "A" * 86 + "=="},
]
HOSTILE_BYTES = (b"\x00", b"\xff" * 9, b"\\u0000", b"\\ud800", b"x" * 40_000, b"[" * 2000)
ZONES = ("Europe/Berlin", "", "UTC", "Asia/Kathmandu", "Nowhere/Atall", "../../etc/passwd", "x" * 64)
HOSTILE_JSON: list[Any] = [None, True, -1, 0, 1, 1e308, 2**70, 0.5, "", "x", LONG, "\x00", "\ud800", [], {}, [[]]]


@dataclass
class KnownValues:
    """Of one device. The newest of each kind; the random source is the fuzzer's."""

    random: random.Random
    token: str = ""
    cookies: deque[str] = field(default_factory=lambda: deque(["yamnet_session=0"], 4))
    clips: deque[str] = field(default_factory=lambda: deque(["20261122T112244Z_0007-00012.wav"], 8))
    rules: deque[str] = field(default_factory=lambda: deque(["always"], 8))
    cursors: deque[str] = field(default_factory=lambda: deque(["0.0.0"], 8))
    tags: deque[str] = field(default_factory=lambda: deque(["*"], 8))
    events: deque[str] = field(default_factory=lambda: deque(["0001-00001-start"], 8))

    def learn(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """From an answer that was a success."""
        if "ETag" in headers:
            self.tags.append(headers["ETag"])
        if cookie := headers.get("Set-Cookie", "").partition(";")[0]:
            self.cookies.append(cookie)
        if path.startswith("clips") and headers.get("Content-Type") == "application/json" and b'"clips"' in body:
            self.clips.extend(clip["name"] for clip in json.loads(body)["clips"])
        if path.startswith("events") and headers.get("Content-Type") == "application/json":
            page = json.loads(body)
            self.cursors.extend([page["next"]] if page["next"] else [])
            self.events.extend(f"{event['id']}-{event['kind']}" for event in page["events"])
        if path.startswith("rules/states") and headers.get("Content-Type") == "application/json":
            self.rules.extend(rule["name"] for rule in json.loads(body)["rules"])

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def segment(self, name: str) -> str:
        """For a path, in place of its parameter: one that there is, or a hostile one."""
        if self.chance(0.2):
            return self.random.choice(HOSTILE)
        known = {"name": self.clips, "rule": self.rules, "volume": ["folder", "sd", "flash"]}[name]
        return quote(self.random.choice(known), safe="")

    def parameter(self, name: str) -> str:
        """For a query."""
        known = {"before": [*self.cursors, *self.clips], "rule": [*self.rules]}.get(
            name, ["1", "20", "3600", "true", ""]
        )
        return quote(self.random.choice(known), safe="") if self.chance(0.7) else self.random.choice(HOSTILE)

    def header(self, name: str) -> str:
        size = self.random.choice((0, 1, 43, 44, 45, 99, 10**4, 10**9, 10**20))
        known = {
            "Range": [
                f"bytes={size}-",
                f"bytes=-{size}",
                f"bytes=0-{size}",
                f"bytes={size}-{size + 9}",
                "bytes=0-1,3-4",
            ],
            "Last-Event-ID": [*self.events],
            "If-Match": ["*"] * len(self.tags) + [*self.tags],
        }.get(name, [*self.tags])
        return self.random.choice(known) if self.chance(0.8) else self.random.choice(HOSTILE)

    def body(self, path: str) -> bytes | None:
        """That the device may take, or nearly; None where what schemathesis made is as good."""
        if path in ("/session", "/token"):
            return json.dumps({"token": self.token if self.chance(0.9) else self.token[:-1] + "\u00e9"}).encode()
        if path == "/clock":
            return json.dumps({"time_zone": self.random.choice(ZONES), "time_server": "pool.ntp.org"}).encode()
        if path == "/mqtt":
            documents = MQTT
        elif path == "/webhook":
            documents = WEBHOOKS
        elif path == "/network":
            documents = NETWORKS
        elif path == "/network/join":
            documents = JOINS
        elif path == "/update/key":
            documents = KEYS
        elif path.startswith("/rules") and not path.endswith("enabled"):
            documents = DOCUMENTS
        else:
            return None
        document = copy.deepcopy(self.random.choice(documents))
        if self.chance(0.5):
            self._spoil(document)
        return json.dumps(document).encode()

    def damaged(self, data: bytes) -> bytes:
        """Some bytes changed, cut off, repeated or put in."""
        data = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(data))
            kind = self.random.randrange(5)
            if kind == 0:
                data[at : at + 1] = bytes([self.random.randrange(256)])
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                data[at:at] = data[: self.random.randint(0, len(data))]
            elif kind == 3:
                data[at:at] = self.random.choice(HOSTILE).encode()
            else:
                data[at:at] = self.random.choice(HOSTILE_BYTES)
        return bytes(data)

    def _spoil(self, document: Any) -> None:
        """Change one thing, somewhere."""
        at = document
        while True:
            places = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not places:
                return
            place = self.random.choice(places)
            if isinstance(at[place], dict | list) and at[place] and self.chance(0.8):
                at = at[place]
                continue
            kind = self.random.randrange(3)
            if kind == 0:
                at[place] = self.random.choice(HOSTILE_JSON)
            elif kind == 1:
                del at[place]
            elif isinstance(at, dict):
                at[self.random.choice(HOSTILE)] = self.random.choice(HOSTILE_JSON)
            else:
                at.append(copy.deepcopy(at[place]))
            return
