# SPDX-License-Identifier: Apache-2.0
"""The two places a simulated device can be reached at: a pseudo-terminal and a TCP port."""

import os
import select
import socket
import tty
from typing import Protocol

from yamnet_tools.errors import DeviceError


class Endpoint(Protocol):
    """A line to whoever connects."""

    address: str

    def read(self, timeout_s: float) -> bytes:
        """What comes in within the time, b"" if nothing does."""

    def write(self, data: bytes) -> None:
        """Send all of it; nothing happens while nobody is connected."""

    def close(self) -> None:
        """Hang up."""


class PseudoTerminal:
    """A pseudo-terminal; `address` is the name that a client opens."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()  # the slave stays open, or clients that leave would end the line
        tty.setraw(self._slave)
        self.address = os.ttyname(self._slave)
        self._full = False

    def read(self, timeout_s: float) -> bytes:
        """What comes in within the time."""
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        return os.read(self._master, 1 << 16) if ready else b""

    def write(self, data: bytes) -> None:
        """Send all of it; what nobody reads is lost once the terminal is full, as on a real line."""
        while data:
            # A reader who is slow is waited for once; while nobody reads, the device must not stand still at each line.
            _, ready, _ = select.select([], [self._master], [], 0.0 if self._full else 1.0)
            self._full = not ready
            if self._full:
                return
            data = data[os.write(self._master, data[:1024]) :]

    def close(self) -> None:
        """Remove the terminal."""
        os.close(self._master)
        os.close(self._slave)


class TcpPort:
    """A port of the loopback interface, one client at a time; `address` is pyserial's name for it.

    Raises:
        DeviceError: the port cannot be had.
    """

    def __init__(self, port: int) -> None:
        try:
            self._listener = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise DeviceError(f"TCP port {port} of 127.0.0.1: {error.strerror}; 0 takes any that is free") from error
        self._client: socket.socket | None = None
        self.address = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def read(self, timeout_s: float) -> bytes:
        """What comes in within the time."""
        source = self._client or self._listener
        ready, _, _ = select.select([source], [], [], timeout_s)
        if not ready:
            return b""
        if self._client is None:
            self._client, _ = self._listener.accept()
            return b""
        try:
            data = self._client.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        """Send all of it."""
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except OSError:
            self._hang_up()

    def close(self) -> None:
        """Hang up and give the port back."""
        self._hang_up()
        self._listener.close()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
