# SPDX-License-Identifier: Apache-2.0
"""Google's class map: a CSV of index, AudioSet machine id and display name, one row for each output of the model."""

import csv
import io

from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import CLASS_COUNT

_HEADER = ["index", "mid", "display_name"]
_LARGEST_BYTES = 1 << 20


def read_class_map(data: bytes, count: int = CLASS_COUNT) -> tuple[str, ...]:
    """The display names, in the order of the model's outputs.

    Args:
        data: the CSV file, UTF-8; names with commas are quoted.
        count: how many classes the model has.

    Raises:
        ModelError: not such a file, not exactly `count` rows, indices out of order, or an empty name.
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
    if len(names) != count:
        raise ModelError(f"damaged class map: {len(names)} classes, not {count}")
    return tuple(names)


def _is_name(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()
