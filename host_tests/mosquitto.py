# SPDX-License-Identifier: Apache-2.0
"""A real broker for tests, and somebody who listens to it."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

USER, PASSWORD = "kitchen", "a secret of mine"


def program(name: str) -> str:
    """Where a program of the broker's is; skips where there is none."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"needs {name}: apt-get install mosquitto")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass
class Certificates:
    """A CA, what it has signed for this computer (10.0.2.2 in QEMU), and one that has nothing to do with it."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("ca", "other"):
            self._openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=test {name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem",
            )  # fmt: skip
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "broker.key", "-out", "broker.csr",
        )  # fmt: skip
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.0.2.2\n")
        self._openssl(
            "x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "broker.pem",
        )  # fmt: skip
        printed = self._openssl("x509", "-in", "broker.pem", "-noout", "-fingerprint", "-sha256")
        self.fingerprint = printed.strip().partition("=")[2]

    def _openssl(self, *arguments: str) -> str:
        result = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return result.stdout


@dataclass
class Mosquitto:
    """Debian's broker on a port of this computer."""

    folder: Path
    port: int
    password: bool = False
    certificates: Certificates | None = None
    more: str = ""
    """Of its configuration."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(not self.password).lower()}"]
        if self.password:
            passwords = self.folder / "passwords"
            if not passwords.exists():
                command = [program("mosquitto_passwd"), "-c", "-b", str(passwords), USER, PASSWORD]
                subprocess.run(command, check=True, capture_output=True)
                passwords.chmod(0o644)
            lines.append(f"password_file {passwords}")
        if self.certificates is not None:
            own = self.certificates.folder
            lines += [f"certfile {own / 'broker.pem'}", f"keyfile {own / 'broker.key'}"]
        lines.append("user root")
        (self.folder / "broker.conf").write_text("\n".join(lines) + "\n" + self.more)
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program("mosquitto"), "-v", "-c", str(self.folder / "broker.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "broker.log").read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None


@contextmanager
def running(folder: Path, **options: object) -> Iterator[Mosquitto]:
    folder.mkdir(parents=True, exist_ok=True)
    broker = Mosquitto(folder, free_port(), **options)  # type: ignore[arg-type]
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@dataclass
class Listener:
    """Hears all there is on a broker."""

    broker: Mosquitto
    topics: dict[str, bytes] = field(default_factory=dict)
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        if self.broker.password:
            self.client.username_pw_set(USER, PASSWORD)
        if self.broker.certificates:
            self.client.tls_set(str(self.broker.certificates.folder / "ca.pem"))
        self.client.reconnect_delay_set(1, 1)
        subscribed = threading.Event()
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.on_message = lambda _client, _data, message: self._hear(message)
        self.client.connect("localhost", self.broker.port)
        self.client.loop_start()
        assert subscribed.wait(10)

    def _hear(self, message: paho.MQTTMessage) -> None:
        self.topics[message.topic] = message.payload
        self.heard.append((message.topic, message.payload))

    def say(self, topic: str, payload: str | bytes, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain).wait_for_publish(10)

    def of(self, topic: str) -> list[bytes]:
        return [payload for heard, payload in self.heard if heard == topic]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def wait_for(reached: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)
