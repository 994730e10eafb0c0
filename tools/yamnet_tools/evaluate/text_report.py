# SPDX-License-Identifier: Apache-2.0
"""The report for a terminal, and the tables that the HTML and Markdown pages share with it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from yamnet_tools.evaluate.metrics import Interval
from yamnet_tools.evaluate.results import Comparison, Evaluation, ModelResult

_MOST_ROWS = 5


class Table(NamedTuple):
    """Columns' heads and rows of cells."""

    columns: list[str]
    rows: list[list[str]]


def number(value: float, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    if math.isnan(value):
        return "-"
    return f"{'-' if value < 0 else ''}∞" if math.isinf(value) else f"{value:.{digits}f}"


def interval(value: Interval | None) -> str:
    """`value [low, high]`, or a dash where there is none."""
    if value is None or math.isnan(value.value):
        return "-"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def percent(value: Interval) -> str:
    """A share as `value % [low, high]`."""
    return f"{value.value:.1%} [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def change(value: Interval | None) -> str:
    """A difference with its sign."""
    if value is None or math.isnan(value.value):
        return "-"
    return f"{value.value:+.3f} [{value.low:+.3f}, {value.high:+.3f}]"


def summary_table(models: Sequence[ModelResult]) -> Table:
    """One row per model."""
    columns = ["model", "mAP [95 %]", "AUC [95 %]", "d'", "zero-shot [95 %]", "class 20 AUC [95 %]", "bytes"]
    rows = [
        [
            model.name,
            interval(model.mean_average_precision),
            interval(model.mean_roc_auc),
            number(model.d_prime, 2),
            interval(model.accuracy),
            interval(model.baby_cry_auc),
            f"{model.size_bytes:,}",
        ]
        for model in models
    ]
    return Table(columns, rows)


def comparison_table(compared: Sequence[tuple[str, Comparison | None]]) -> Table:
    """One row for each name with a comparison."""
    columns = ["model", "against", "top-1 equal [95 %]", "or tied", "mean |dp|", "mAP", "zero-shot", "class 20 AUC"]
    rows = [
        [
            name,
            found.other,
            percent(found.top_equal),
            f"{found.top_tied.value:.1%}",
            f"{found.mean_difference:.5f}",
            change(found.mean_average_precision),
            change(found.accuracy),
            change(found.baby_cry_auc),
        ]
        for name, found in compared
        if found is not None
    ]
    return Table(columns, rows)


def agreement_table(models: Sequence[ModelResult]) -> Table:
    """Models against the reference."""
    return comparison_table([(model.name, model.agreement) for model in models])


def front_end_table(models: Sequence[ModelResult]) -> Table:
    """Models against themselves behind their own front end."""
    return comparison_table([(model.name, model.front_end_change) for model in models])


def target_table(models: Sequence[ModelResult], *, intervals: bool) -> Table:
    """AP / AUC / d' by target, models side by side, the AP with its interval if wanted."""
    precision = "AP [95 %]" if intervals else "AP"
    columns = ["target", "clips", *(f"{model.name} {precision} / AUC / d'" for model in models)]
    rows = []
    for index, first in enumerate(models[0].targets):
        found = [model.targets[index] for model in models]
        cells = [
            " / ".join(
                (
                    interval(target.average_precision) if intervals else number(target.average_precision.value),
                    number(target.roc_auc.value),
                    number(target.d_prime, 2),
                )
            )
            for target in found
        ]
        rows.append([first.name, str(first.clips), *cells])
    return Table(columns, rows)


def source_table(models: Sequence[ModelResult]) -> Table:
    """MAP and accuracy by collection, models side by side."""
    columns = ["source", "clips", "recordings", "shared", "targets", *(f"{m.name} mAP / zero-shot" for m in models)]
    rows = []
    for index, first in enumerate(models[0].sources):
        found = [model.sources[index] for model in models]
        cells = [f"{interval(source.mean_average_precision)} / {interval(source.accuracy)}" for source in found]
        counts = [first.clips, first.recordings, first.shared_recordings, first.targets]
        rows.append([first.source, *map(str, counts), *cells])
    return Table(columns, rows)


def caption(evaluation: Evaluation) -> str:
    """What the figures are of."""
    return (
        f"{evaluation.clips} clips of {evaluation.recordings} recordings, {len(evaluation.counts)} targets,"
        f" {evaluation.counter_examples} clips only as counter-examples; a clip's score is the {evaluation.pooling}"
        f" over its patches; 95 % intervals from {evaluation.resamples} resamples of recordings within each label, seed"
        f" {evaluation.seed}"
    )


def plain(table: Table) -> str:
    """Columns of equal width."""
    lines = [table.columns, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(table: Table) -> str:
    """A Markdown table."""
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def text_report(evaluation: Evaluation) -> str:
    """Everything but plots."""
    models = evaluation.models
    parts = [caption(evaluation), plain(summary_table(models))]
    parts += [
        f"{title}\n{plain(table)}"
        for title, table in (
            (f"Against {evaluation.reference}, patch by patch; differences on the same clips", agreement_table(models)),
            ("Behind another front end, against the same model behind its own", front_end_table(models)),
        )
        if table.rows
    ]
    parts += ["\n".join(f"{model.name}: {model.kind}" for model in models)]
    parts += [plain(target_table(models, intervals=False)), plain(source_table(models))]
    for model in models:
        alarms = [[f"{a.probability:.2f}", a.heard, a.label, a.clip] for a in model.false_alarms[:_MOST_ROWS]]
        if alarms:
            parts.append(
                f"{model.name}: strongest false alarms\n" + plain(Table(["p", "heard", "label", "clip"], alarms))
            )
        confused = [[str(len(c.clips)), f"{c.share:.0%}", c.label, c.heard] for c in model.confusions[:_MOST_ROWS]]
        if confused:
            parts.append(
                f"{model.name}: most confused\n" + plain(Table(["clips", "share", "label", "heard"], confused))
            )
    if evaluation.left_out:
        parts.append("\n".join(f"left out: {line}" for line in evaluation.left_out))
    return "\n\n".join(parts)
