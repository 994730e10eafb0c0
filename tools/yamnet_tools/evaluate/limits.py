# SPDX-License-Identifier: Apache-2.0
"""What a model must reach, so that a script or a CI job can tell: --fail-below FIGURE=VALUE."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

from yamnet_tools.evaluate.results import ModelResult

FIGURES = {
    "map": "mean_average_precision",
    "accuracy": "accuracy",
    "auc": "mean_roc_auc",
    "baby_cry_auc": "baby_cry_auc",
}
"""Figures of ModelResult by the names that they have on the command line."""


@dataclass(frozen=True)
class Limit:
    """A figure and the least that it may be, 0..1."""

    figure: str
    least: float


def parse_limit(text: str) -> Limit:
    """An argparse type: FIGURE=VALUE."""
    figure, _, value = text.partition("=")
    try:
        least = float(value)
    except ValueError:
        least = -1.0
    if figure not in FIGURES or not 0 <= least <= 1:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not FIGURE=VALUE, where FIGURE is one of {', '.join(FIGURES)} and VALUE is from 0 to 1"
        )
    return Limit(figure, least)


def below(models: Sequence[ModelResult], limits: Sequence[Limit]) -> list[str]:
    """A line for each figure of a model that does not reach its limit, or that these clips do not give."""
    lines = []
    for model in models:
        for limit in limits:
            interval = getattr(model, FIGURES[limit.figure])
            value = float("nan") if interval is None else interval.value
            if not value >= limit.least:
                shown = "not to be told from these clips" if math.isnan(value) else f"{value:.4f}"
                lines.append(f"{model.name}: {limit.figure} is {shown}, below {limit.least:g}")
    return lines
