# SPDX-License-Identifier: Apache-2.0
"""A class map in the form of Google's: a CSV of index, machine id and display name, a row for each output."""

import csv
import io
from collections.abc import Sequence

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import MOST_CLASSES

_HEADER = ["index", "mid", "display_name"]
_LARGEST_BYTES = 1 << 20


def read_class_map(data: bytes, count: int | None = None) -> tuple[str, ...]:
    """The display names, in the order of the model's outputs.

    Args:
        data: the CSV file, UTF-8; names with commas are quoted.
        count: how many classes the model has, if that is known.

    Raises:
        ModelError: not such a file, not exactly `count` rows, none or more than 1,024, indices out of order, or an
            empty name.
    """
    if len(data) > _LARGEST_BYTES:
        raise ModelError(f"not a class map: {len(data):,} bytes")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"not a class map: {error}") from None
    if not rows or rows[0] != _HEADER:
        raise ModelError(f"not a class map: its first line is not '{','.join(_HEADER)}'")
    names = []
    for index, row in enumerate(rows[1:]):
        if len(row) != len(_HEADER) or row[0] != str(index) or not _is_name(row[2]):
            raise ModelError(f"damaged class map: row {index + 1} is not class {index} with a machine id and a name")
        names.append(row[2])
    if count is not None and len(names) != count:
        raise ModelError(f"damaged class map: {len(names)} classes, not {count}")
    if not 1 <= len(names) <= MOST_CLASSES:
        raise ModelError(f"damaged class map: {len(names)} classes; a model has 1 to {MOST_CLASSES:,}")
    return tuple(names)


def extended_class_map(data: bytes, names: Sequence[str]) -> bytes:
    """A class map with further classes at its end, whose machine ids are made up from the index.

    Args:
        data: the CSV file to begin with, of any number of classes; empty for none.
        names: of the further ones.
    """
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) or [_HEADER]
    rows += [[str(index), f"/custom/{index}", name] for index, name in enumerate(names, start=len(rows) - 1)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()
