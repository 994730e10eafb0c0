# SPDX-License-Identifier: Apache-2.0
"""The report's plots, as SVG to put into a page."""

import io
import math
from typing import Any

import numpy as np

from yamnet_tools.evaluate.results import Evaluation, ModelResult

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a94a3",
    "axes.labelcolor": "#3c4654",
    "xtick.color": "#3c4654",
    "ytick.color": "#3c4654",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e9ee",
    "svg.hashsalt": "yamnet",  # equal figures give equal bytes
    "svg.fonttype": "none",
}
_COLOURS = (
    "#2f6fdb",
    "#e0803c",
    "#3a9d6e",
    "#b64a8f",
    "#7a6ad8",
    "#a3742b",
    "#4aa8c0",
    "#d04f4f",
    "#7f8a99",
    "#93a83a",
)


def overview(evaluation: Evaluation) -> str:
    """MAP and zero-shot accuracy of each model with intervals."""
    models = evaluation.models
    figure, axes = new_figure(0.34 * len(models) + 0.9, columns=2)
    panels = (
        ("mAP", [model.mean_average_precision for model in models]),
        ("zero-shot accuracy", [model.accuracy for model in models]),
    )
    for axis, (title, values) in zip(axes, panels, strict=True):
        for index, found in enumerate(values):
            if math.isnan(found.value):
                continue
            axis.barh(index, found.value, 0.62, color=colour(index))
            axis.hlines(index, found.low, found.high, color="#3c4654", linewidth=0.9)
            axis.text(max(found.high, found.value) + 0.015, index, f"{found.value:.3f}", va="center", fontsize=8)
        axis.set_xlim(0, 1.12)
        axis.set_ylim(len(models) - 0.5, -0.5)
        axis.set_xticks(np.arange(0, 1.01, 0.2))
        axis.set_xlabel(title)
        axis.grid(visible=False, axis="y")
    axes[0].set_yticks(range(len(models)), [model.name for model in models])
    axes[1].set_yticks(range(len(models)), [""] * len(models))
    return svg(figure)


def by_target(evaluation: Evaluation) -> str:
    """Average precision by target with intervals, models side by side."""
    names, models = list(evaluation.counts), evaluation.models
    step = 0.7 / len(models)
    figure, [axis] = new_figure(len(names) * max(0.24, 0.075 * len(models) + 0.08) + 1.2)
    for index, model in enumerate(models):
        places = np.arange(len(names)) + (index - (len(models) - 1) / 2) * step
        found = [target.average_precision for target in model.targets]
        axis.hlines(places, [each.low for each in found], [each.high for each in found], color=colour(index), alpha=0.4)
        axis.plot([each.value for each in found], places, "o", markersize=4, color=colour(index), label=model.name)
    for place in range(1, len(names), 2):
        axis.axhspan(place - 0.5, place + 0.5, color="#f5f7fa", zorder=0)
    axis.set_yticks(np.arange(len(names)), [f"{name} ({count})" for name, count in evaluation.counts.items()])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(-0.01, 1.01)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel("average precision with 95 % interval (number of clips in brackets)")
    legend(figure)
    return svg(figure)


def calibration(evaluation: Evaluation) -> str:
    """Share of scores that are true against what they promise, and how many scores there are of each size."""
    figure, [axis] = new_figure(4.2)
    axis.plot([0, 1], [0, 1], ":", color="#8a94a3")
    for index, model in enumerate(evaluation.models):
        points = [(found.mean_score, found.share_true) for found in model.calibration]
        axis.plot(*zip(*points, strict=True), marker="o", markersize=4, color=colour(index), label=model.name)
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel("mean score")
    axis.set_ylabel("share true")
    legend(figure)
    return svg(figure)


def confusion(evaluation: Evaluation, model: ModelResult) -> str:
    """Clips by target (rows) and strongest target (columns), in shares of a row."""
    names = list(evaluation.counts)
    counts = np.array(model.confusion_matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, [axis] = new_figure(0.24 * len(names) + 2.2)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.grid(visible=False)
    axis.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), names)
    for row, column in zip(*np.nonzero(counts), strict=True):
        ink = "white" if shares[row, column] > 0.55 else "#1b2430"
        axis.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color=ink)
    axis.set_xlabel("strongest target")
    axis.set_ylabel("label")
    return svg(figure)


def colour(index: int) -> str:
    """Of the index-th thing that is compared."""
    return _COLOURS[index % len(_COLOURS)]


def legend(figure: Any) -> None:
    """Name what is compared above the panels."""
    figure.legend(fontsize=8, frameon=False, loc="outside upper left", ncols=4)


def new_figure(height: float, columns: int = 1) -> tuple[Any, list[Any]]:
    """An empty figure, `height` inches high, and its panels side by side."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, height), layout="constrained")
        return figure, [figure.add_subplot(1, columns, place + 1) for place in range(columns)]


def svg(figure: Any) -> str:
    """The drawing without its XML header."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :]
