# SPDX-License-Identifier: Apache-2.0
"""The trade-off between misses and false alarms as a picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from yamnet_tools.events.sweep import PATCH_COUNTS, Point
from yamnet_tools.files import replacing

_SIZE_INCHES = (10, 4.5)
_DPI = 150


def plot(path: Path, points: Sequence[Point], start: Point, chosen: Point) -> None:
    """Draw misses over false alarms per hour, a line for each patch count, both halves side by side."""
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, half, title in zip(panels, ("choosing", "judging"), ("chosen on this half", "kept back"), strict=True):
        for need, of in PATCH_COUNTS:
            line = [(getattr(point, half), point.on) for point in points if point.patches == (need, of)]
            rates = [verdict.per_hour for verdict, _ in line]
            misses = [1 - verdict.recall for verdict, _ in line]
            axes.plot(rates, misses, marker="o", markersize=3, label=f"{need} of {of} patches")
        for point, mark, name in ((start, "ks", "began with"), (chosen, "k*", "recommended")):
            verdict = getattr(point, half)
            label = f"{name}: on {point.on:g}"
            axes.plot(verdict.per_hour, 1 - verdict.recall, mark, markersize=6 if mark == "ks" else 14, label=label)
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(left=-0.1)
        axes.set_ylim(-0.02, 1.02)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("false alarms per hour of negatives")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("share of positives missed")
    panels[1].legend(fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DPI)
