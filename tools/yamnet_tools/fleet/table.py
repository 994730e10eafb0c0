# SPDX-License-Identifier: Apache-2.0
"""A fleet's health as a table. What devices say is shown as it is, without a terminal's or rich's own signs."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.health import Health

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("device", "version", "model", "rules", "signal", "heap", "overruns", "up", "last event", "")
_RIGHT = {"signal", "heap", "overruns", "up"}
_LONGEST = 60


def table(fleet: Iterable[Health]) -> "Table":
    """Rows in their order, problems in red.

    Raises:
        DeviceError: rich is not installed.
    """
    try:
        from rich.table import Table
        from rich.text import Text
    except ImportError as error:
        raise DeviceError("the table needs rich: bash tools/setup_env.sh fleet; --json does without") from error
    rows = Table(box=None, pad_edge=False)
    for column in _COLUMNS:
        rows.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=column != "")
    for health in fleet:
        style = "red" if health.problem else "dim" if health.muted else ""
        rows.add_row(*(Text(cell, style) for cell in _cells(health)))
    return rows


def _cells(health: Health) -> list[str]:
    return [
        health.name,
        _shown(health.version),
        _shown(health.model),
        _shown(health.rules),
        "-" if health.signal_dbm is None else f"{health.signal_dbm} dBm",
        "-" if health.free_heap is None else f"{health.free_heap // 1024:,} KB",
        "-" if health.overruns is None else f"{health.overruns:,}",
        "-" if health.uptime_s is None else _span(health.uptime_s),
        _last_event(health),
        _shown(health.problem or ("muted" if health.muted else ""), None, ""),
    ]


def _last_event(health: Health) -> str:
    event = health.last_event
    if event is None:
        return "-"
    when = _shown(event["utc"])
    with suppress(TypeError, ValueError):
        when = f"{_span((datetime.now(UTC) - datetime.fromisoformat(event['utc'])).total_seconds())} ago"
    return f"{_shown(event['rule'])} {_shown(event['kind'])}, {when}"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _shown(text: str | None, longest: int | None = _LONGEST, nothing: str = "-") -> str:
    """What a device said, fit for a terminal."""
    return "".join(c if c.isprintable() else " " for c in (text or "")[:longest]) or nothing
