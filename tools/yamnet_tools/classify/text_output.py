# SPDX-License-Identifier: Apache-2.0
"""What a person reads: the strongest classes over a clip, and what was heard when."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TextIO

import numpy as np
from numpy.typing import NDArray

from yamnet_tools.classify.class_columns import ClassColumns
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import Step
from yamnet_tools.classify.summary import Ranked, strongest
from yamnet_tools.classify.timeline import Timeline
from yamnet_tools.model import YamnetModel

_WIDTH_WITHOUT_TERMINAL = 100
_LONGEST_COURSE = 64
_SHORTEST_COURSE = 8
_POOL_COLUMNS = 2 * _LONGEST_COURSE
_WIDEST_PATCH = 4
_MARGIN = 2


@dataclass(frozen=True)
class Glyphs:
    """Characters the text is drawn with.

    Attributes:
        levels: From nothing to certain.
        ellipsis: Ends a shortened name.
    """

    levels: str
    ellipsis: str

    @staticmethod
    def for_stream(out: TextIO) -> "Glyphs":
        """Block characters where the stream's encoding has them, plain ASCII elsewhere."""
        unicode_glyphs = Glyphs(" ▁▂▃▄▅▆▇█", "…")
        try:
            (unicode_glyphs.levels + unicode_glyphs.ellipsis).encode(out.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return Glyphs(" .:-=+*#@", "...")
        return unicode_glyphs


class TextOutput:
    """Prints a clip's report.

    Args:
        out: Where it goes.
        model: Whose scores these are.
        engine: Name of the engine that computed them.
        classes: Class indexes that may appear.
        top: Most classes in the table.
        threshold: Probability below which a class is left out of the table.
        heard_threshold: Probability from which on a class counts as heard in the timeline.
        live: Whether to print what begins to be heard as it does.
    """

    def __init__(
        self,
        out: TextIO,
        model: YamnetModel,
        engine: str,
        classes: Sequence[int],
        *,
        top: int,
        threshold: float,
        heard_threshold: float,
        live: bool,
    ) -> None:
        self._out = out
        self._names = model.class_names
        self._engine = engine
        self._classes = classes
        self._top = top
        self._threshold = threshold
        self._heard_threshold = heard_threshold
        self._live = live
        self._glyphs = Glyphs.for_stream(out)
        self._width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns
        self._timeline = Timeline(model, classes, heard_threshold)
        self._columns = ClassColumns(model, _POOL_COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timeline.close()

    def add(self, step: Step) -> None:
        """Take the next step's scores."""
        self._columns.add(step)
        onsets = self._timeline.add(step)
        if self._live:
            for onset in onsets:
                self._print(f"{clock(onset.start_s)}  {onset.p:.2f}  {self._names[onset.class_index]}")
            self._out.flush()

    def finish(self, result: ClipResult) -> None:
        """Print the report."""
        self._print(result.headline(self._engine))
        ranked = strongest(result.max, self._classes, self._top, self._threshold, result.mean)
        if ranked:
            self._print_table(ranked, result)
        self._print_timeline(result.duration_s)
        if result.events is not None:
            self._print_events(result.events)
        self._print("")
        self._out.flush()

    def _print_table(self, ranked: Sequence[Ranked], result: ClipResult) -> None:
        name_width = max(len(self._names[entry.class_index]) for entry in ranked)
        fixed = _MARGIN + len("index   max  mean  ") + 2
        course_width = min(_LONGEST_COURSE, self._width - fixed - name_width)
        if course_width < _SHORTEST_COURSE:
            name_width = min(name_width, max(self._width - fixed, _SHORTEST_COURSE))
            course_width = 0
        courses = self._courses([entry.class_index for entry in ranked], course_width)
        head = f"{'class':{name_width}}  {self._axis(result.duration_s, len(courses[0]))}".rstrip()
        self._print(f"  index   max  mean  {head}")
        for entry, course in zip(ranked, courses, strict=True):
            name = self._shortened(self._names[entry.class_index], name_width)
            numbers = f"{entry.class_index:5}  {entry.p:.2f}  {result.mean[entry.class_index]:.2f}"
            self._print(f"  {numbers}  {name:{name_width}}  {course}".rstrip())

    def _print_timeline(self, duration_s: float) -> None:
        heading = f"  heard (p >= {self._heard_threshold:g}):"
        time_width = len(clock(duration_s))
        name_width = max(self._width - 2 * time_width - len("     -   0.00  "), _SHORTEST_COURSE)
        for segment in self._timeline.segments(duration_s):
            if heading:
                self._print(heading)
                heading = ""
            start, end = clock(segment.start_s), clock(segment.end_s)
            name = self._shortened(self._names[segment.class_index], name_width)
            self._print(f"    {start:>{time_width}} - {end:>{time_width}}  {segment.peak:.2f}  {name}")
        if heading:
            self._print(f"{heading} nothing")

    def _print_events(self, events: Sequence[dict[str, Any]]) -> None:
        self._print("  events:" if events else "  events: none")
        times = [(clock(event["start_s"]), clock(event["end_s"])) for event in events]
        width = max((len(time) for pair in times for time in pair), default=0)
        for event, (start, end) in zip(events, times, strict=True):
            heard = ", ".join(entry["name"] for entry in event["top"][:3])
            self._print(f"    {start:>{width}} - {end:>{width}}  {event['peak']:.2f}  {event['title']} ({heard})")

    def _courses(self, classes: Sequence[int], width: int) -> list[str]:
        """Each class's course over the clip in at most `width` characters."""
        if width == 0:
            return [""] * len(classes)
        p = pool_to(self._columns.probabilities(classes), width)
        p = np.repeat(p, max(1, min(_WIDEST_PATCH, width // p.shape[1])), axis=1)
        levels = np.rint(p * (len(self._glyphs.levels) - 1)).astype(int)
        return ["".join(self._glyphs.levels[level] for level in row) for row in levels]

    def _axis(self, duration_s: float, width: int) -> str:
        end = clock(duration_s)
        return "0:00" + end.rjust(width - len("0:00")) if width >= len("0:00 ") + len(end) else ""

    def _shortened(self, text: str, width: int) -> str:
        return text if len(text) <= width else text[: width - len(self._glyphs.ellipsis)] + self._glyphs.ellipsis

    def _print(self, line: str) -> None:
        print(line, file=self._out)


def pool_to(p: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Pool the columns of [rows, columns] to at most `width` by their maximum."""
    columns = p.shape[1]
    if columns <= width:
        return p
    starts = np.arange(width) * columns // width
    pooled: NDArray[np.float64] = np.maximum.reduceat(p, starts, axis=1)
    return pooled


def clock(seconds: float) -> str:
    """A time in a clip: m:ss.cc, from an hour on h:mm:ss.cc."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 100:02}.{rest % 100:02}"
    return f"{hours}:{minutes:02}:{tail}" if hours else f"{minutes}:{tail}"
