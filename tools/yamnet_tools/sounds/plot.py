# SPDX-License-Identifier: Apache-2.0
"""How well learnt sounds are told from all else, as a picture."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from yamnet_tools.sounds.expectation import Expectation

_WIDTH, _ROW = 10.0, 3.2  # inches
_DPI = 120
_BINS = np.linspace(0, 1, 41)


def picture(expected: Sequence[Expectation]) -> bytes:
    """A PNG, a row for each sound: its largest probability in each recording, and what settings of its rule find."""
    figure = Figure(figsize=(_WIDTH, _ROW * len(expected)), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(expected), 2, squeeze=False)
    for (left, right), sound in zip(rows, expected, strict=True):
        kinds = (sound.strongest[: sound.own], sound.strongest[sound.own :])
        left.hist(kinds, _BINS, stacked=True, label=(f"recordings of {sound.name}", "all others"))
        left.axvline(sound.rule["on"], color="black", linestyle="--", label=f"on {sound.rule['on']:g}")
        left.set_xlabel(f"largest probability of {sound.name} in a recording")
        left.set_ylabel("recordings")
        for patches in sorted({point.patches for point in sound.points}):
            line = [point.choosing for point in sound.points if point.patches == patches]
            rates, found = [verdict.per_hour for verdict in line], [verdict.recall for verdict in line]
            right.plot(rates, found, marker="o", markersize=3, label=f"{patches[0]} of {patches[1]} patches")
        right.set_xscale("symlog", linthresh=1)
        right.set_xlim(left=-0.1)
        right.set_ylim(-0.02, 1.02)
        right.set_xlabel("false alarms per hour of other recordings")
        right.set_ylabel("share that is found")
        right.grid(alpha=0.3)
        for axes in (left, right):
            axes.legend(fontsize=7)
    data = io.BytesIO()
    figure.savefig(data, dpi=_DPI, format="png")
    return data.getvalue()
