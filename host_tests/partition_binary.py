# SPDX-License-Identifier: Apache-2.0
"""Partition tables as they lie in flash, for devices that tests make up."""

import hashlib
import struct
from collections.abc import Iterable

from yamnet_tools.partition_table import TABLE_BYTES, Partition


def to_binary(partitions: Iterable[Partition]) -> bytes:
    """The table as gen_esp32part.py writes it, without flags."""
    table = b"".join(
        struct.pack("<2sBBLL16sL", b"\xaa\x50", one.type, one.subtype, one.offset, one.size, one.label.encode(), 0)
        for one in partitions
    )
    return (table + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()).ljust(TABLE_BYTES, b"\xff")
