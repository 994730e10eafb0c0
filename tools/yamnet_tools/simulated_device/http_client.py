# SPDX-License-Identifier: Apache-2.0
"""A simulated device's HTTP client: urllib3 behind what device_core asks of one."""

import ssl
import threading
import time

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

Answer = tuple[int, str]
"""HTTP's status, or 0 and why there is none."""

_STEP_S = 10.0
_LONGEST_S = 30.0


class HttpClient:
    """One POST after the other; device_core calls it from the device's thread, and nothing waits."""

    def __init__(self) -> None:
        self._exchange: _Exchange | None = None

    def begin(self, url: str, ca: str, fingerprint: str, headers: dict[str, str], body: bytes) -> None:
        """Post it; an answer that has not come by now is none of anybody's."""
        self._exchange = _Exchange(url, ca, fingerprint, headers, body)
        self._exchange.start()

    def poll(self) -> Answer | None:
        """How it ended, once."""
        exchange = self._exchange
        if exchange is None:
            return None
        answer = exchange.answer
        if answer is None and time.monotonic() < exchange.deadline:
            return None
        self._exchange = None
        return answer or (0, "it does not answer in time")


class _Exchange(threading.Thread):
    def __init__(self, url: str, ca: str, fingerprint: str, headers: dict[str, str], body: bytes) -> None:
        super().__init__(daemon=True)
        self.answer: Answer | None = None
        self.deadline = time.monotonic() + _LONGEST_S
        self._request = (url, ca, fingerprint, headers, body)

    def run(self) -> None:
        self.answer = _post(*self._request)


def _post(url: str, ca: str, fingerprint: str, headers: dict[str, str], body: bytes) -> Answer:
    try:
        with urllib3.PoolManager(
            timeout=urllib3.Timeout(_STEP_S), ssl_context=_tls(ca, fingerprint), assert_fingerprint=fingerprint or None,
            assert_hostname=False if fingerprint else None,
        ) as pool:  # fmt: skip
            answer = pool.request(
                "POST", url, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            answer.close()
            return answer.status, ""
    except (HTTPError, ValueError, OSError) as error:
        return 0, _reason(error)


def _tls(ca: str, fingerprint: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=ca or None)
    except ssl.SSLError as error:
        raise ValueError("the CA is no certificate in PEM form") from error
    if fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(error: BaseException) -> str:
    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, NameResolutionError):
        return "there is no such host"
    if isinstance(error, NewConnectionError):  # a kind of ConnectTimeoutError
        cause = error.__cause__ or error.__context__
        return (getattr(cause, "strerror", None) or str(error)).lower()
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return "it does not answer in time"
    if isinstance(error, SSLError):
        return _tls_reason(error)
    if isinstance(error, ProtocolError):
        return "it has closed the connection, or does not speak HTTP"
    return str(error)


def _tls_reason(error: SSLError) -> str:
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {cause.verify_message}"
    if "ingerprint" in str(error):
        return "its certificate has another fingerprint"
    return f"TLS fails: {getattr(cause, 'reason', None) or error}"
