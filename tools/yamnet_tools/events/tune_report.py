# SPDX-License-Identifier: Apache-2.0
"""What tools/tune_rules.py found, for people: every setting, and two of them side by side with how sure they are."""

from collections.abc import Sequence

from yamnet_tools.events.intervals import rate_interval, share_interval
from yamnet_tools.events.judge import Verdict
from yamnet_tools.events.sweep import Point

_INTERVALS = "(intervals: 95 %, exact; of shares Clopper and Pearson's, of rates Poisson's)"


def table(points: Sequence[Point], start: Point, chosen: Point) -> str:
    """A line for each setting."""
    lines = [
        "           |        chosen on this half         |             kept back",
        "   on  N/M | missed   false alarms    per hour  | missed   false alarms    per hour",
        *(_row(point, point is chosen) for point in points),
        "the rule that it began with:",
        _row(start, start is chosen),
    ]
    return "\n".join(lines)


def _row(point: Point, is_chosen: bool) -> str:
    need, of = point.patches
    halves = "  |".join(_half(verdict) for verdict in (point.choosing, point.judging))
    return f"{point.on:5.3f} {need:2}/{of:<2}|{halves}{'  <--' if is_chosen else ''}"


def _half(verdict: Verdict) -> str:
    low, high = rate_interval(verdict.false_alarms, verdict.negative_hours)
    return f"{1 - verdict.recall:7.1%} {verdict.false_alarms:9} {f'{low:.1f} - {high:.1f}':>17}"


def summary(start: Point, chosen: Point) -> str:
    """The rule that it began with and the recommended one, on both halves."""
    need, of = chosen.patches
    lasting = f", lasting from {chosen.rule['lasting']['on']:g}" if "lasting" in chosen.rule else ""
    settings = f"on {chosen.on:g}, off {chosen.rule['off']:g}, {need} of {of} patches{lasting}"
    lines = [f"recommended: {'the rule that it began with: ' if chosen is start else ''}{settings}"]
    for title, half in (("on the half kept back", "judging"), ("on the half it was chosen on", "choosing")):
        lines.append(f"{title}:")
        for name, point in (("began with", start), ("recommended", chosen)):
            lines.append(f"  {name:<12} {described(getattr(point, half))}")
    return "\n".join([*lines, _INTERVALS])


def described(verdict: Verdict) -> str:
    """A verdict with its intervals."""
    least, most = share_interval(verdict.found, verdict.wanted)
    low, high = rate_interval(verdict.false_alarms, verdict.negative_hours)
    return (
        f"found {verdict.found} of {verdict.wanted} ({least:.0%} to {most:.0%}); false alarms: {verdict.false_alarms} "
        f"in {verdict.negative_hours * 60:.1f} minutes of negatives ({low:.1f} to {high:.1f} an hour)"
    )
