# SPDX-License-Identifier: Apache-2.0
"""Work that several test processes need (pytest -n): done by the one that comes first, awaited by the others."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def common_folder(tmp_path_factory: pytest.TempPathFactory, config: pytest.Config) -> Path:
    """The temporary folder that all processes of a run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base  # pytest-xdist gives each process a folder below it


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold what is made in `folder` against other processes. It need not exist yet."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
