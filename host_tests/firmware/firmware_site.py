# SPDX-License-Identifier: Apache-2.0
"""A running firmware over HTTP."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from firmware_console import Console


@dataclass
class Site:
    """Its console, its port and its owner's token."""

    console: Console
    port: int
    token: str

    def ask(self, method: str, path: str, body: object = None, **fields: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        fields = {"Authorization": f"Bearer {self.token}"} | fields
        connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), fields)
        return connection.getresponse()

    def json(self, path: str) -> Any:
        with self.ask("GET", path) as answer:
            assert answer.status == 200
            return json.loads(answer.read())
