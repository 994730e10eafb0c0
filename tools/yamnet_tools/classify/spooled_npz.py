# SPDX-License-Identifier: Apache-2.0
"""An .npz whose arrays grow row by row and are never held in memory."""

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.files import naming, replacing

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same arrays give the same file
_COPIED_BYTES = 1 << 20


class Column(NamedTuple):
    """One array: its element type as NumPy writes it, and the shape of one row."""

    descr: str
    row: tuple[int, ...]


class SpooledNpz:
    """Writes an .npz once all rows have come; until then they wait in temporary files beside it.

    Args:
        path: The file to write; its folder is made.
        columns: The arrays, by name.
    """

    def __init__(self, path: Path, columns: Mapping[str, Column]) -> None:
        self._path = path
        self._columns = columns
        path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._spools = {name: stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for name in columns}
            self._opened = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def write(self, rows: Mapping[str, NDArray[np.generic]]) -> None:
        """Take further rows, equally many of each array."""
        with naming(self._path):
            for name, values in rows.items():
                self._spools[name].write(values.astype(self._columns[name].descr).tobytes())

    def store(self, count: int, scalars: Mapping[str, np.generic]) -> None:
        """Write the file: `count` rows of each array, and scalars beside them."""
        with replacing(self._path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, column in self._columns.items():
                spool = self._spools[name]
                spool.seek(0)
                with archive.open(_member(name), "w", force_zip64=True) as member:
                    header = {"descr": column.descr, "fortran_order": False, "shape": (count, *column.row)}
                    np.lib.format.write_array_header_1_0(member, header)
                    shutil.copyfileobj(spool, member, _COPIED_BYTES)
            for name, value in scalars.items():
                with archive.open(_member(name), "w") as member:
                    np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH)
