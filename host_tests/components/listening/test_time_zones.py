# SPDX-License-Identifier: Apache-2.0
"""The table of time zones against the database it was made from."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

LISTENING = Path(__file__).parents[3] / "components" / "listening"
MADE_FROM = "2026.3"


def test_the_table_is_what_its_maker_makes() -> None:
    if version("tzdata") != MADE_FROM:
        pytest.skip(f"the table was made from tzdata {MADE_FROM}: pip install tzdata=={MADE_FROM}")
    spec = importlib.util.spec_from_file_location("make_time_zones", LISTENING / "make_time_zones.py")
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert (LISTENING / "time_zones.tsv").read_text() == maker.table()
