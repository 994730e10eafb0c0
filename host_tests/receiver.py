# SPDX-License-Identifier: Apache-2.0
"""Somebody whom a device posts its events to."""

import http.server
import json
import ssl
import threading
import time
from typing import Any

from mosquitto import Certificates


class Receiver:
    """An HTTP server that keeps what is posted, and answers as it is told.

    Attributes:
        posts: header fields in lower case, and the body, of each.
        answers: the next statuses; 200 when there are no more.
        pause_s: before each answer.
    """

    def __init__(self, port: int, certificates: Certificates | None = None) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.pause_s = 0.0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(receiver.pause_s)
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.scheme = "http"
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.folder / "broker.pem", certificates.folder / "broker.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, args=(0.05,)).start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.server.server_port}/hooks/private?key=1"

    @property
    def where(self) -> str:
        return f"localhost:{self.server.server_port}"

    def bodies(self) -> list[dict[str, Any]]:
        """Of each event once: one whose answer was lost is posted again, under the same webhook-id."""
        return [json.loads(body) for body in {headers["webhook-id"]: body for headers, body in self.posts}.values()]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
