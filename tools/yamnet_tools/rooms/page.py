# SPDX-License-Identifier: Apache-2.0
"""The evaluation as one HTML page, and beside it a snippet of sound for each miss and each false alarm."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.evaluate import plots
from yamnet_tools.files import replacing
from yamnet_tools.rooms.results import (
    Results,
    background_table,
    ceiling_table,
    condition_name,
    false_alarm_table,
    main_table,
)
from yamnet_tools.rooms.streams import SECTION_S, Placed, Section
from yamnet_tools.rooms.verdicts import Verdict, share
from yamnet_tools.templates import render

_BEFORE, _BEHIND, _FALSE_ALARM_S = 2 * SAMPLE_RATE, 2 * SAMPLE_RATE, 8

Rendered = Iterable[tuple[Section, NDArray[np.int16]]]


class Snippet(NamedTuple):
    """A line of the page that can be played.

    Attributes:
        file: Name in the folder of snippets.
        section, start, end: Where it is cut from.
        what: For people.
    """

    file: str
    section: int
    start: int
    end: int
    what: str


def snippets(results: Results, most: int) -> dict[tuple[str, str], tuple[list[Snippet], list[Snippet]]]:
    """Misses and false alarms by contender and sound, `most` of each at most; equal stretches share a file."""
    found = {}
    for name, by_sound in results.verdicts.items():
        for sound, verdict in by_sound.items():
            missed = [
                _snippet(o.section, o.placed.start, o.placed.end, _named(o.placed))
                for o in verdict.outcomes
                if o.latency_s is None
            ]
            false = [
                _snippet(a.section, a.told.start, a.told.start + _FALSE_ALARM_S * SAMPLE_RATE, f"during {a.during}")
                for a in verdict.false_alarms
            ]
            found[name, sound] = (missed[:most], false[:most])
    return found


def _named(placed: Placed) -> str:
    condition = placed.condition
    return f"{Path(placed.name).name} in {condition.background}, {condition_name(condition.snr_db)}"


def _snippet(section: int, start: int, end: int, what: str) -> Snippet:
    first = max(start - _BEFORE, 0)
    return Snippet(f"{section:04}-{first:08}.ogg", section, first, end + _BEHIND, what)


def write_snippets(folder: Path, wanted: Iterable[Snippet], rendered: Rendered, advance: Callable[[], object]) -> None:
    """Cut the snippets out of the stream, made once more, into Ogg files."""
    by_section: dict[int, dict[str, Snippet]] = defaultdict(dict)
    for snippet in wanted:
        by_section[snippet.section][snippet.file] = snippet
    for section, pcm in rendered:
        for snippet in by_section.get(section.number, {}).values():
            with replacing(folder / snippet.file) as temporary:
                soundfile.write(temporary, pcm[snippet.start : snippet.end], SAMPLE_RATE, format="OGG")
        advance()


def html_page(results: Results, cut: dict[tuple[str, str], tuple[list[Snippet], list[Snippet]]], folder: str) -> str:
    """The page; `folder` is the snippets' beside it."""
    return render(
        "rooms/page.html.j2",
        css=files("yamnet_tools.evaluate").joinpath("page.css").read_text(encoding="utf-8"),
        results=results,
        main=main_table(results),
        backgrounds=background_table(results),
        ceiling=ceiling_table(results),
        false_alarms=false_alarm_table(results),
        plots=[(sound, recall_plot(results, sound)) for sound in results.recordings],
        cut=cut,
        folder=folder,
        clock=_clock,
    )


def _clock(snippet: Snippet) -> str:
    """Where in the stream it is, hours:minutes:seconds."""
    seconds = snippet.section * SECTION_S + snippet.start // SAMPLE_RATE
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def recall_plot(results: Results, sound: str) -> str:
    """The share found over signal to noise with its interval, a line for each contender, as SVG."""
    figure, [axis] = plots.new_figure(2.6)
    for index, (name, by_sound) in enumerate(results.verdicts.items()):
        points = list(_points(results, by_sound[sound]))
        if points:
            places, values, lows, highs = zip(*points, strict=True)
            shifted = [place + 0.12 * index for place in places]
            axis.plot(shifted, values, marker="o", markersize=4, color=plots.colour(index), label=name)
            axis.vlines(shifted, lows, highs, color=plots.colour(index), alpha=0.4)
    axis.set_ylim(-0.02, 1.02)
    axis.invert_xaxis()
    axis.set_xlabel("signal to noise, dB")
    axis.set_ylabel("share found")
    plots.legend(figure)
    return plots.svg(figure)


def _points(results: Results, verdict: Verdict) -> Iterator[tuple[float, float, float, float]]:
    for snr in results.setting.snrs_db:
        if outcomes := verdict.at(snr):
            yield (snr, *share(outcomes))
