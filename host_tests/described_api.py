# SPDX-License-Identifier: Apache-2.0
"""Somebody who asks a device's HTTP API without a server, and checks each answer against openapi.json."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np

from device_core import HttpStream, SimulatedDevice

OPENAPI = json.loads((Path(__file__).parents[1] / "components/device_api/openapi.json").read_text())
DESCRIPTION = jsonschema.Draft202012Validator(OPENAPI)
"""Its parts, by evolve(): they refer to others."""
RATE = 16_000
HOST = "yamnet.local"
ALWAYS = {"schema": 1, "rules": [{"name": "always", "level": {"min_dbfs": -100}, "hold_s": 0}]}
METHODS = ("get", "put", "post", "delete")


@dataclass
class Answer:
    """A response; every one is checked against the description."""

    status: int
    headers: dict[str, str]
    body: bytes
    stream: HttpStream | None
    length: int | None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Somebody in the network."""

    def __init__(self, device: SimulatedDevice) -> None:
        self.device = device
        self.fields = {"host": HOST}

    def ask(self, method: str, path: str, body: object = None, peer: str = "10.0.0.2", **fields: str) -> Answer:
        sent = self.fields | {name.replace("_", "-"): value for name, value in fields.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        status, headers, content, length = self.device.http(method, f"/api/v1/{path}", sent, data, peer)
        stream = content if isinstance(content, HttpStream) else None
        answer = Answer(status, dict(headers), b"" if stream else content, stream, length)
        if stream and answer.headers["Content-Type"] == "application/json":
            answer.body, answer.stream = self.drain(answer), None
        check(method, path, answer)
        return answer

    def drain(self, answer: Answer) -> bytes:
        """All of a stream that ends."""
        assert answer.stream is not None
        pieces = b""
        while (piece := answer.stream.next()) is not None:
            pieces += piece
        return pieces


def owner_of(device: SimulatedDevice) -> Client:
    """Somebody who has the owner's token."""
    client = Client(device)
    client.fields["authorization"] = f"Bearer {device.token}"
    return client


def check(method: str, path: str, answer: Answer) -> None:
    """Against openapi.json: the status, the kind of content, the content."""
    operation = operation_of(method, path)
    if operation is None:
        assert answer.status in (400, 403, 404, 405, 413, 421), answer
        described: dict[str, Any] = {"$ref": f"#/components/responses/{answer.status}"}
    else:
        assert str(answer.status) in operation["responses"], (method, path, answer)
        described = operation["responses"][str(answer.status)]
    content = resolve(described).get("content", {})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if method == "HEAD" or answer.status in (202, 204, 304):
        assert answer.body == b""
        return
    assert kind in content, (method, path, answer)
    if kind.endswith("json"):
        DESCRIPTION.evolve(schema=content[kind]["schema"]).validate(answer.json)


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    parts = path.partition("?")[0].split("/")
    for form, operations in OPENAPI["paths"].items():
        wanted = form.strip("/").split("/")
        if len(wanted) == len(parts) and all(
            w in (p, "{name}", "{rule}", "{volume}") for w, p in zip(wanted, parts, strict=True)
        ):
            found: dict[str, Any] | None = operations.get("get" if method == "HEAD" else method.lower())
            return found
    return None


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = OPENAPI
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def hear(device: SimulatedDevice, seconds: float, amplitude: int = 3000) -> None:
    for _ in range(int(seconds * 10)):
        device.hear(np.full(RATE // 10, amplitude, np.int16) * np.tile([1, -1], RATE // 20).astype(np.int16), "test")
        device.upkeep()


def rules_set(owner: Client, document: object = ALWAYS) -> None:
    assert owner.ask("PUT", "rules", document, if_match="*").status == 200
