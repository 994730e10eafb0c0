# SPDX-License-Identifier: Apache-2.0
"""Which serial port a board is at."""

from collections.abc import Iterable
from typing import Protocol

from yamnet_tools.device.line import import_pyserial
from yamnet_tools.errors import DeviceError

_BOARD_VENDORS = {
    0x303A: "Espressif",
    0x10C4: "Silicon Labs CP210x",
    0x1A86: "WCH CH34x",
    0x0403: "FTDI",
    0x067B: "Prolific",
}
"""USB vendors of the ESP32-S3 itself and of the USB bridges on boards."""


class Port(Protocol):
    """What pyserial knows of a port."""

    device: str
    description: str
    vid: int | None
    serial_number: str | None


def find_port(ports: Iterable[Port] | None = None) -> str:
    """The port of the only board that is plugged in.

    Args:
        ports: by default those of this machine.

    Raises:
        DeviceError: there is no board, or several; the text names them.
    """
    there: list[Port] = list(import_pyserial("serial.tools.list_ports").comports() if ports is None else ports)
    boards = [port for port in there if port.vid in _BOARD_VENDORS]
    if len(boards) == 1:
        return boards[0].device
    if boards:
        names = ", ".join(f"{port.device} ({_describe(port)})" for port in boards)
        raise DeviceError(f"{len(boards)} boards are plugged in; say which with --port: {names}")
    others = f" (other ports: {', '.join(port.device for port in there)}; --port takes any)" if there else ""
    raise DeviceError(f"no board found: plug it in with a USB cable that carries data, or name its port{others}")


def _describe(port: Port) -> str:
    vendor = _BOARD_VENDORS[port.vid] if port.vid is not None else ""
    number = f", serial number {port.serial_number}" if port.serial_number else ""
    return f"{vendor}, {port.description}{number}"
