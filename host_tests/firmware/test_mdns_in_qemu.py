# SPDX-License-Identifier: Apache-2.0
"""What the real ESP32-S3 binary tells of itself by mDNS, through the Ethernet of Espressif's QEMU."""

import re
import struct
import time
from pathlib import Path

import pytest

from firmware_http import LIVE
from firmware_targets import QEMU_DEFAULTS, VIRTUAL_TIME, build, run_in_qemu

pytestmark = pytest.mark.slow

PTR, TXT, SRV, A = 12, 16, 33, 1
IPV4, UDP = b"\x08\x00", 17
TO_EVERYBODY = bytes([224, 0, 0, 251]) + (5353).to_bytes(2, "big") * 2
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


def announced(capture: Path) -> dict[tuple[str, int], bytes]:
    """All records that the chip has sent to everybody, of what QEMU has captured (pcap)."""
    data = capture.read_bytes() if capture.exists() else b""
    found = {}
    at = 24
    while at + 16 <= len(data):
        size = int.from_bytes(data[at + 8 : at + 12], "little")
        frame = data[at + 16 : at + 16 + size]
        at += 16 + size
        if len(frame) == size and frame[12:14] == IPV4 and frame[23] == UDP and frame[30:38] == TO_EVERYBODY:
            found |= records(frame[42:])
    return found


def test_it_is_found_by_its_name_and_its_services(hearing_kitchen: Path, tmp_path: Path) -> None:
    app = build("qemu-live", "esp32s3", QEMU_DEFAULTS, LIVE)
    capture = tmp_path / "network.pcap"
    network = ("-nic", "user,model=open_eth,id=eth", "-object", f"filter-dump,id=dump,netdev=eth,file={capture}")
    with run_in_qemu(app, hearing_kitchen, tmp_path / "flash.bin", (*VIRTUAL_TIME, *network)) as console:
        hostname = console.ask("info")["network"]["hostname"]
        assert hostname.startswith("yamnet-")
        instance = "YAMNet._yamnet._tcp.local"
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(rb"model=[0-9a-f]", texts := (found := announced(capture)).get((instance, TXT), b"")):
            assert time.monotonic() < deadline, found
            time.sleep(1)
        info = console.ask("info")
    told = {}
    while texts:
        key, _, value = texts[1 : 1 + texts[0]].decode().partition("=")
        told[key] = value
        texts = texts[1 + texts[0] :]
    assert told["id"].startswith("yamnet-")
    assert len(told["id"]) == 19
    assert (told["name"], told["api"]) == ("YAMNet", "/api/v1")
    assert told["version"] == info["firmware"]["version"]
    assert info["model"]["sha256"].startswith(told["model"])
    assert found["_yamnet._tcp.local", PTR] == instance.encode()
    assert found["_http._tcp.local", PTR] == b"YAMNet._http._tcp.local"
    assert found[instance, SRV] == f"{hostname}.local".encode()
    assert found[f"{hostname}.local", A] == bytes([10, 0, 2, 15])
