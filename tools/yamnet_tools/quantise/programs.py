# SPDX-License-Identifier: Apache-2.0
"""Which programs make a model, so that results of earlier ones are not taken for theirs."""

import hashlib
from pathlib import Path

import yamnet_tools

_SOURCES = ("model", "quantise")
"""Folders of the package that decide what a model becomes."""


def programs_digest() -> str:
    """SHA-256 over the programs' text, hexadecimal."""
    package = Path(yamnet_tools.__file__).parent
    digest = hashlib.sha256()
    for name in _SOURCES:
        for path in sorted((package / name).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
