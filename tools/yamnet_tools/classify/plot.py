# SPDX-License-Identifier: Apache-2.0
"""--plot: waveform, log-mel and class timeline in one picture, on one time axis."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from device_core import LogMelSpec
from yamnet_tools.classify.plot_data import PlotData
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import strongest
from yamnet_tools.cli import one_line, say
from yamnet_tools.files import replacing
from yamnet_tools.model import YamnetModel

_WIDTH_INCHES = 10.0
_DPI = 150
_WAVEFORM_INCHES = 1.1
_LOG_MEL_INCHES = 2.2
_CLASS_INCHES = 0.27
_LEAST_CLASS_INCHES = 0.5
_COLOR_BAR_INCHES = 0.15
_MARGIN_INCHES = 1.3
_MEL_TICKS_HZ = (250, 500, 1000, 2000, 4000)
_MINUTES_FROM_S = 120.0
_INK = "#1f3a5f"
_EVENT = "#c8401f"
_HTK_BREAK_HZ = 700.0  # mel = 1127 ln(1 + f / 700)


class PlotFile:
    """Draws one clip.

    Args:
        path: The picture to write; its suffix says the format.
        model: Whose scores these are.
        engine: Name of the engine that computed them.
        classes: Class indexes that may appear.
        top: Most classes shown.
        threshold: A class that never reaches this probability is not shown, if another does.
    """

    def __init__(
        self, path: Path, model: YamnetModel, engine: str, classes: Sequence[int], top: int, threshold: float
    ) -> None:
        self._path = path
        self._model = model
        self._engine = engine
        self._classes = classes
        self._top = top
        self._threshold = threshold
        self._data = PlotData(model)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, step: Step) -> None:
        """Take the clip's next step."""
        self._data.add(step)

    def finish(self, result: ClipResult) -> None:
        """Draw and write the picture."""
        ranked = strongest(result.max, self._classes, self._top, 0.0, result.mean)
        shown = [entry.class_index for entry in ranked if entry.p >= min(self._threshold, ranked[0].p)]
        class_inches = max(_CLASS_INCHES * len(shown), _LEAST_CLASS_INCHES)
        events = result.events or []
        event_inches = _CLASS_INCHES * len({event["title"] for event in events})
        rows = [_WAVEFORM_INCHES, event_inches, _LOG_MEL_INCHES, class_inches]
        if not events:
            del rows[1]
        figure = Figure(figsize=(_WIDTH_INCHES, sum(rows) + _MARGIN_INCHES), layout="constrained")
        FigureCanvasAgg(figure)
        waveform, *middle, log_mel, classes = figure.subplots(
            len(rows), 1, sharex=True, gridspec_kw={"height_ratios": rows}
        )
        waveform.set_title(
            replace(result, name=Path(result.name).name).headline(self._engine),
            loc="left",
            fontsize=11,
            parse_math=False,
        )
        self._draw_waveform(waveform)
        self._draw_log_mel(figure, log_mel)
        self._draw_classes(figure, classes, shown, class_inches)
        for axes in middle:
            _draw_events(axes, events)
        classes.set_xlim(0, max(result.duration_s, self._data.log_mel().end_s))
        _label_time(classes, result.duration_s)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a file name in a script the font lacks
            with replacing(self._path) as temporary:
                figure.savefig(temporary, dpi=_DPI)
        say(one_line(f"wrote {self._path}"))

    def _draw_waveform(self, axes: Axes) -> None:
        waveform = self._data.waveform()
        axes.fill_between(waveform.time_s, waveform.low, waveform.high, color=_INK, linewidth=0.4, step="post")
        largest = max(float(np.abs(waveform.low).max()), float(np.abs(waveform.high).max()), 1e-3)
        axes.set_ylim(-1.05 * largest, 1.05 * largest)
        axes.yaxis.set_major_locator(MaxNLocator(3, symmetric=True))
        axes.set_ylabel("amplitude")

    def _draw_log_mel(self, figure: Figure, axes: Axes) -> None:
        log_mel = self._data.log_mel()
        spec = self._model.front_end
        image = axes.imshow(
            log_mel.values,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            cmap="magma",
            extent=(0, log_mel.end_s, -0.5, spec.mel_bands - 0.5),
        )
        axes.set_yticks([_mel_band(hz, spec) for hz in _MEL_TICKS_HZ], [f"{hz:,}" for hz in _MEL_TICKS_HZ])
        axes.set_ylabel("mel band (Hz)")
        figure.colorbar(image, ax=axes, label="ln(mel)", pad=0.01, aspect=_LOG_MEL_INCHES / _COLOR_BAR_INCHES)

    def _draw_classes(self, figure: Figure, axes: Axes, shown: Sequence[int], inches: float) -> None:
        columns = self._data.classes
        image = axes.pcolormesh(
            columns.edges_s(),
            np.arange(len(shown) + 1),
            columns.probabilities(shown),
            cmap="Blues",
            vmin=0,
            vmax=1,
        )
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(shown)) + 0.5, [self._model.class_names[index] for index in shown])
        axes.tick_params(axis="y", length=0)
        axes.hlines(np.arange(1, len(shown)), *columns.edges_s()[[0, -1]], color="white", linewidth=1.5)
        figure.colorbar(image, ax=axes, label="p", pad=0.01, aspect=inches / _COLOR_BAR_INCHES)


def _draw_events(axes: Axes, events: Sequence[dict[str, Any]]) -> None:
    """One row for each rule that told of something, a bar for each event."""
    titles = list(dict.fromkeys(event["title"] for event in events))
    for event in events:
        axes.barh(
            titles.index(event["title"]),
            event["end_s"] - event["start_s"],
            left=event["start_s"],
            height=0.7,
            color=_EVENT,
        )
    axes.set_ylim(len(titles) - 0.5, -0.5)
    axes.set_yticks(range(len(titles)), titles)
    axes.tick_params(axis="y", length=0)


def _mel_band(hz: float, spec: LogMelSpec) -> float:
    """Position of a frequency on the band axis; band b peaks at b."""
    low, high, mel = (math.log1p(f / _HTK_BREAK_HZ) for f in (spec.mel_low_hz, spec.mel_high_hz, hz))
    return (mel - low) / (high - low) * (spec.mel_bands + 1) - 1


def _label_time(axes: Axes, duration_s: float) -> None:
    if duration_s < _MINUTES_FROM_S:
        axes.set_xlabel("time (s)")
        return
    hours = duration_s >= 3600
    axes.set_xlabel("time (h:mm:ss)" if hours else "time (m:ss)")
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
    step = next((step for step in steps if duration_s / step <= 12), steps[-1])
    axes.set_xticks(np.arange(0, duration_s, step))

    def text(seconds: float, _position: int) -> str:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

    axes.xaxis.set_major_formatter(FuncFormatter(text))
