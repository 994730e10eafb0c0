# SPDX-License-Identifier: Apache-2.0
"""Makes time_zones.tsv of the IANA time zone database, as the PyPI package tzdata has it: make_time_zones.py OUT.

A line is a rule as POSIX writes it (TZ, IEEE Std 1003.1, section 8.3), a tab, and the zones that keep it from now on.
"""

import sys
from collections import defaultdict
from importlib import resources
from pathlib import Path


def table() -> str:
    """The table's text."""
    data = resources.files("tzdata")
    names = sorted((data / "zones").read_text().split())
    zones = defaultdict(list)
    for name in names:
        file = (data / "zoneinfo").joinpath(*name.split("/")).read_bytes()
        zones[file.rstrip(b"\n").rpartition(b"\n")[2].decode()].append(name)  # a TZif file's footer (RFC 9636, 3.3)
    return "".join(f"{rule}\t{' '.join(zones[rule])}\n" for rule in sorted(zones))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table())
