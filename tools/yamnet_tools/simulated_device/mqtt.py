# SPDX-License-Identifier: Apache-2.0
"""A simulated device's MQTT client: paho behind what device_core asks of one."""

import hashlib
import hmac
import queue
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

Told = tuple[Literal["connected", "lost", "message", "published"], str, bytes, bool, int]
"""What has happened: of "lost" the reason, of "message" topic, payload and whether it is retained, of "published" the
message's number."""

_VERSIONS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
_CONNECT_S = 10.0
_GOODBYE_S = 2.0


class Broker(TypedDict):
    """Whom to connect to; `ca` is PEM, `fingerprint` a SHA-256 in 64 hexadecimal digits, either may be empty."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    ca: str
    fingerprint: str
    client_id: str
    keepalive_s: int
    will_topic: str
    will_payload: str
    version: str


class MqttClient:
    """One connection after the other; device_core calls it from the device's thread, and nothing waits."""

    def __init__(self) -> None:
        self._session: _Session | None = None

    def connect(self, broker: Broker) -> None:
        """Begin to connect; a connection that there is ends."""
        self._drop()
        self._session = _Session(broker)
        self._session.start()

    def close(self, topic: str, payload: bytes) -> None:
        """End the connection, after a retained message."""
        if self._session is not None:
            self._session.client.publish(topic, payload, 1, retain=True)
        self._drop()

    def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1."""
        if self._session is not None:
            self._session.client.subscribe(topic, 1)

    def unsubscribe(self, topic: str) -> None:
        """Undo that."""
        if self._session is not None:
            self._session.client.unsubscribe(topic)

    def publish(self, number: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Publish; "published" tells the number again once the broker has it."""
        if self._session is not None:
            sent = self._session.client.publish(topic, payload, qos, retain)
            self._session.numbers[sent.mid] = number

    def poll(self) -> Told | None:
        """What has happened next, if anything."""
        if self._session is None or self._session.told.empty():
            return None
        kind, text, payload, retained, number = self._session.told.get()
        if kind == "published":
            number = self._session.numbers.pop(number, 0)
        return kind, text, payload, retained, number

    def finish(self) -> None:
        """Wait until what was said last is said; no call follows."""
        for thread in threading.enumerate():
            if isinstance(thread, _Goodbye):
                thread.join(_GOODBYE_S)

    def _drop(self) -> None:
        if self._session is not None:
            _Goodbye(self._session).start()
        self._session = None


@dataclass
class _Session:
    """One connection, from its first packet to its last."""

    broker: Broker
    told: "queue.SimpleQueue[Told]" = field(default_factory=queue.SimpleQueue)
    numbers: dict[int, int] = field(default_factory=dict)
    ended: bool = False

    def __post_init__(self) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            self.broker["client_id"],
            protocol=_VERSIONS[self.broker["version"]],
            reconnect_on_failure=False,
        )
        self.client.connect_timeout = _CONNECT_S
        self.client.will_set(self.broker["will_topic"], self.broker["will_payload"], 1, retain=True)
        if self.broker["user"]:
            self.client.username_pw_set(self.broker["user"], self.broker["password"] or None)
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._disconnected
        self.client.on_message = self._message
        self.client.on_publish = self._published
        self.thread = threading.Thread(target=self._connect, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def _connect(self) -> None:
        try:
            if self.broker["tls"]:
                self.client.tls_set_context(_tls(self.broker))
            self.client.connect(self.broker["host"], self.broker["port"], self.broker["keepalive_s"])
        except (OSError, ValueError) as error:
            self._lose(_reason(error))
        else:
            self.client.loop_start()

    def _connected(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._lose(f"it refuses the connection: {code}")
        else:
            self.told.put(("connected", "", b"", False, 0))

    def _disconnected(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _properties: Properties | None
    ) -> None:
        self._lose("it has closed the connection" if str(code) == "Unspecified error" else str(code))

    def _lose(self, why: str) -> None:
        if not self.ended:
            self.told.put(("lost", why, b"", False, 0))
        self.ended = True

    def _message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        try:
            self.told.put(("message", message.topic, bytes(message.payload), message.retain, 0))
        except UnicodeDecodeError:
            return  # no topic of ours

    def _published(self, _client: object, _data: object, mid: int, *_: Any) -> None:
        self.told.put(("published", "", b"", False, mid))


class _Goodbye(threading.Thread):
    """Ends a session without anybody waiting for it."""

    def __init__(self, session: _Session) -> None:
        super().__init__(daemon=True)
        self._session = session

    def run(self) -> None:
        self._session.thread.join()
        self._session.client.disconnect()
        self._session.client.loop_stop()


class _FingerprintError(OSError):
    """Another broker than the one that was meant."""


class _PinnedSocket(ssl.SSLSocket):
    """Takes the broker whose certificate has the fingerprint, and no other."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        context = self.context
        assert isinstance(context, _PinnedContext)
        found = hashlib.sha256(self.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(found, context.fingerprint):
            raise _FingerprintError(f"its certificate has another fingerprint: {found}")


class _PinnedContext(ssl.SSLContext):
    sslsocket_class = _PinnedSocket
    fingerprint = ""


def _tls(broker: Broker) -> ssl.SSLContext:
    if not broker["fingerprint"]:
        try:
            return ssl.create_default_context(cadata=broker["ca"])
        except ssl.SSLError as error:
            raise ValueError("the CA is no certificate in PEM form") from error
    context = _PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.fingerprint = broker["fingerprint"]
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {error.reason}"
    return (getattr(error, "strerror", None) or str(error)).lower()
