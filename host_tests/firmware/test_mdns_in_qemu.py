# SPDX-License-Identifier: Apache-2.0
"""What the real ESP32-S3 binary tells of itself by mDNS, through the Ethernet of Espressif's QEMU."""

import socket
import struct
import time
from pathlib import Path

import pytest

from firmware_http import LIVE
from firmware_targets import QEMU_DEFAULTS, VIRTUAL_TIME, build, free_port, run_in_qemu

pytestmark = pytest.mark.slow

PTR, TXT, SRV, A = 12, 16, 33, 1
PATIENCE_S = 300


def name_at(message: bytes, at: int) -> tuple[str, int]:
    """A name of RFC 1035, and where it ends."""
    labels = []
    end = 0
    while message[at]:
        if message[at] >= 0xC0:
            end = end or at + 2
            at = (message[at] & 0x3F) << 8 | message[at + 1]
            continue
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), end or at + 1


def records(message: bytes) -> dict[tuple[str, int], bytes]:
    """All records by name and type; of PTR and SRV the name that they point at."""
    questions, *counts = struct.unpack("!4H", message[4:12])
    at = 12
    for _ in range(questions):
        at = name_at(message, at)[1] + 4
    found = {}
    for _ in range(sum(counts)):
        name, at = name_at(message, at)
        kind, _, _, size = struct.unpack("!HHIH", message[at : at + 10])
        data = message[at + 10 : at + 10 + size]
        if kind in (PTR, SRV):
            data = name_at(message, at + 10 + (6 if kind == SRV else 0))[0].encode()
        found[name, kind] = data
        at += 10 + size
    return found


def ask(port: int, name: str, kind: int) -> dict[tuple[str, int], bytes]:
    """What it answers to a question that comes to it alone."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    question = struct.pack("!6H", 0, 0, 1, 0, 0, 0) + labels + struct.pack("!2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(2)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line.sendto(question, ("127.0.0.1", port))
            try:
                return records(line.recv(4096))
            except TimeoutError:
                assert time.monotonic() < deadline, f"no answer to {name}"


def test_it_is_found_by_its_name_and_its_services(hearing_kitchen: Path, tmp_path: Path) -> None:
    app = build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)
    port = free_port()
    network = ("-nic", f"user,model=open_eth,hostfwd=udp:127.0.0.1:{port}-:5353")
    with run_in_qemu(app, hearing_kitchen, tmp_path / "flash.bin", (*VIRTUAL_TIME, *network)) as console:
        hostname = console.ask("info")["network"]["hostname"]
        assert hostname.startswith("yamnet-")
        found = ask(port, "_yamnet._tcp.local", PTR)
        instance = found["_yamnet._tcp.local", PTR].decode()
        assert instance == "YAMNet._yamnet._tcp.local"
        assert found[instance, SRV] == f"{hostname}.local".encode()
        texts = found[instance, TXT]
        told = {}
        while texts:
            key, _, value = texts[1 : 1 + texts[0]].decode().partition("=")
            told[key] = value
            texts = texts[1 + texts[0] :]
        info = console.ask("info")
        assert told["id"].startswith("yamnet-")
        assert len(told["id"]) == 19
        assert (told["name"], told["api"]) == ("YAMNet", "/api/v1")
        assert told["version"] == info["firmware"]["version"]
        assert info["model"]["sha256"].startswith(told["model"])
        assert ask(port, "_http._tcp.local", PTR)["_http._tcp.local", PTR] == b"YAMNet._http._tcp.local"
        assert ask(port, f"{hostname}.local", A)[f"{hostname}.local", A] == bytes([10, 0, 2, 15])
