# SPDX-License-Identifier: Apache-2.0
"""Keeps what is slow to make, as long as all that it was made from is the same."""

import json
from collections.abc import Callable
from pathlib import Path

from yamnet_tools.files import write_bytes
from yamnet_tools.quantise.programs import programs_digest

RECORD_NAME = "made_from.json"


def made_once(folder: Path, product: Path, settings: dict[str, object], make: Callable[[], object]) -> bool:
    """Call `make`, unless `product` is in the folder from an earlier call with equal settings and equal programs.

    Returns:
        Whether it was made now.
    """
    record = folder / RECORD_NAME
    wanted = (json.dumps({**settings, "programs": programs_digest()}, indent=2, sort_keys=True) + "\n").encode()
    if product.is_file() and record.is_file() and record.read_bytes() == wanted:
        return False
    record.unlink(missing_ok=True)
    make()
    write_bytes(record, wanted)
    return True
