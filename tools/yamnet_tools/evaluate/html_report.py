# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs no other file: tables, and plots drawn into it as SVG."""

import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yamnet_tools.evaluate.evaluation import Evaluation, ModelResult
from yamnet_tools.evaluate.text_report import SUMMARY, caption, source_rows, summary_rows, target_rows

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px}
th,td{border:1px solid #ccc;padding:.25em .6em;text-align:left}
th{background:#f3f3f3}figure{margin:1.5em 0}svg{max-width:100%;height:auto}.wide{overflow-x:auto}
"""


def html_report(evaluation: Evaluation) -> str:
    """The page."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>YAMNet: how good the models are</title><style>{_STYLE}</style><h1>How good the models are</h1>",
        f"<p>{html.escape(caption(evaluation))}.</p>",
        _table(SUMMARY, summary_rows(evaluation)),
        "<ul>" + "".join(f"<li>{html.escape(m.name)}: {html.escape(m.kind)}</li>" for m in evaluation.models) + "</ul>",
        "<h2>By target</h2>",
        f"<figure>{_bars(evaluation)}</figure>",
        _table(*target_rows(evaluation)),
        "<h2>By source</h2><p>Collections can share recordings with each other or with AudioSet, on which YAMNet was"
        " trained; a model that is much better on one of them may have heard it before.</p>",
        _table(*source_rows(evaluation)),
        "<h2>Calibration</h2><p>Of all clip scores near p, which share is true: on the dotted line scores are"
        f" probabilities.</p><figure>{_calibration(evaluation)}</figure>",
        "<h2>Strongest false alarms</h2>",
        *(_alarms(model) for model in evaluation.models),
    ]
    if evaluation.left_out:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in evaluation.left_out)
        parts.append(f"<h2>Left out</h2><ul>{lines}</ul>")
    return "\n".join(parts) + "</html>\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table><tr>{head}</tr>{body}</table></div>"


def _alarms(model: ModelResult) -> str:
    """Each with a link that plays the clip."""
    rows = "".join(
        f"<tr><td>{alarm.probability:.2f}</td><td>{html.escape(alarm.heard)}</td><td>{html.escape(alarm.label)}</td>"
        f"<td><a href='{html.escape(Path(alarm.clip).resolve().as_uri(), quote=True)}'>"
        f"{html.escape(Path(alarm.clip).name)}</a></td></tr>"
        for alarm in model.false_alarms
    )
    if not rows:
        return f"<h3>{html.escape(model.name)}</h3><p>none</p>"
    head = "<tr><th>p</th><th>heard</th><th>label</th><th>clip</th></tr>"
    return f"<h3>{html.escape(model.name)}</h3><table>{head}{rows}</table>"


def _bars(evaluation: Evaluation) -> str:
    """Average precision by target, models side by side."""
    names = list(evaluation.counts)
    figure, axes = _figure(0.28 * len(names) * max(1.0, len(evaluation.models) / 3) + 1.5)
    height = 0.8 / len(evaluation.models)
    for index, model in enumerate(evaluation.models):
        places = [place + index * height for place in range(len(names))]
        axes.barh(places, [target.average_precision for target in model.targets], height, label=model.name)
    axes.set_yticks([place + 0.4 - height / 2 for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("average precision")
    axes.legend(fontsize=8)
    return _svg(figure)


def _calibration(evaluation: Evaluation) -> str:
    figure, axes = _figure(4.5)
    axes.plot([0, 1], [0, 1], ":", color="grey")
    for model in evaluation.models:
        points = [(found.mean_score, found.share_true) for found in model.calibration]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=model.name)
    axes.set_xlabel("mean score")
    axes.set_ylabel("share true")
    axes.legend(fontsize=8)
    return _svg(figure)


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), layout="constrained")
    return figure, figure.add_subplot()


def _svg(figure: Any) -> str:
    """The drawing without XML header, equal for equal figures."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "yamnet"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :]
