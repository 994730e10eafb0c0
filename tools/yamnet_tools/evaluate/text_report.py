# SPDX-License-Identifier: Apache-2.0
"""The report for a terminal and for Markdown."""

import math
from collections.abc import Sequence

from yamnet_tools.evaluate.evaluation import Evaluation, ModelResult
from yamnet_tools.evaluate.metrics import Interval

SUMMARY = (
    "model", "mAP [95 %]", "zero-shot [95 %]", "class 20 AUC [95 %]", "top-1 equal", "or tied", "mean |dp|", "bytes",
)  # fmt: skip


def number(value: float, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def interval(value: Interval | None) -> str:
    """`value [low, high]`."""
    if value is None:
        return "-"
    return f"{number(value.value)} [{number(value.low)}, {number(value.high)}]"


def summary_rows(evaluation: Evaluation) -> list[list[str]]:
    """One row per model, under the columns of SUMMARY."""
    return [_summary(model) for model in evaluation.models]


def _summary(model: ModelResult) -> list[str]:
    agreed = model.agreement
    compared = (
        ["reference", "", ""]
        if agreed is None
        else [f"{agreed.top_equal:.1%}", f"{agreed.top_tied:.1%}", f"{agreed.mean_difference:.5f}"]
    )
    return [
        model.name,
        interval(model.mean_average_precision),
        interval(model.accuracy),
        interval(model.baby_cry_auc),
        *compared,
        f"{model.size_bytes:,}",
    ]


def target_rows(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of AP / AUC / d' by target, models side by side."""
    columns = ["target", "clips", *(f"{model.name} AP / AUC / d'" for model in evaluation.models)]
    rows = []
    for index, (name, count) in enumerate(evaluation.counts.items()):
        cells = []
        for model in evaluation.models:
            target = model.targets[index]
            cells.append(f"{number(target.average_precision)} / {number(target.roc_auc)} / {number(target.d_prime, 2)}")
        rows.append([name, str(count), *cells])
    return columns, rows


def source_rows(evaluation: Evaluation) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of mAP / accuracy by collection, models side by side."""
    columns = ["source", "clips", *(f"{model.name} mAP / accuracy" for model in evaluation.models)]
    rows = []
    for index, first in enumerate(evaluation.models[0].sources):
        cells = [
            f"{number(model.sources[index].mean_average_precision)} / {number(model.sources[index].accuracy)}"
            for model in evaluation.models
        ]
        rows.append([first.source, str(first.clips), *cells])
    return columns, rows


def caption(evaluation: Evaluation) -> str:
    """What the figures are of."""
    return (
        f"{evaluation.clips} clips, {len(evaluation.counts)} targets, {evaluation.counter_examples} clips only as"
        f" counter-examples; a clip's score is the {evaluation.pooling} over its patches; agreement with"
        f" {evaluation.reference} by patch; intervals: 95 %, bootstrap over clips"
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (columns, *rows)
    )


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def text_report(evaluation: Evaluation) -> str:
    """Everything but plots."""
    parts = [caption(evaluation), table(SUMMARY, summary_rows(evaluation))]
    parts += [f"{model.name}: {model.kind}" for model in evaluation.models]
    parts += [table(*target_rows(evaluation)), table(*source_rows(evaluation))]
    for model in evaluation.models:
        alarms = [[f"{a.probability:.2f}", a.heard, a.label, a.clip] for a in model.false_alarms[:5]]
        if alarms:
            parts.append(f"{model.name}: strongest false alarms\n" + table(["p", "heard", "label", "clip"], alarms))
    parts += [f"left out: {line}" for line in evaluation.left_out]
    return "\n\n".join(parts)
