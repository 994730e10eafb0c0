# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs no other file: tables, and plots drawn into it as SVG."""

import html
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from yamnet_tools.evaluate import plots
from yamnet_tools.evaluate.results import Evaluation, ModelResult
from yamnet_tools.evaluate.text_report import (
    Table,
    agreement_table,
    caption,
    front_end_table,
    source_table,
    summary_table,
    target_table,
)

_CSS = "page.css"


def html_report(evaluation: Evaluation) -> str:
    """The page."""
    sections = _sections(evaluation)
    links = "".join(f"<a href='#{_anchor(title)}'>{html.escape(title)}</a>" for title, _ in sections)
    body = "".join(
        f"<section id='{_anchor(title)}'><h2>{html.escape(title)}</h2>{content}</section>"
        for title, content in sections
    )
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>YAMNet: how good the models are</title><style>{(files(__package__) / _CSS).read_text()}</style></head>"
        "<body><main><h1>How good the models are</h1>"
        f"<p class=lead>{html.escape(caption(evaluation))}.</p><nav>{links}</nav>{body}</main></body></html>\n"
    )


def _sections(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Title and content of each part that there is something to say in."""
    models = evaluation.models
    kinds = "".join(f"<li><b>{html.escape(m.name)}</b>: {html.escape(m.kind)}</li>" for m in models)
    found = [("Overview", _figure(plots.overview(evaluation)) + _table(summary_table(models)) + f"<ul>{kinds}</ul>")]
    for title, note, table in (
        (
            "Agreement",
            f"Each model against {evaluation.reference}, patch by patch. Differences of mAP, zero-shot accuracy and AUC"
            " are computed on the same resamples of clips for both models, so that their intervals are narrower than"
            " those of the figures themselves.",
            agreement_table(models),
        ),
        (
            "The wrong front end",
            "The same weights behind another log-mel definition than they were trained on, against themselves behind"
            " their own.",
            front_end_table(models),
        ),
    ):
        if table.rows:
            found.append((title, f"<p class=note>{html.escape(note)}</p>{_table(table)}"))
    found += [
        (
            "By target",
            _figure(plots.by_target(evaluation)) + _table(target_table(models, intervals=True)) + _classes(models[0]),
        ),
        (
            "By source",
            "<p class=note>Collections can share recordings with each other or with AudioSet, on which YAMNet was"
            " trained; a model that is much better on one of them may have heard it before. <b>shared</b> counts the"
            " recordings of which another collection has clips, too. Targets are those that a collection has.</p>"
            + _table(source_table(models)),
        ),
        (
            "Calibration",
            "<p class=note>Of all clip scores near p, which share is true: on the dotted line scores are"
            f" probabilities.</p>{_figure(plots.calibration(evaluation))}",
        ),
        (
            "False alarms and confusions",
            "<p class=note>Targets that were heard at 0.3 or more in clips with another label, strongest first; and"
            " which target was the strongest where it was not the label's. The links open the clips.</p>"
            + "".join(_errors(evaluation, model, is_open=index == 0) for index, model in enumerate(models)),
        ),
    ]
    if evaluation.left_out:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in evaluation.left_out)
        found.append(("Left out", f"<ul>{lines}</ul>"))
    return found


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _figure(drawing: str) -> str:
    return f"<figure>{drawing}</figure>"


def _table(table: Table) -> str:
    return _cells(table.columns, [[html.escape(cell) for cell in row] for row in table.rows])


def _cells(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _classes(model: ModelResult) -> str:
    rows = [[html.escape(target.name), html.escape("; ".join(target.classes))] for target in model.targets]
    table = _cells(["target", "AudioSet classes, of which the strongest counts"], rows)
    return f"<details><summary>What the targets mean</summary>{table}</details>"


def _errors(evaluation: Evaluation, model: ModelResult, *, is_open: bool) -> str:
    alarms = [
        [f"{alarm.probability:.2f}", html.escape(alarm.heard), html.escape(alarm.label), _link(alarm.clip)]
        for alarm in model.false_alarms
    ]
    confused = [
        [str(len(found.clips)), f"{found.share:.0%}", html.escape(found.label), html.escape(found.heard),
         " ".join(_link(clip) for clip in found.clips)]
        for found in model.confusions
    ]  # fmt: skip
    count = sum(len(found.clips) for found in model.confusions)
    return (
        f"<details{' open' if is_open else ''}><summary>{html.escape(model.name)} <span class=note>{len(alarms)} false"
        f" alarms, {count} clips confused</span></summary><h3>Strongest false alarms</h3>"
        + (_cells(["p", "heard", "label", "clip"], alarms) if alarms else "<p>none</p>")
        + "<h3>Most confused</h3>"
        + (
            f"<div class=clips>{_cells(['clips', 'share', 'label', 'heard', ''], confused)}</div>"
            if confused
            else "<p>none</p>"
        )
        + f"{_figure(plots.confusion(evaluation, model))}</details>"
    )


def _link(clip: str) -> str:
    path = Path(clip).resolve()
    return f"<a href='{html.escape(path.as_uri(), quote=True)}'>{html.escape(path.name)}</a>"
