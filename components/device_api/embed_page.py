# SPDX-License-Identifier: Apache-2.0
"""Packs the page's files into a C++ list: embed_page.py FOLDER OUT. Part of the build; needs nothing but Python."""

import gzip
import hashlib
import re
import sys
from pathlib import Path

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


COMMENT = re.compile(rb"^[ ]*(?://|/[*][*]|[*](?= |/|$)).*\n", re.MULTILINE)
"""A line of JavaScript that is for people only."""


def content(file: Path) -> bytes:
    """What a browser is given of a file."""
    data = file.read_bytes()
    return COMMENT.sub(b"", data) if file.suffix == ".js" else data


def entry(file: Path) -> str:
    """A file as an initializer of PageFile."""
    data = gzip.compress(content(file), 9, mtime=0)
    tag = hashlib.sha256(data).hexdigest()[:16]
    literal = "".join(f"\\{byte:03o}" for byte in data)
    return f'{{"{file.name}", "{TYPES[file.suffix]}", "\\"{tag}\\"", std::string_view("{literal}", {len(data)})}},\n'


def main(folder: Path, out: Path) -> None:
    """Write the list of all files in a folder."""
    unknown = [file.name for file in folder.iterdir() if file.suffix not in TYPES]
    if unknown:
        sys.exit(f"{folder}: of {unknown[0]} nobody knows what kind of file it is: add it to TYPES")
    out.write_text("".join(entry(file) for file in sorted(folder.iterdir())))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
