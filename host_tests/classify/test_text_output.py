# SPDX-License-Identifier: Apache-2.0
"""The report for people."""

import io
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.text_output import TextOutput, clock

MakeStep = Callable[..., Step]

ROWS = [[0.0, 1.0, 0.0, 0.0], [0.0, 0.5, 0.75, 0.0], [0.0, 0.0, 0.5, 0.0]]


def report(model: SimpleNamespace, step: Step, *, encoding: str = "utf-8", **options: object) -> list[str]:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    settings = {"top": 3, "threshold": 0.0, "heard_threshold": 0.3, "live": False} | options
    p = (step.scores.astype(float) + 128) / 256
    with TextOutput(out, model, "tflm", range(4), **settings) as text:
        text.add(step)
        text.finish(ClipResult("clip.wav", 1.935, len(p), p.max(axis=0), p.mean(axis=0), ending=""))
    return raw.getvalue().decode(encoding).splitlines()


def test_the_whole_report(four_classes: SimpleNamespace, make_step: MakeStep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert report(four_classes, make_step(ROWS)) == [
        "clip.wav: 1.94 s, 3 patches, tflm",
        "  index   max  mean  class                 0:00 0:01.94",
        "      1  1.00  0.50  Baby cry, infant cry  ████▄▄▄▄",
        "      2  0.75  0.42  Dog                       ▆▆▆▆▄▄▄▄",
        "      0  0.00  0.00  Speech",
        "  heard (p >= 0.3):",
        "    0:00.00 - 0:01.46  1.00  Baby cry, infant cry",
        "    0:00.48 - 0:01.94  0.75  Dog",
        "",
    ]


def test_plain_ascii_where_the_terminal_knows_no_more(
    four_classes: SimpleNamespace, make_step: MakeStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = report(four_classes, make_step(ROWS), encoding="ascii")
    assert lines[2] == "      1  1.00  0.50  Baby cry, infant cry  @@@@===="


@pytest.mark.parametrize("columns", [20, 30, 40, 52, 60, 80, 200])
def test_lines_fit_the_terminal(
    four_classes: SimpleNamespace, make_step: MakeStep, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = report(four_classes, make_step(ROWS * 100), top=4)
    assert max(len(line) for line in lines[1:5]) <= max(columns, 33)  # below that numbers would have to go
    assert ("█" in "".join(lines)) == (columns >= 52)


def test_nothing_heard_is_said(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    assert "  heard (p >= 0.9): nothing" in report(
        four_classes, make_step([[0.25, 0.25, 0.25, 0.25]]), heard_threshold=0.9
    )


def test_a_threshold_thins_the_table(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    lines = report(four_classes, make_step(ROWS), threshold=0.8, heard_threshold=0.8)
    assert [line.split()[0] for line in lines if line] == ["clip.wav:", "index", "1", "heard", "0:00.00"]


def test_live_input_tells_what_begins_to_be_heard(four_classes: SimpleNamespace, make_step: MakeStep) -> None:
    lines = report(four_classes, make_step(ROWS), live=True)
    assert lines[:2] == ["0:00.00  1.00  Baby cry, infant cry", "0:00.48  0.75  Dog"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.00"), (59.999, "1:00.00"), (61.5, "1:01.50"), (3599.99, "59:59.99"), (36000.25, "10:00:00.25")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_courses_of_long_clips_keep_short_events(
    four_classes: SimpleNamespace, make_step: MakeStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    rows = np.zeros((5000, 4))
    rows[2500, 3] = 1.0
    siren = report(four_classes, make_step(rows.tolist()), top=1)[2]
    assert siren.count("█") == 1
    assert 0.45 < (siren.index("█") - siren.index("Siren") - 7) / 64 < 0.55
