# SPDX-License-Identifier: Apache-2.0
"""A board in download mode, through esptool's library."""

import functools
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import esptool
import serial
from esptool.logger import TemplateLogger, log
from esptool.util import FatalError, flash_size_bytes

from yamnet_tools.device.line import SerialLine
from yamnet_tools.errors import DeviceError, FlashError

CHIP = "ESP32-S3"
BAUD = 460_800

_CONNECT_ATTEMPTS = 4
_BOOT_LISTEN_S = 2.0

_OPEN_FAILED = "the port is busy or doesn't exist"
"""What esptool says whenever a port cannot be opened, before the reason."""

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


def no_progress(_done: int, _total: int) -> None:
    """Let nobody know."""


class Board:
    """An ESP32-S3 in download mode. Made by `connect`."""

    def __init__(self, port: str, esp: Any) -> None:
        self.port = port
        self._esp = esp

    @property
    def flash_size(self) -> int | None:
        """Bytes of its flash chip, None if that does not say."""
        with explained(self.port):
            text = esptool.detect_flash_size(self._esp)
        return None if text is None else int(flash_size_bytes(text))

    def read(self, offset: int, size: int) -> bytes:
        """Read flash.

        Raises:
            FlashError: the connection broke.
        """
        with explained(self.port):
            return bytes(esptool.read_flash(self._esp, offset, size, no_progress=True))

    def write(self, offset: int, data: bytes, progress: Progress) -> None:
        """Erase and write flash, compressed on the way.

        Args:
            offset: in bytes, at a sector.
            data: any length.
            progress: takes how much is done, and of how much.

        Raises:
            FlashError: the connection broke, or the chip refused.
        """
        with explained(self.port, "what is on the board now is incomplete"), _reporting(progress):
            esptool.write_flash(self._esp, [(offset, data)], compress=True)

    def holds(self, offset: int, data: bytes) -> bool:
        """Whether flash has these bytes there; the chip computes an MD5, the only hash it offers.

        Raises:
            FlashError: the connection broke.
        """
        with explained(self.port):
            found = self._esp.flash_md5sum(offset, len(data))
        return bool(found == hashlib.md5(data, usedforsecurity=False).hexdigest())

    def restart(self) -> None:
        """Start the firmware.

        Over the chip's own USB a reset through RTS keeps the boot pins as they were sampled when the chip entered
        download mode; the watchdog's reset samples them again. A USB bridge's RTS is the chip's reset pin.

        Raises:
            FlashError: the chip is in download mode again.
        """
        over_usb = self._esp.uses_usb_jtag_serial() or self._esp.uses_usb_otg()
        with suppress(FatalError, serial.SerialException, OSError):  # the port may vanish while the chip resets
            esptool.reset_chip(self._esp, "watchdog-reset" if over_usb else "hard-reset")
        self.close()
        if "://" not in self.port:
            self._refuse_download_mode()

    def close(self) -> None:
        """Let go of the port."""
        with suppress(serial.SerialException, OSError):
            self._esp._port.close()

    def _refuse_download_mode(self) -> None:
        """Listen to the ROM's first words, if the port comes back in time."""
        said = b""
        end = time.monotonic() + _BOOT_LISTEN_S
        while time.monotonic() < end:
            try:
                with SerialLine(self.port) as line:
                    while time.monotonic() < end:
                        said += line.read(0.1)
            except DeviceError:
                time.sleep(0.1)
        if b"waiting for download" in said:
            raise FlashError(
                f"{self.port}: everything is written, but the chip waits in download mode: "
                "let go of BOOT and press RESET, or unplug the board and plug it in again"
            )


@contextmanager
def connect(port: str, *, baud: int = BAUD, reset: bool = True, stub: bool = True) -> Iterator[Board]:
    """Put the chip behind a port into download mode and start esptool's flasher stub there.

    Args:
        port: its name.
        baud: speed for the data; USB takes any.
        reset: False for a chip that is in download mode already.
        stub: False to stay with the chip's own loader: slower, for lines that do not carry the stub.

    Raises:
        FlashError: no such port, port in use, nothing answers, or another chip than an ESP32-S3.
    """
    esptool_log()
    with explained(port, connecting=True):
        esp = esptool.detect_chip(
            port, connect_mode="default-reset" if reset else "no-reset", connect_attempts=_CONNECT_ATTEMPTS
        )
    board = Board(port, esp)
    try:
        if esp.CHIP_NAME != CHIP:
            with suppress(FatalError, serial.SerialException, OSError):
                esptool.reset_chip(esp, "hard-reset")
            raise FlashError(f"{port}: an {esp.CHIP_NAME} is there; this model and firmware are for the {CHIP}")
        with explained(port):
            if stub:
                esp = esptool.run_stub(esp)
            if baud != esp.ESP_ROM_BAUD and "://" not in port:
                esp.change_baud(baud)
            esptool.attach_flash(esp)
        board = Board(port, esp)
        yield board
    finally:
        board.close()


@contextmanager
def explained(port: str, consequence: str = "", *, connecting: bool = False) -> Iterator[None]:
    """Turn esptool's and pyserial's exceptions into one line with the advice that helps.

    Args:
        port: its name.
        consequence: what it means for the board.
        connecting: the chip has not answered yet.

    Raises:
        FlashError: instead of theirs.
    """
    try:
        yield
    except (FatalError, serial.SerialException, OSError, *_terminal_errors()) as error:
        tail = f"; {consequence}" if consequence else ""
        raise FlashError(f"{port}: {advise(error, connecting=connecting)}{tail}") from error


def _terminal_errors() -> tuple[type[Exception], ...]:
    """What pyserial lets through besides when a port vanishes, where there are terminals."""
    try:
        import termios
    except ImportError:
        return ()
    return (termios.error,)


def advise(error: Exception, *, connecting: bool = False) -> str:
    """What went wrong and what helps, for one of esptool's or pyserial's exceptions."""
    text = " ".join(str(error).split())
    low = text.lower().replace(_OPEN_FAILED, "")
    if any(hint in low for hint in ("errno 2]", "filenotfounderror", "no such file")):
        return "there is no such port; is the board plugged in, with a cable that carries data?"
    if "permission" in low or "errno 13" in low:
        return "not allowed; on Linux add yourself to the group of the port: sudo usermod -aG dialout $USER"
    if any(hint in low for hint in ("exclusively lock", "errno 11]", "errno 16]", "busy", "accessdenied")):
        return "in use by another program; close the monitor (idf.py monitor: Ctrl-])"
    if "inappropriate ioctl" in low:
        return "that is no serial port"
    silent = any(hint in low for hint in ("failed to connect", "no serial data", "wrong boot mode", "download mode"))
    if silent and connecting:
        return "no answer from the chip; hold BOOT, press and let go of RESET, let go of BOOT, and try again"
    if isinstance(error, FatalError) and not silent:
        return text
    return f"the connection broke ({text}); plug the board in again and repeat the command"


class _EsptoolLog(TemplateLogger):  # type: ignore[misc]  # esptool has no types
    """Keeps esptool's chatter off the screen and passes its progress on."""

    def __init__(self) -> None:
        self.progress: Progress = no_progress

    def print(self, *args: object, **kwargs: object) -> None:
        """Nothing: the tool says what it does itself."""

    def note(self, message: str) -> None:
        """Nothing."""

    def warning(self, message: str) -> None:
        """Nothing: what matters ends in an exception."""

    def error(self, message: str) -> None:
        """Nothing: an exception follows."""

    def stage(self, finish: bool = False) -> None:
        """Nothing."""

    def progress_bar(self, cur_iters: int, total_iters: int, *_: object, **__: object) -> None:
        """Pass it on."""
        self.progress(cur_iters, total_iters)

    def set_verbosity(self, verbosity: str) -> None:
        """Nothing."""


@functools.cache
def esptool_log() -> _EsptoolLog:
    """The logger that esptool has in this process from now on."""
    logger = _EsptoolLog()
    log.set_logger(logger)
    return logger


@contextmanager
def _reporting(progress: Progress) -> Iterator[None]:
    logger = esptool_log()
    before, logger.progress = logger.progress, progress
    try:
        yield
    finally:
        logger.progress = before
