# SPDX-License-Identifier: Apache-2.0
"""The table of time zones against the database it was made from."""

from importlib.metadata import version

import pytest

from component_script import load
from yamnet_tools.paths import CHECKOUT

MADE_FROM = "2026.3"


def test_the_table_is_what_its_maker_makes() -> None:
    if version("tzdata") != MADE_FROM:
        pytest.skip(f"the table was made from tzdata {MADE_FROM}: pip install tzdata=={MADE_FROM}")
    assert (CHECKOUT / "components/listening/time_zones.tsv").read_text() == load(
        "listening/make_time_zones.py"
    ).table()
