# SPDX-License-Identifier: Apache-2.0
"""Keeps what is slow to make, as long as all that it was made from is the same."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import yamnet_tools
from yamnet_tools.files import write_bytes

RECORD_NAME = "made_from.json"
_SOURCES = ("model", "quantise")
"""Folders of the package that decide what a model becomes."""


def made_once(folder: Path, product: Path, settings: dict[str, object], make: Callable[[], object]) -> bool:
    """Call `make`, unless `product` is in the folder from an earlier call with equal settings and equal programs.

    Returns:
        Whether it was made now.
    """
    record = folder / RECORD_NAME
    wanted = (json.dumps({**settings, "programs": _digest()}, indent=2, sort_keys=True) + "\n").encode()
    if product.is_file() and record.is_file() and record.read_bytes() == wanted:
        return False
    record.unlink(missing_ok=True)
    make()
    write_bytes(record, wanted)
    return True


def _digest() -> str:
    """SHA-256 over the programs' text."""
    package = Path(yamnet_tools.__file__).parent
    digest = hashlib.sha256()
    for name in _SOURCES:
        for path in sorted((package / name).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
