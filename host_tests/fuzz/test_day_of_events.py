# SPDX-License-Identifier: Apache-2.0
"""Five minutes of day_of_events.py."""

from pathlib import Path

import pytest

from day_of_events import spend, ticking_device

pytestmark = pytest.mark.slow

EVENTS = 300


def test_each_is_told_of_each_event_once_and_nothing_grows(tmp_path: Path) -> None:
    with ticking_device(tmp_path) as device:
        day = spend(device, tmp_path, EVENTS)
    assert not any(subscriber.wrong for subscriber in day.subscribers)
    told = {subscriber.told for subscriber in day.subscribers}
    assert len(told) == 1
    assert told.pop() >= 2 * (EVENTS - 2)
    first, last = day.reports[2], day.reports[-1]
    assert last[1] < first[1] + 5, "MB of memory"
    assert last[2] <= first[2] + 1, "open files"
