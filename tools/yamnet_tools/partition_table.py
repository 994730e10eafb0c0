# SPDX-License-Identifier: Apache-2.0
"""ESP-IDF partition tables: partitions.csv as people write it, and the binary table in flash.

Both as ESP-IDF v5.5's gen_esp32part.py defines them. The binary table lies at 0x8000: 32 bytes an entry, an MD5 of the
entries, then 0xff.
"""

import codecs
import hashlib
import os
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.errors import PartitionError

TABLE_OFFSET = 0x8000
"""Where the table lies in flash by default (CONFIG_PARTITION_TABLE_OFFSET), in bytes."""

BOOTLOADER_OFFSET = 0
"""Where the ESP32-S3's ROM looks for the bootloader, in bytes."""

TABLE_SECTOR_BYTES = 0x1000
"""The flash sector that the table occupies."""

TABLE_BYTES = 0xC00
"""The table itself; the rest of its sector is for a signature."""

APP, DATA, BOOTLOADER, TABLE = 0, 1, 2, 3

TYPES: Mapping[str, int] = {"app": APP, "data": DATA, "bootloader": BOOTLOADER, "partition_table": TABLE}

SUBTYPES: Mapping[int, Mapping[str, int]] = {
    APP: {
        "factory": 0x00,
        "test": 0x20,
        **{f"ota_{slot}": 0x10 + slot for slot in range(16)},
        **{f"tee_{slot}": 0x30 + slot for slot in range(2)},
    },
    DATA: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
        "tee_ota": 0x90,
    },
    BOOTLOADER: {"primary": 0x00, "ota": 0x01, "recovery": 0x02},
    TABLE: {"primary": 0x00, "ota": 0x01},
}

_FLAGS = {"encrypted": 1, "readonly": 2}

_ENTRY = struct.Struct("<2sBBLL16sL")
_ENTRY_MAGIC = b"\xaa\x50"
_MD5_MARK = b"\xeb\xeb" + b"\xff" * 14
_END_MARK = b"\xff" * _ENTRY.size
_LABEL_BYTES = 16
_OTADATA_BYTES = 0x2000
_WRITABLE_NVS_BYTES = 0x3000
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Partition:
    """One entry; offset and size in bytes. Flash keeps the first 16 bytes of a label."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int
    encrypted: bool = False
    readonly: bool = False

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.size

    @property
    def type_name(self) -> str:
        """`data/spiffs`, numbers where there are no names."""
        kind = next((name for name, value in TYPES.items() if value == self.type), f"0x{self.type:02x}")
        names = SUBTYPES.get(self.type, {})
        return f"{kind}/{next((n for n, v in names.items() if v == self.subtype), f'0x{self.subtype:02x}')}"

    def __str__(self) -> str:
        return f"{self.label!r} ({self.type_name}) at 0x{self.offset:x}, {self.size:,} bytes"


def read_csv(
    path: Path,
    *,
    table_offset: int = TABLE_OFFSET,
    bootloader_offset: int = BOOTLOADER_OFFSET,
    recovery_offset: int | None = None,
) -> list[Partition]:
    """Read a partitions.csv in any encoding that a byte order mark names, UTF-8 otherwise.

    Raises:
        PartitionError: a line is wrong, named with its number, or the partitions do not go together.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise PartitionError(f"{path}: not text in {encoding}: {error}") from error
    try:
        return parse_csv(
            text,
            table_offset=table_offset,
            bootloader_offset=bootloader_offset,
            recovery_offset=recovery_offset,
        )
    except PartitionError as error:
        raise PartitionError(f"{path}: {error}") from error


def parse_csv(
    text: str,
    *,
    table_offset: int = TABLE_OFFSET,
    bootloader_offset: int = BOOTLOADER_OFFSET,
    recovery_offset: int | None = None,
) -> list[Partition]:
    """Parse the text of a partitions.csv and place the partitions that have no offset.

    Args:
        text: lines `label, type, subtype, offset, size, flags`; `#` starts a comment line, `$NAME` is a variable of the
            environment, numbers are as in Python with suffixes K and M, a negative size is the address of the end.
        table_offset: where the partition table lies, in bytes.
        bootloader_offset: where the bootloader lies, for tables that list it.
        recovery_offset: where the recovery bootloader lies, for tables that list one.

    Raises:
        PartitionError: a line is wrong, named with its number, or the partitions do not go together.
    """
    fixed = {
        (BOOTLOADER, SUBTYPES[BOOTLOADER]["primary"]): bootloader_offset,
        (BOOTLOADER, SUBTYPES[BOOTLOADER]["recovery"]): recovery_offset,
        (TABLE, SUBTYPES[TABLE]["primary"]): table_offset,
    }
    own_sizes = {BOOTLOADER: table_offset - bootloader_offset, TABLE: TABLE_SECTOR_BYTES}
    partitions: list[Partition] = []
    free = table_offset + TABLE_SECTOR_BYTES
    for number, raw_line in enumerate(text.splitlines(), start=1):
        try:
            line = _expand_variables(raw_line).strip()
            if not line or line.startswith("#"):
                continue
            partition = _parse_row(line, free, fixed, own_sizes)
            if not _is_primary(partition.type, partition.subtype):
                if partition.offset < free:
                    before = f"{partitions[-1].label!r}" if partitions else "the partition table"
                    raise PartitionError(
                        f"{partition.label!r} starts at 0x{partition.offset:x}, but {before} ends at 0x{free:x}"
                    )
                free = partition.end
        except PartitionError as error:
            raise PartitionError(f"line {number}: {error}") from error
        partitions.append(partition)
    verify(partitions, table_offset=table_offset)
    return partitions


def parse_binary(data: bytes) -> list[Partition]:
    """Parse the table as it lies in flash; what follows its end mark is ignored.

    Raises:
        PartitionError: an entry is damaged, the MD5 is wrong, or the end mark is missing.
    """
    partitions: list[Partition] = []
    digest = hashlib.md5(usedforsecurity=False)
    for start in range(0, len(data), _ENTRY.size):
        entry = data[start : start + _ENTRY.size]
        if len(entry) != _ENTRY.size:
            raise PartitionError(f"the partition table breaks off in entry {len(partitions)}")
        if entry == _END_MARK:
            return partitions
        if entry[:2] == _MD5_MARK[:2]:
            if entry[16:] != digest.digest():
                raise PartitionError("the partition table's MD5 does not match its entries")
            continue
        digest.update(entry)
        partitions.append(_parse_entry(entry, len(partitions)))
    raise PartitionError("the partition table has no end mark")


def to_binary(partitions: Iterable[Partition]) -> bytes:
    """The table as it lies in flash: TABLE_BYTES with MD5 and end mark, as gen_esp32part.py writes it.

    Raises:
        PartitionError: there are too many, or a value does not fit its field.
    """
    table = b"".join(_entry(partition) for partition in partitions)
    table += _MD5_MARK + hashlib.md5(table, usedforsecurity=False).digest()
    if len(table) >= TABLE_BYTES:
        raise PartitionError(f"the partition table has {len(table)} bytes, there is room for {TABLE_BYTES}")
    return table.ljust(TABLE_BYTES, b"\xff")


def find(partitions: Iterable[Partition], label: str) -> Partition:
    """The partition of that label.

    Raises:
        PartitionError: there is none; the text names those there are.
    """
    there = list(partitions)
    for partition in there:
        if partition.label.encode()[:_LABEL_BYTES] == label.encode()[:_LABEL_BYTES]:
            return partition
    labels = ", ".join(partition.label for partition in there) or "none"
    raise PartitionError(f"no partition {label!r} in the table; there are: {labels}")


def verify(partitions: list[Partition], *, table_offset: int = TABLE_OFFSET) -> None:
    """Refuse what gen_esp32part.py refuses: misplaced, overlapping, doubled or impossible partitions.

    Raises:
        PartitionError: naming the partition.
    """
    for partition in partitions:
        _verify_one(partition)
    labels = [partition.label for partition in partitions]
    for label in labels:
        if labels.count(label) > 1:
            raise PartitionError(f"two partitions have the label {label!r}")
    before: Partition | None = None
    for partition in sorted(partitions, key=lambda one: one.offset):
        lowest = table_offset + TABLE_SECTOR_BYTES
        if partition.offset < lowest and not _is_primary(partition.type, partition.subtype):
            raise PartitionError(f"{partition} lies before 0x{lowest:x}, the end of the partition table")
        if before is not None and partition.offset < before.end:
            raise PartitionError(f"{partition} overlaps {before}")
        before = partition
    for name in ("ota", "tee_ota"):
        states = [p for p in partitions if (p.type, p.subtype) == (DATA, SUBTYPES[DATA][name])]
        if len(states) > 1:
            raise PartitionError(f"there are {len(states)} partitions of type data/{name}, one is possible")
        if states and states[0].size != _OTADATA_BYTES:
            raise PartitionError(f"{states[0]} must have {_OTADATA_BYTES:,} bytes")


def _verify_one(partition: Partition) -> None:
    alignment = _offset_alignment(partition.type)
    if partition.offset % alignment:
        raise PartitionError(f"{partition} does not start at a multiple of 0x{alignment:x}")
    if partition.type == APP and partition.size % 0x1000:
        raise PartitionError(f"{partition} is no whole number of flash sectors of 0x1000 bytes")
    if partition.type == DATA and partition.readonly and partition.subtype in (0x00, 0x03):
        raise PartitionError(f"{partition} is always written to and cannot be readonly")
    if (
        (partition.type, partition.subtype) == (DATA, SUBTYPES[DATA]["nvs"])
        and partition.size < _WRITABLE_NVS_BYTES
        and not partition.readonly
    ):
        raise PartitionError(f"{partition} needs {_WRITABLE_NVS_BYTES:,} bytes, or the flag readonly")


def _offset_alignment(kind: int) -> int:
    return 0x10000 if kind == APP else 0x1000


def _is_primary(kind: int, subtype: int) -> bool:
    return kind in (BOOTLOADER, TABLE) and subtype == 0


def _parse_row(
    line: str, free: int, fixed: Mapping[tuple[int, int], int | None], own_sizes: Mapping[int, int]
) -> Partition:
    """Parse one line.

    Args:
        line: without comment or surrounding space.
        free: the first byte after the partition before.
        fixed: by type and subtype, offsets that the line has no say in (None: unknown).
        own_sizes: by type, sizes that the line has no say in.
    """
    label, kind_text, subtype_text, offset_text, size_text, flags_text = [
        field.strip() for field in (line + ",,,,,").split(",")[:6]
    ]
    if not kind_text:
        raise PartitionError(f"{label!r} has no type")
    kind = _number(kind_text, TYPES)
    if not subtype_text and kind == APP:
        raise PartitionError(f"{label!r} is an app and has no subtype")
    subtype = _number(subtype_text, SUBTYPES.get(kind, {})) if subtype_text else SUBTYPES[DATA]["undefined"]
    if (kind, subtype) in fixed:
        known = fixed[kind, subtype]
        if known is None:
            raise PartitionError(f"{label!r} is a recovery bootloader, and nobody said where it lies")
        offset = known
    elif offset_text:
        offset = _number(offset_text)
    else:
        alignment = _offset_alignment(kind)
        offset = -(-free // alignment) * alignment
    if kind in own_sizes:
        size = own_sizes[kind]
    elif size_text:
        size = _number(size_text)
    else:
        raise PartitionError(f"{label!r} has no size")
    if size < 0:  # the address of its end
        size = -size - offset
    flags = list(filter(None, flags_text.split(":")))
    for flag in flags:
        if flag not in _FLAGS:
            raise PartitionError(f"{label!r} has an unknown flag {flag!r}; there are: {', '.join(_FLAGS)}")
    partition = Partition(label, kind, subtype, offset, size, "encrypted" in flags, "readonly" in flags)
    _entry(partition)  # refuses what no table can hold
    return partition


def _expand_variables(line: str) -> str:
    expanded = os.path.expandvars(line)
    if unknown := re.match(r"(?<!\\)\$([A-Za-z_][A-Za-z0-9_]*)", expanded):
        raise PartitionError(f"no variable {unknown.group(1)!r} in the environment")
    return expanded


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    suffix = {"k": 1024, "m": 1024 * 1024}.get(text[-1:].lower())
    try:
        if suffix is not None:
            return _number(text[:-1], names) * suffix
        return int(text, 0)
    except (ValueError, PartitionError):
        if not names:
            raise PartitionError(f"{text!r} is no number") from None
    if text.lower() in names:
        return names[text.lower()]
    raise PartitionError(f"{text!r} is neither a number nor one of: {', '.join(names)}")


def _entry(partition: Partition) -> bytes:
    label = partition.label.encode()[:_LABEL_BYTES]
    flags = partition.encrypted * _FLAGS["encrypted"] + partition.readonly * _FLAGS["readonly"]
    try:
        return _ENTRY.pack(
            _ENTRY_MAGIC, partition.type, partition.subtype, partition.offset, partition.size, label, flags
        )
    except struct.error:
        raise PartitionError(
            f"{partition.label!r} has a value that is out of range: type {partition.type}, subtype "
            f"{partition.subtype}, offset {partition.offset}, size {partition.size}"
        ) from None


def _parse_entry(entry: bytes, number: int) -> Partition:
    magic, kind, subtype, offset, size, label, flags = _ENTRY.unpack(entry)
    if magic != _ENTRY_MAGIC:
        raise PartitionError(f"entry {number} of the partition table starts with {magic.hex()}, not aa50")
    text = label.split(b"\0")[0].decode(errors="backslashreplace")
    return Partition(text, kind, subtype, offset, size, bool(flags & 1), bool(flags & 2))
