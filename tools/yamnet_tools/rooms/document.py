# SPDX-License-Identifier: Apache-2.0
"""docs/rooms.md from an evaluation: all figures are the evaluation's."""

from yamnet_tools.evaluate.text_report import markdown
from yamnet_tools.rooms.results import (
    Results,
    background_table,
    ceiling_table,
    false_alarm_table,
    main_table,
)
from yamnet_tools.templates import render

MARKS = ("<!-- rooms: written by tools/evaluate_rooms.py -->", "<!-- /rooms -->")


def section(results: Results, command: str) -> str:
    """The section with the figures; `command` made them."""
    return render(
        "rooms/rooms.md.j2",
        results=results,
        command=command,
        markdown=markdown,
        main=main_table(results),
        backgrounds=background_table(results),
        ceiling=ceiling_table(results),
        false_alarms=false_alarm_table(results),
    )
