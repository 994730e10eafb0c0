# SPDX-License-Identifier: Apache-2.0
"""`fleet.py status`: once or live, as a table or as JSON."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from yamnet_tools import cli
from yamnet_tools.fleet.health import Checkup, Health
from yamnet_tools.fleet.member import Member
from yamnet_tools.fleet.table import table
from yamnet_tools.fleet.together import for_each

if TYPE_CHECKING:
    from rich.live import Live

_AT_ONCE = 64
"""Devices asked at once: those that are away must not keep the others waiting."""


def run_status(members: Sequence[Member], options: argparse.Namespace) -> int:
    """Show how devices are; returns the exit code: 1 when one is not well."""
    checkup = Checkup(options.timeout)
    fleet = [Health(member.name, "", "…") for member in members]
    if options.once:
        _ask(members, checkup, fleet, lambda: None)
        _print(fleet, options)
        return cli.EXIT_FAILED if any(health.problem for health in fleet) else cli.EXIT_OK
    screen = nullcontext() if options.json or not sys.stdout.isatty() else _live(fleet)
    with screen as live:
        while True:
            began = time.monotonic()
            _ask(members, checkup, fleet, (lambda: live.update(table(fleet))) if live else lambda: None)
            if not live:
                _print(fleet, options)
            time.sleep(max(0.0, options.every - (time.monotonic() - began)))


def _ask(members: Sequence[Member], checkup: Checkup, fleet: list[Health], changed: Callable[[], None]) -> None:
    places = {member.name: place for place, member in enumerate(members)}
    for member, health in for_each(members, checkup.health, _AT_ONCE):
        if isinstance(health, Health):
            fleet[places[member.name]] = health
            changed()


def _print(fleet: Sequence[Health], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps([asdict(health) for health in fleet]), flush=True)
        return
    rows = table(fleet)
    from rich.console import Console

    console = Console(highlight=False)
    if not sys.stdout.isatty():  # nobody folds what a program reads
        console.width = 400
    console.print(rows)


def _live(fleet: Sequence[Health]) -> "AbstractContextManager[Live]":
    rows = table(fleet)
    from rich.live import Live

    live: Any = Live(rows, refresh_per_second=4, vertical_overflow="visible")
    return live  # type: ignore[no-any-return]
