# SPDX-License-Identifier: Apache-2.0
"""ESP-IDF partition tables: partitions.csv as people write it, and the binary table in flash.

The CSV is what ESP-IDF v5.5's documentation says of it (api-guides/partition-tables), and each partition lies where its
gen_esp32part.py puts it; what else that refuses is left to `idf.py build`. The binary table lies at 0x8000: 32 bytes
an entry, an MD5 of the entries, then 0xff.
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.errors import PartitionError, UnknownPartitionError

TABLE_OFFSET = 0x8000
"""Where the table lies in flash by default (CONFIG_PARTITION_TABLE_OFFSET), in bytes."""

TABLE_BYTES = 0xC00
"""The table itself; the rest of its sector is for a signature."""

_SECTOR_BYTES = 0x1000
_APP_ALIGNMENT = 0x10000

_APP, _DATA, _BOOTLOADER, _TABLE = 0, 1, 2, 3

_TYPES: Mapping[str, int] = {"app": _APP, "data": _DATA, "bootloader": _BOOTLOADER, "partition_table": _TABLE}

_SUBTYPES: Mapping[int, Mapping[str, int]] = {
    _APP: {"factory": 0x00, "test": 0x20, **{f"ota_{slot}": 0x10 + slot for slot in range(16)}},
    _DATA: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
    },
    _BOOTLOADER: {"primary": 0x00, "ota": 0x01, "recovery": 0x02},
    _TABLE: {"primary": 0x00, "ota": 0x01},
}

_PRIMARY_OFFSETS = {_BOOTLOADER: 0, _TABLE: TABLE_OFFSET}
_OWN_SIZES = {_BOOTLOADER: TABLE_OFFSET, _TABLE: _SECTOR_BYTES}  # whatever a table says

_ENTRY = struct.Struct("<2sBBLL16sL")
_ENTRY_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb"
_END_MARK = b"\xff" * _ENTRY.size
_LABEL_BYTES = 16
_MOST = {"type": 0xFE, "subtype": 0xFE, "offset": 0xFFFFFFFF, "size": 0xFFFFFFFF}


@dataclass(frozen=True)
class Partition:
    """One entry, without its flags; offset and size in bytes. A label has at most 16 bytes."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.size

    @property
    def type_name(self) -> str:
        """`data/spiffs`, numbers where there are no names."""
        return f"{_name(_TYPES, self.type)}/{_name(_SUBTYPES.get(self.type, {}), self.subtype)}"

    def __str__(self) -> str:
        return f"{self.label!r} ({self.type_name}) at 0x{self.offset:x}, {self.size:,} bytes"


def read_csv(path: Path) -> list[Partition]:
    """Read a partitions.csv.

    Raises:
        PartitionError: not UTF-8, or a line is wrong, named with its number.
        OSError: the file cannot be read.
    """
    try:
        return parse_csv(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PartitionError(f"{path}: not text in UTF-8: {error}") from error
    except PartitionError as error:
        raise PartitionError(f"{path}: {error}") from error


def parse_csv(text: str) -> list[Partition]:
    """Parse the text of a partitions.csv and place the partitions that have no offset.

    Args:
        text: lines `label, type, subtype, offset, size, flags`; `#` starts a comment line, sizes and offsets may have
            the suffixes K and M. Flags are passed over.

    Raises:
        PartitionError: a line is wrong, named with its number, or two partitions have one label.
    """
    partitions: list[Partition] = []
    before, free = "the partition table", TABLE_OFFSET + _SECTOR_BYTES
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.strip().startswith("#"):
            continue
        try:
            partition = _parse_row(line, free)
            if any(partition.label == other.label for other in partitions):
                raise PartitionError(f"two partitions have the label {partition.label!r}")
            if not _is_primary(partition.type, partition.subtype):
                if partition.offset < free:
                    raise PartitionError(
                        f"{partition.label!r} starts at 0x{partition.offset:x}, but {before} ends at 0x{free:x}"
                    )
                before, free = repr(partition.label), partition.end
        except PartitionError as error:
            raise PartitionError(f"line {number}: {error}") from error
        partitions.append(partition)
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
        if entry.startswith(_MD5_MAGIC):
            if entry[16:] != digest.digest():
                raise PartitionError("the partition table's MD5 does not match its entries")
            continue
        digest.update(entry)
        partitions.append(_parse_entry(entry, len(partitions)))
    raise PartitionError("the partition table has no end mark")


def find(partitions: Iterable[Partition], label: str) -> Partition:
    """The partition of that label.

    Raises:
        UnknownPartitionError: there is none; the text names those there are.
    """
    there = list(partitions)
    for partition in there:
        if partition.label == _shortened(label):
            return partition
    labels = ", ".join(partition.label for partition in there) or "none"
    raise UnknownPartitionError(f"no partition {label!r} in the table; there are: {labels}")


def _parse_row(line: str, free: int) -> Partition:
    """Parse one line; `free` is the first byte after the partition before."""
    label, kind_text, subtype_text, offset_text, size_text = [text.strip() for text in (line + ",,,,").split(",")[:5]]
    if not kind_text:
        raise PartitionError(f"{label!r} has no type")
    kind = _number(kind_text, _TYPES)
    if not subtype_text and kind == _APP:
        raise PartitionError(f"{label!r} is an app and has no subtype")
    names = _SUBTYPES.get(kind, {})
    subtype = _number(subtype_text, names) if subtype_text else _SUBTYPES[_DATA]["undefined"]
    if (kind, subtype) == (_BOOTLOADER, names.get("recovery")):
        raise PartitionError(
            f"{label!r} is a recovery bootloader: its place is in an eFuse, which nobody can read here"
        )
    alignment = _APP_ALIGNMENT if kind == _APP else _SECTOR_BYTES
    if _is_primary(kind, subtype):
        offset = _PRIMARY_OFFSETS[kind]
    else:
        offset = _number(offset_text) if offset_text else -(-free // alignment) * alignment
    if kind not in _OWN_SIZES and not size_text:
        raise PartitionError(f"{label!r} has no size")
    size = _OWN_SIZES[kind] if kind in _OWN_SIZES else _number(size_text)
    for field, value in {"type": kind, "subtype": subtype, "offset": offset, "size": size}.items():
        if not 0 <= value <= _MOST[field]:
            raise PartitionError(f"{label!r} has a value that is out of range: {field} {value}")
    if offset % alignment:
        raise PartitionError(f"{label!r} starts at 0x{offset:x}, which is no multiple of 0x{alignment:x}")
    return Partition(_shortened(label), kind, subtype, offset, size)


def _is_primary(kind: int, subtype: int) -> bool:
    return kind in _PRIMARY_OFFSETS and subtype == 0


def _shortened(label: str) -> str:
    """What flash keeps of a label."""
    return _text(label.encode()[:_LABEL_BYTES])


def _text(label: bytes) -> str:
    return label.split(b"\0")[0].decode(errors="ignore")  # a letter cut in two is dropped


def _name(names: Mapping[str, int], value: int) -> str:
    return next((name for name, known in names.items() if known == value), f"0x{value:02x}")


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    factor = {"k": 1024, "m": 1024 * 1024}.get(text[-1:].lower(), 1)
    if names and text.lower() in names:
        return names[text.lower()]
    try:
        return int(text if factor == 1 else text[:-1], 0) * factor
    except ValueError:
        what = f"neither a number nor one of: {', '.join(names)}" if names else "no number"
        raise PartitionError(f"{text!r} is {what}") from None


def _parse_entry(entry: bytes, number: int) -> Partition:
    magic, kind, subtype, offset, size, label, _flags = _ENTRY.unpack(entry)
    if magic != _ENTRY_MAGIC:
        raise PartitionError(f"entry {number} of the partition table starts with {magic.hex()}, not aa50")
    return Partition(_text(label), kind, subtype, offset, size)
