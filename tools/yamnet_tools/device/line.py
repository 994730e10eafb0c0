# SPDX-License-Identifier: Apache-2.0
"""A serial line, opened so that the board at its other end keeps running."""

import contextlib
import errno
import importlib
import time
from typing import Any, Protocol, Self

from yamnet_tools.errors import DeviceError

BAUD = 115_200
_POLL_S = 0.05
_REVIVE_S = 0.5


class Line(Protocol):
    """What the client needs of a line."""

    def write(self, data: bytes) -> None:
        """Send all of it."""

    def read(self, timeout_s: float) -> bytes:
        """What comes in within the time, b"" if nothing does."""

    def close(self) -> None:
        """Let go of the line."""

    def revive(self) -> None:
        """Open a line again that broke, if it can be opened by now."""


def import_pyserial(module: str = "serial") -> Any:
    """A module of pyserial.

    Raises:
        DeviceError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DeviceError(
            "a serial port needs the pyserial package: pip install -e '.[device]'; --port http://… needs none"
        ) from error


class SerialLine:
    """A port that pyserial opens: `/dev/ttyACM0`, `COM3`, a pseudo-terminal, `socket://host:port`.

    DTR and RTS are both asserted from the moment the operating system opens the port, and never touched: the ESP32-S3's
    USB-Serial-JTAG, and the reset circuits of boards with a USB bridge, restart the chip when RTS alone is asserted,
    which happens in passing when a program clears both one after the other.

    pyserial's errors are OSErrors.

    Raises:
        DeviceError: the port is not there, in use, or not allowed; or there is no pyserial.
    """

    def __init__(self, port: str, baud: int = BAUD, *, write_timeout_s: float = 10.0) -> None:
        serial = import_pyserial()
        self.port = port
        self._broken = False
        self._timeout_error = serial.SerialTimeoutException
        try:
            self._serial = serial.serial_for_url(port, do_not_open=True)
            self._serial.baudrate = baud
            self._serial.timeout = 0
            self._serial.write_timeout = write_timeout_s
            self._serial.dtr = True
            self._serial.rts = True
            if "://" not in port:
                self._serial.exclusive = True
            self._serial.open()
        except (OSError, ValueError) as error:
            raise DeviceError(describe_port_error(port, error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            DeviceError: the board is gone, or takes nothing.
        """
        try:
            self._serial.write(data)
        except self._timeout_error:
            raise DeviceError(f"{self.port}: the device takes nothing any more") from None
        except OSError as error:
            raise self._break(error) from error

    def read(self, timeout_s: float) -> bytes:
        """What comes in within the time, b"" if nothing does.

        Raises:
            DeviceError: the board is gone.
        """
        deadline = time.monotonic() + timeout_s
        try:
            while True:
                self._serial.timeout = max(0.0, min(_POLL_S, deadline - time.monotonic()))
                first = self._serial.read(1)
                if first:
                    self._serial.timeout = 0
                    return bytes(first + self._serial.read(1 << 16))
                if time.monotonic() >= deadline:
                    return b""
        except OSError as error:
            raise self._break(error) from error

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()

    def revive(self) -> None:
        """Open the port again if the connection broke, as when a board on USB restarts."""
        if not self._broken:
            return
        time.sleep(_REVIVE_S)
        with contextlib.suppress(OSError):
            self._serial.close()
            self._serial.open()
            self._broken = False

    def _break(self, error: Exception) -> DeviceError:
        self._broken = True
        return DeviceError(f"{self.port}: the connection broke ({error}); is the board still plugged in?")


def open_line(port: str, baud: int = BAUD) -> SerialLine:
    """Open a port.

    Raises:
        DeviceError: the port is not there, in use, or not allowed.
    """
    return SerialLine(port, baud)


def describe_port_error(port: str, error: Exception) -> str:
    """Say why a port cannot be opened, with the advice that helps."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.ENOENT or "FileNotFoundError" in text:
        name = "." in port and "/" not in port
        other = f" In the network it is --port http://{port}" if name else ""
        return f"{port}: there is no such port; is the board plugged in, with a cable that carries data?{other}"
    if number == errno.EACCES or "Permission" in text:
        return f"{port}: not allowed; on Linux add yourself to the group of the port: sudo usermod -aG dialout $USER"
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text or "busy" in text:
        return f"{port}: in use by another program; close the monitor (idf.py monitor: Ctrl-])"
    if number == errno.ENOTTY or "Inappropriate ioctl" in text:
        return f"{port}: that is no serial port"
    return f"{port}: cannot be opened: {text.removeprefix(f'Could not open port {port}: ')}"
