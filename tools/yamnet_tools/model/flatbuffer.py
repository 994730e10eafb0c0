# SPDX-License-Identifier: Apache-2.0
"""Bounds-checked access to the tables of an untrusted FlatBuffer.

The generated accessors trust the offsets they read; here each one is checked before it is followed, as
`flatbuffers::Verifier` does, so arbitrary bytes give a ModelError and never a wrong read or a long loop.
Format: https://flatbuffers.dev/internals (little-endian; offsets are relative to where they are stored).
"""

import struct

import numpy as np
import numpy.typing as npt

from yamnet_tools.errors import ModelError

_UOFFSET = struct.Struct("<I")
_SOFFSET = struct.Struct("<i")
_VOFFSET = struct.Struct("<H")
_VTABLE_HEADER_BYTES = 4  # the vtable's own size and the table's size
_SCALARS = {code: struct.Struct(f"<{code}") for code in "bBhHiIqQfd"}


class Table:
    """One table of a FlatBuffer; fields are addressed by their slot (declaration order in the schema).

    Every method raises ModelError when the bytes do not hold what it is asked for.
    """

    def __init__(self, data: bytes, position: int, what: str) -> None:
        """Check the table at byte `position` of `data`; `what` names it in error messages."""
        self._data = data
        self._position = position
        self.what = what
        soffset = self._unpack(_SOFFSET, position)
        self._vtable = position - soffset
        self._vtable_bytes = self._unpack(_VOFFSET, self._vtable)
        if self._vtable_bytes < _VTABLE_HEADER_BYTES or self._vtable_bytes % 2:
            raise self.damaged("a vtable has an impossible size")
        self._check(self._vtable, self._vtable_bytes)
        self._table_bytes = self._unpack(_VOFFSET, self._vtable + 2)
        self._check(position, self._table_bytes)

    def damaged(self, reason: str) -> ModelError:
        """The error for damage found in this table."""
        return ModelError(f"truncated or damaged TensorFlow Lite file: {reason} ({self.what})")

    def has(self, slot: int) -> bool:
        """Whether the field is present (fields that hold their default are left out)."""
        return self._field_offset(slot, 1) != 0

    def integer(self, slot: int, code: str, default: int = 0) -> int:
        """An integer field; `code` is its `struct` format character."""
        offset = self._field_offset(slot, _SCALARS[code].size)
        return self._unpack(_SCALARS[code], self._position + offset) if offset else default

    def boolean(self, slot: int) -> bool:
        """A bool field whose default is false."""
        return self.integer(slot, "B") != 0

    def text(self, slot: int, longest: int) -> str:
        """A string field of at most `longest` bytes; empty if absent, undecodable bytes replaced."""
        start, count = self._vector(slot, 1)
        if count > longest:
            raise self.damaged(f"a name is {count} bytes long")
        return self._data[start : start + count].decode("utf-8", errors="replace")

    def array(self, slot: int, dtype: npt.DTypeLike, longest: int | None = None) -> npt.NDArray[np.generic] | None:
        """A vector of scalars as a read-only view of the file, shape [n]; None if absent."""
        if not self.has(slot):
            return None
        item = np.dtype(dtype).newbyteorder("<")
        start, count = self._vector(slot, item.itemsize)
        if longest is not None and count > longest:
            raise self.damaged(f"a vector has {count} elements, at most {longest} can be right")
        return np.frombuffer(self._data, item, count, start)

    def table(self, slot: int, what: str) -> "Table | None":
        """A sub-table, None if absent."""
        offset = self._field_offset(slot, _UOFFSET.size)
        return self._follow(self._position + offset, what) if offset else None

    def tables(self, slot: int, most: int, what: str) -> "list[Table]":
        """A vector of at most `most` tables, empty if absent."""
        start, count = self._vector(slot, _UOFFSET.size)
        if count > most:
            raise self.damaged(f"{count} entries of kind '{what}', at most {most} are read")
        return [self._follow(start + _UOFFSET.size * index, f"{what} {index}") for index in range(count)]

    def _follow(self, at: int, what: str) -> "Table":
        return Table(self._data, at + self._unpack(_UOFFSET, at), what)

    def _vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        """Byte position of the first element and number of elements."""
        offset = self._field_offset(slot, _UOFFSET.size)
        if not offset:
            return 0, 0
        at = self._position + offset
        vector = at + self._unpack(_UOFFSET, at)
        count = self._unpack(_UOFFSET, vector)
        self._check(vector + _UOFFSET.size, count * item_bytes)
        return vector + _UOFFSET.size, count

    def _field_offset(self, slot: int, field_bytes: int) -> int:
        """Byte offset of a field inside the table, 0 if absent."""
        at = _VTABLE_HEADER_BYTES + _VOFFSET.size * slot
        if at + _VOFFSET.size > self._vtable_bytes:
            return 0
        offset = self._unpack(_VOFFSET, self._vtable + at)
        if offset and offset + field_bytes > self._table_bytes:
            raise self.damaged("a field lies outside its table")
        return offset

    def _unpack(self, scalar: struct.Struct, position: int) -> int:
        self._check(position, scalar.size)
        value: int = scalar.unpack_from(self._data, position)[0]
        return value

    def _check(self, start: int, size: int) -> None:
        if start < 0 or start + size > len(self._data):
            raise self.damaged(f"it points {max(start + size - len(self._data), -start)} bytes outside the file")


def root(data: bytes, what: str) -> Table:
    """The root table of a FlatBuffer of at least 4 bytes.

    Raises:
        ModelError: its root offset points nowhere.
    """
    return Table(data, _UOFFSET.unpack_from(data)[0], what)
