# SPDX-License-Identifier: Apache-2.0
"""A chip in download mode at the end of a pseudo-terminal: esptool talks to it as to a board.

The protocol: https://docs.espressif.com/projects/esptool/en/latest/esp32s3/advanced-topics/serial-protocol.html
"""

import hashlib
import os
import select
import struct
import threading
import tty
import zlib

CHIP_IDS = {"ESP32-S3": 9, "ESP32-C3": 5}

_SPI_USR2 = 0x60002020
_SPI_CMD = 0x60002000
_SPI_W0 = 0x60002058
_READ_ID, _READ_SFDP = 0x9F, 0x5A
_SECTOR = 4096


class FakeChip:
    """Flash is `flash`; what was asked of it is in `commands`.

    Args:
        flash: its content at the start.
        chip: which one it is.
        unplug_after: bytes of flash written before the cable is pulled.
        corrupt_at: a byte of flash that cannot be written right.
        silent: it never answers, as a chip that is not in download mode.
    """

    def __init__(
        self,
        flash: bytes,
        *,
        chip: str = "ESP32-S3",
        unplug_after: int | None = None,
        corrupt_at: int | None = None,
        silent: bool = False,
        size_code: int = 0x18,
    ) -> None:
        self.flash = bytearray(flash)
        self.commands: list[int] = []
        self.written: list[tuple[int, int]] = []
        self._chip_id = CHIP_IDS[chip]
        self._unplug_after = unplug_after
        self._corrupt_at = corrupt_at
        self._silent = silent
        self._flash_id = size_code << 16 | 0x40EF
        self._registers: dict[int, int] = {}
        self._stub = False
        self._buffer = b""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        self._unplug()

    def _unplug(self) -> None:
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self._slave = -1

    def _run(self) -> None:
        while not self._stop.is_set() and self._master >= 0:
            packet = self._read_packet(0.05)
            if packet is not None and len(packet) >= 8 and packet[0] == 0 and not self._silent:
                self._serve(packet[1], packet[8:])

    def _read_packet(self, timeout_s: float) -> bytes | None:
        while self._buffer.count(b"\xc0") < 2:
            if not select.select([self._master], [], [], timeout_s)[0]:
                return None
            self._buffer += os.read(self._master, 1 << 16)
        _, packet, self._buffer = self._buffer.split(b"\xc0", 2)
        if not packet:  # the end of one packet and the start of the next
            self._buffer = b"\xc0" + self._buffer
            return None
        return packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")

    def _send(self, packet: bytes) -> None:
        data = b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
        while data:
            data = data[os.write(self._master, data[:1024]) :]

    def _answer(self, command: int, data: bytes = b"", value: int = 0) -> None:
        data += bytes(2 if self._stub else 4)
        self._send(struct.pack("<BBHI", 1, command, len(data), value) + data)

    def _serve(self, command: int, data: bytes) -> None:
        self.commands.append(command)
        match command:
            case 0x08:  # SYNC
                for _ in range(8):
                    self._answer(command, value=0x20120707)
            case 0x14:  # GET_SECURITY_INFO
                self._answer(command, struct.pack("<I8BII", 0, *bytes(8), self._chip_id, 0))
            case 0x09:  # WRITE_REG
                address, value = struct.unpack_from("<II", data)
                self._registers[address] = value
                self._answer(command)
            case 0x0A:  # READ_REG
                self._answer(command, value=self._register(*struct.unpack("<I", data)))
            case 0x06:  # MEM_END: the stub starts
                self._answer(command)
                self._stub = True
                self._send(b"OHAI")
            case 0x10:  # FLASH_DEFL_BEGIN
                size, _, _, self._at = struct.unpack_from("<IIII", data)
                self.written.append((self._at, size))
                end = -(-(self._at + size) // _SECTOR) * _SECTOR
                self.flash[self._at : end] = b"\xff" * (end - self._at)
                self._inflate = zlib.decompressobj()
                self._answer(command)
            case 0x11:  # FLASH_DEFL_DATA
                self._write(self._inflate.decompress(data[16:]))
                if self._master >= 0:
                    self._answer(command)
            case 0x13:  # SPI_FLASH_MD5
                address, size = struct.unpack_from("<II", data)
                digest = hashlib.md5(self.flash[address : address + size])
                self._answer(command, digest.digest() if self._stub else digest.hexdigest().encode())
            case 0xD2:  # READ_FLASH, of the stub
                self._answer(command)
                self._stream(*struct.unpack_from("<II", data))
            case _:
                self._answer(command)

    def _register(self, address: int) -> int:
        if address == _SPI_CMD:
            return 0
        if address == _SPI_W0:
            opcode = self._registers.get(_SPI_USR2, 0) & 0xFF
            return {_READ_ID: self._flash_id, _READ_SFDP: 0x50444653}.get(opcode, 0)
        return self._registers.get(address, 0)

    def _write(self, data: bytes) -> None:
        self.flash[self._at : self._at + len(data)] = data
        if self._corrupt_at is not None and self._at <= self._corrupt_at < self._at + len(data):
            self.flash[self._corrupt_at] ^= 0x01
        self._at += len(data)
        if self._unplug_after is not None and self._at - self.written[-1][0] > self._unplug_after:
            self._unplug()

    def _stream(self, offset: int, size: int) -> None:
        sent = bytes(self.flash[offset : offset + size])
        for start in range(0, size, _SECTOR):
            self._send(sent[start : start + _SECTOR])
            while self._read_packet(1.0) is None:
                pass
        self._send(hashlib.md5(sent).digest())
