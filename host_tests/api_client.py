# SPDX-License-Identifier: Apache-2.0
"""The owner of a device who asks its HTTP API."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass
class ApiClient:
    """Asks the server at a port of this computer."""

    port: int
    token: str

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def open_line(self) -> socket.socket:
        """A connection for bytes of one's own."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def ask(self, method: str, path: str, body: object = None, **fields: str) -> http.client.HTTPResponse:
        connection = self.connect()
        fields = {"Authorization": f"Bearer {self.token}"} | fields
        connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), fields)
        return connection.getresponse()

    def json(self, path: str) -> Any:
        """What is told at a path."""
        with self.ask("GET", path) as answer:
            assert answer.status == 200
            return json.loads(answer.read())
