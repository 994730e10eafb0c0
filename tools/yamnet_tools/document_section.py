# SPDX-License-Identifier: Apache-2.0
"""Sections of a document that a tool writes: between two marks, and nothing else is touched."""

from pathlib import Path

from yamnet_tools.files import write_bytes


def insert_section(document: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands between two marks, or add it and them at the end.

    Raises:
        OSError: the document cannot be read or written.
    """
    before = document.read_text(encoding="utf-8") if document.is_file() else "# Accuracy\n"
    section = f"{begin}\n\n{text.strip()}\n\n{end}"
    if begin in before and end in before:
        head, rest = before.split(begin, 1)
        after = head + section + rest.split(end, 1)[1]
    else:
        after = f"{before.rstrip()}\n\n{section}\n"
    write_bytes(document, after.encode())
