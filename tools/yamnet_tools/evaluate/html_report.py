# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that needs no other file: tables, and plots drawn into it as SVG."""

from importlib.resources import files
from pathlib import Path

from yamnet_tools.evaluate import plots
from yamnet_tools.evaluate.results import Evaluation
from yamnet_tools.evaluate.text_report import (
    agreement_table,
    caption,
    front_end_table,
    source_table,
    summary_table,
    target_table,
)
from yamnet_tools.templates import render


def html_report(evaluation: Evaluation) -> str:
    """The page."""
    models = evaluation.models
    return render(
        "evaluate/page.html.j2",
        css=files(__package__).joinpath("page.css").read_text(encoding="utf-8"),
        plots=plots,
        evaluation=evaluation,
        models=models,
        caption=caption(evaluation),
        summary=summary_table(models),
        agreement=agreement_table(models),
        front_end=front_end_table(models),
        targets=target_table(models, intervals=True),
        sources=source_table(models),
        path=lambda clip: Path(clip).resolve(),
    )
