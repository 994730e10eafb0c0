# SPDX-License-Identifier: Apache-2.0
"""Clients that mean no good, for whatever serves the HTTP API at a port of this computer."""

import http.client
import re
import socket
import struct
import time
from contextlib import ExitStack, closing, suppress

from api_client import ApiClient

GET_STATUS = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n"
CHECK = b"POST /api/v1/rules/check HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = CHECK + b"Transfer-Encoding: chunked\r\n\r\n"

BYTES = {
    "half a request line": b"GET /api/v1/sta",
    "half a header": GET_STATUS + b"Authoriz",
    "half a body": CHECK + b"Content-Length: 1000\r\n\r\nhalf",
    "a body without end": CHECK + b"Content-Length: 9999999\r\n\r\n" + b"x" * 99_999,
    "a chunk of a length that is none": CHUNKED + b"zz\r\n\r\n",
    "a chunk of a negative length": CHUNKED + b"-1\r\nx\r\n0\r\n\r\n",
    "a chunk longer than memory": CHUNKED + b"ffffffffffffffffff\r\nx",
    "a chunk that promises more": CHUNKED + b"fff\r\nx\r\n0\r\n\r\n",
    "chunks without end": CHUNKED + b"1\r\nx\r\n" * 20_000,
    "a chunk with a long extension": CHUNKED + b"1;" + b"a" * 100_000 + b"\r\nx\r\n0\r\n\r\n",
    "a negative length": CHECK + b"Content-Length: -5\r\n\r\n",
    "a length beyond 64 bits": CHECK + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": CHECK + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "length and chunks": CHECK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": CHECK + b"Transfer-Encoding: gzip, x\r\n\r\n\x1f\x8b",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "another version": b"GET /api/v1/status HTTP/9.9\r\n\r\n",
    "no version": b"GET /api/v1/status\r\n\r\n",
    "a long target": b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a long method": b"G" * 100_000 + b" / HTTP/1.1\r\n\r\n",
    "many headers": GET_STATUS + b"X: y\r\n" * 20_000 + b"\r\n",
    "a long header": GET_STATUS + b"X-Long: " + b"y" * 200_000 + b"\r\n\r\n",
    "a long token": GET_STATUS + b"Authorization: Bearer " + b"t" * 60_000 + b"\r\n\r\n",
    "a header without a name": GET_STATUS + b": y\r\n\r\n",
    "a header over lines": GET_STATUS + b"X: y\r\n z\r\n\r\n",
    "NUL in a header": GET_STATUS + b"X: \x00\r\n\r\n",
    "NUL in a target": b"GET /api/v1/clips/\x00.wav HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another site's target": b"GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a proxy's method": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an upgrade": GET_STATUS + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    "an expectation": CHECK + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
    "nothing but line ends": b"\r\n" * 1000,
    "every byte": bytes(range(256)) * 50,
    "many requests at once": (GET_STATUS + b"\r\n") * 500,
    "a request behind a body": CHECK + b"Content-Length: 2\r\n\r\n{}" + (CHECK + b"Content-Length: 3\r\n\r\n{]") * 200,
}
"""What to send by what is wrong with it."""


def send_all_and_hang_up(site: ApiClient) -> None:
    """Each on a connection of its own, closed with what has been answered unread."""
    for data in BYTES.values():
        _send(site, data).close()


def leave_all_open(site: ApiClient, stack: ExitStack) -> None:
    """Each on a connection of its own that nobody reads; those are closed with the stack."""
    for data in BYTES.values():
        stack.enter_context(_send(site, data))


def answers(site: ApiClient, data: bytes, seconds: float) -> list[int]:
    """The statuses that bytes are answered with until the connection is closed, or nothing more comes for so long."""
    told = b""
    with closing(_send(site, data)) as line, suppress(OSError):
        line.settimeout(seconds)
        while piece := line.recv(1 << 16):
            told += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", told)]


def drip(site: ApiClient, seconds: float) -> bool:
    """A header that comes byte by byte (slow loris) for so long; returns whether the server hung up."""
    with site.open_line() as line:
        line.sendall(GET_STATUS + b"X-Slow: ")
        line.setblocking(False)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line.send(b"x")
                if line.recv(1) == b"":
                    return True
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                return True
    return False


def crowd(site: ApiClient, count: int) -> tuple[int, int]:
    """So many connections at once that each ask for something; returns how many were served and how many told 503."""
    served = busy = 0
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = site.connect()
            stack.callback(connection.close)
            with suppress(OSError):
                connection.request("GET", "/api/v1/openapi.json")
            connections.append(connection)
        for connection in connections:
            with suppress(OSError, http.client.HTTPException):
                status = connection.getresponse().status
                served += status == 200
                busy += status == 503
    return served, busy


def leave_mid_stream(site: ApiClient, path: str, count: int) -> None:
    """Ask for a stream, take a little and go, every other time with a reset, again and again."""
    for number in range(count):
        with closing(site.connect()) as connection:
            connection.request("GET", f"/api/v1/{path}", headers={"Authorization": f"Bearer {site.token}"})
            assert connection.sock is not None
            if number % 2:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            answer = connection.getresponse()
            assert answer.status == 200
            if not path.startswith("events"):  # of which there may be none for long
                answer.read1(10)
            answer.close()


def narrow_line(site: ApiClient) -> socket.socket:
    """A connection that holds some 100 KB at most of what is not read, not megabytes."""
    line = socket.socket()
    line.settimeout(20)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    line.connect(("127.0.0.1", site.port))
    return line


def ask_and_read_nothing(site: ApiClient, path: str, stack: ExitStack) -> None:
    """Ask for a stream and leave it unread; it is closed with the stack."""
    line = stack.enter_context(narrow_line(site))
    fields = f"Host: localhost\r\nAuthorization: Bearer {site.token}\r\n\r\n"
    line.sendall(f"GET /api/v1/{path} HTTP/1.1\r\n{fields}".encode())


def still_well(site: ApiClient, seconds: float) -> None:
    """Raises TimeoutError if it does not answer as ever within that time, for places may have to get free."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException), site.ask("GET", "status") as answer:
            if answer.status == 200 and answer.read().endswith(b"}"):
                return
        time.sleep(0.2)
    raise TimeoutError(f"it has not answered for {seconds} s")


def _send(site: ApiClient, data: bytes) -> socket.socket:
    """As much as is taken at once; nothing is read."""
    line = site.open_line()
    line.setblocking(False)
    with suppress(OSError):
        line.send(data)
    return line
