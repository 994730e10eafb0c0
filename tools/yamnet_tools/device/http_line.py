# SPDX-License-Identifier: Apache-2.0
"""Asking over HTTP: each request on a connection of its own, every failure one line that says what to do."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPMessage
from typing import Any, BinaryIO

from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.owner_token import VARIABLE, WHERE_SHOWN, OwnerToken
from yamnet_tools.errors import DeviceError

_MOST_BYTES = 1 << 20
"""More than any answer of a device but its clips has."""

_MOST_SHOWN = 300

Body = bytes | BinaryIO
"""What is sent: bytes, or something to be read, whose Content-Length is given besides."""


class HttpRefusedError(DeviceError):
    """The device answered with a problem document. `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


class HttpLine:
    """The way to a device's HTTP API.

    Args:
        address: of the device.
        token: the owner's, if somebody gave it.
        prompt: asks for it when the device wants it and there is none.
        token_wanted: where it can be given, for the error when there is none.
        timeout_s: how long an answer may take, and how long a longer one may pause.
    """

    def __init__(
        self,
        address: HttpAddress,
        *,
        timeout_s: float,
        token: OwnerToken | None = None,
        prompt: Callable[[], OwnerToken | None] = lambda: None,
        token_wanted: str = f"give it by --token or ${VARIABLE}",
    ) -> None:
        self.timeout_s = timeout_s
        self._address = address
        self._token = token
        self._prompt = prompt
        self._token_wanted = token_wanted

    def __str__(self) -> str:
        return self._address.text

    def ask(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        fields: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[bytes, HTTPMessage]:
        """Send a request; returns the answer's body and header. With If-None-Match the body may be empty.

        Args:
            method: of HTTP.
            path: below `/api/v1/`, with its query.
            body: JSON, unless the fields have another Content-Type.
            fields: of the request's header.
            timeout_s: for all of it, from the first byte sent to the last that comes.

        Raises:
            DeviceError: no answer in time, or none of a device.
            HttpRefusedError: the device refused.
        """
        try:
            return self._ask_once(method, path, body, fields, timeout_s)
        except HttpRefusedError as error:
            if error.status != HTTPStatus.UNAUTHORIZED or self._token is not None:
                raise
            self._token = self._prompt()
            if self._token is None:
                raise
        return self._ask_once(method, path, body, fields, timeout_s)

    def ask_json(
        self, method: str, path: str, body: object = None, fields: Mapping[str, str] | None = None, **limits: Any
    ) -> dict[str, Any]:
        """The JSON object that answers a request, as `ask` has it; a body that is not bytes is made JSON.

        Raises:
            DeviceError: as `ask`; or the answer is no JSON object.
        """
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        answer, header = self.ask(method, path, data, fields, **limits)
        return self.parse(answer, header)

    def parse(self, answer: bytes, header: HTTPMessage) -> dict[str, Any]:
        """The object of an answer.

        Raises:
            DeviceError: it is none.
        """
        self._expect("application/json", header)
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            raise DeviceError(f"{self}: the answer is damaged: it is not JSON; try again") from None
        if not isinstance(value, dict):
            raise DeviceError(f"{self}: the answer is no JSON object: {_NO_DEVICE}")
        return value

    @contextmanager
    def open(
        self, path: str, media_type: str, fields: Mapping[str, str] | None = None, timeout_s: float | None = None
    ) -> Iterator["HttpStream"]:
        """An answer to GET that comes piece by piece; `timeout_s` is for the pause before each.

        Raises:
            DeviceError: as `ask`; or what comes is of another type.
        """
        limit = self.timeout_s if timeout_s is None else timeout_s
        with self._exchange("GET", path, None, fields, limit) as stream:
            self._expect(media_type, stream.header)
            yield stream

    def _ask_once(
        self,
        method: str,
        path: str,
        body: Body | None,
        fields: Mapping[str, str] | None,
        timeout_s: float | None,
    ) -> tuple[bytes, HTTPMessage]:
        limit = self.timeout_s if timeout_s is None else timeout_s
        with self._exchange(method, path, body, fields, limit, in_all=True) as stream:
            return stream.read_all(), stream.header

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        body: Body | None,
        fields: Mapping[str, str] | None,
        timeout_s: float,
        *,
        in_all: bool = False,
    ) -> Iterator["HttpStream"]:
        connection = self._connection(timeout_s)
        clock: threading.Timer | None = None
        late = threading.Event()
        try:
            connection.connect()
            line = connection.sock

            def hang_up() -> None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

            def end() -> None:
                late.set()
                hang_up()

            clock = threading.Timer(timeout_s, end)
            clock.daemon = True
            clock.start()
            with suppress(BrokenPipeError, ConnectionResetError):  # a device that refuses does not read all of a body
                connection.request(method, self._address.target(path), body, self._header(body, fields))
            with connection.getresponse() as response:
                stream = HttpStream(response, hang_up)
                good = HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES
                if not good and response.status != HTTPStatus.NOT_MODIFIED:
                    raise self._refusal(method, path, stream)
                if not in_all:
                    clock.cancel()
                yield stream
                if late.is_set():
                    raise TimeoutError
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                error = TimeoutError()
            raise DeviceError(f"{self}: {_reason(error, timeout_s)}") from error
        finally:
            if clock is not None:
                clock.cancel()
            connection.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        address = self._address
        if not address.secure:
            return http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.host, address.port, timeout=timeout_s, context=context)

    def _header(self, body: Body | None, fields: Mapping[str, str] | None) -> dict[str, str]:
        header = {"Host": self._address.host_field, "Connection": "close", **(fields or {})}
        if self._token is not None:
            header["Authorization"] = f"Bearer {self._token.text}"
        if body is not None:
            header.setdefault("Content-Type", "application/json")
        return header

    def _refusal(self, method: str, path: str, stream: "HttpStream") -> DeviceError:
        status, answer = stream.status, stream.read_all()
        if _media_type(stream.header) != "application/problem+json":
            if place := stream.header.get("Location"):
                return DeviceError(f"{self}: it is at another place: say --port {_shown(place)}")
            reason = _shown(stream.reason)
            return DeviceError(f"{self}: answers {status}{reason and ' '}{reason}, without a reason: {_NO_DEVICE}")
        if status == HTTPStatus.UNAUTHORIZED:
            return HttpRefusedError(status, f"{self}: {self._what_token_is_wrong()}; {WHERE_SHOWN}")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = _shown(stream.header.get("Retry-After", "")) or "60"
            return HttpRefusedError(
                status,
                f"{self}: too many wrong tokens came from this computer; wait {wait} s, and then give the right one: "
                f"{WHERE_SHOWN}",
            )
        try:
            problem = json.loads(answer)
            where = f"{problem['pointer']}: " if problem.get("pointer") else ""
            text = where + problem["detail"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            text = "for a reason that did not come whole"
        return HttpRefusedError(
            status, f"the device refused {method} {path.partition('?')[0]}: {status}: {_shown(text)}"
        )

    def _expect(self, media_type: str, header: HTTPMessage) -> None:
        if (there := _media_type(header)) != media_type:
            raise DeviceError(f"{self}: {_shown(there) or 'nothing'} came instead of {media_type}: {_NO_DEVICE}")

    def _what_token_is_wrong(self) -> str:
        if self._token is None:
            return f"the owner's token is needed: {self._token_wanted}"
        return f"{self._token.source} is not the owner's token"


class HttpStream:
    """An answer that goes on; to be used within `HttpLine.open`. `header` is the answer's."""

    def __init__(self, response: http.client.HTTPResponse, hang_up: Callable[[], None]) -> None:
        self.status = response.status
        self.reason = response.reason
        self.header: HTTPMessage = response.headers
        self.hang_up = hang_up
        """Ends it, from any thread."""
        self._response = response

    @property
    def has_an_end(self) -> bool:
        """Whether its end can be told from a broken connection."""
        return self._response.chunked or self._response.length is not None

    def read(self, most: int) -> bytes:
        """The next bytes, b"" at the end."""
        data = self._response.read(most)
        if not data:
            self._check_end()
        return data

    def read_line(self, most: int) -> bytes:
        """The next line, with its end; b"" when the answer has ended."""
        return self._response.readline(most)

    def read_all(self) -> bytes:
        """All bytes."""
        data = self._response.read(_MOST_BYTES)
        if len(data) == _MOST_BYTES:
            raise DeviceError(f"more than {_MOST_BYTES:,} bytes came: {_NO_DEVICE}")
        self._check_end()
        return data

    def _check_end(self) -> None:
        if self._response.length:
            raise http.client.IncompleteRead(b"", self._response.length)


_NO_DEVICE = "this is no YAMNet device; is the address right?"


def _media_type(header: HTTPMessage) -> str:
    return header.get("Content-Type", "").partition(";")[0].strip().lower()


def _shown(text: str) -> str:
    """What a stranger sent, fit for a terminal and one line."""
    return "".join(c if c.isprintable() else " " for c in text[:_MOST_SHOWN])


def _reason(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:g} s; is the device on, and in this network?"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "nobody here knows this name; is the device on? Its address does as well, as http://192.168.1.20"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers there: the connection was refused; are address and port right?"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}; $SSL_CERT_FILE names those that are"
    if isinstance(error, ssl.SSLError):
        return f"no TLS is spoken there: {error.reason}; is it http:// instead of https://?"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection broke in the middle of the answer; try again"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
        return "the connection broke before the answer came; try again"
    if isinstance(error, http.client.HTTPException):
        return f"what came is not HTTP: {_NO_DEVICE}"
    return f"cannot be reached: {error.strerror if isinstance(error, OSError) and error.strerror else error}"
