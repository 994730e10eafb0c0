# SPDX-License-Identifier: Apache-2.0
"""Which outputs were asked for, and with what in them."""

import sys
from collections.abc import Iterator, Sequence

from device_core import Event
from yamnet_tools.audio import SAMPLE_RATE, Recording
from yamnet_tools.audio.microphone import Microphone
from yamnet_tools.classify.compare import Comparison
from yamnet_tools.classify.destinations import Destinations
from yamnet_tools.classify.embeddings_file import EmbeddingsFile
from yamnet_tools.classify.json_output import JsonOutput
from yamnet_tools.classify.options import DEFAULT_HEARD, DEFAULT_TOP, DEFAULT_TOP_PLOTTED, Options
from yamnet_tools.classify.results import Output
from yamnet_tools.classify.scores_file import ScoresFile
from yamnet_tools.classify.text_output import TextOutput, clock
from yamnet_tools.engines import Embedder, Engine
from yamnet_tools.events.clip_events import ClipEvents
from yamnet_tools.events.rules import load_rules
from yamnet_tools.model import YamnetModel


class Outputs:
    """Makes the outputs of one clip after the other.

    Args:
        options: What was asked for.
        model: Whose scores these are.
        engine: Name of the engine that computes them.
        others: The engines to compare it with.
        classes: Class indexes that may appear.
        several: Whether there is more than one clip.
    """

    def __init__(
        self,
        options: Options,
        model: YamnetModel,
        engine: str,
        others: Sequence[Engine],
        classes: Sequence[int],
        *,
        several: bool,
    ) -> None:
        self._options = options
        self._model = model
        self._engine = engine
        self._others = others
        self._classes = classes
        self._plots = Destinations(options.plot, several=several) if options.plot else None
        self._scores = Destinations(options.scores, several=several) if options.scores else None
        self._embeddings = Destinations(options.embeddings, several=several) if options.embeddings else None
        self._embedder = Embedder(model) if options.embeddings else None
        self._rules = load_rules(options.rules, model.class_names) if options.rules else None

    def events(self) -> ClipEvents | None:
        """What finds a clip's events, if that was asked for."""
        return ClipEvents(self._rules, self._model) if self._rules else None

    def tell(self, events: ClipEvents, told: Sequence[Event]) -> None:
        """Print what begins and ends while it is heard; in --json it comes with the clip's line."""
        if self._options.json:
            return
        for event in told:
            if event.kind != "update":
                at = event.start_sample if event.kind == "start" else event.end_sample
                print(f"{clock(at / SAMPLE_RATE)}  {event.kind:5}  {events.line(event)}", flush=True)

    def of(self, source: Recording | Microphone) -> Iterator[Output]:
        """Make a clip's outputs; files come first: they are to be whole even if standard output is closed early."""
        if self._scores:
            yield ScoresFile(self._scores.of(source.name), self._model)
        if self._embeddings and self._embedder:
            yield EmbeddingsFile(self._embeddings.of(source.name), self._embedder)
        if self._plots:
            from yamnet_tools.classify.plot import PlotFile  # matplotlib takes a second to load

            yield PlotFile(
                self._plots.of(source.name),
                self._model,
                self._engine,
                self._classes,
                self._top(DEFAULT_TOP_PLOTTED),
                self._threshold(0.0 if self._options.classes else DEFAULT_HEARD),
            )
        yield self._json() if self._options.json else self._text(live=source.endless)
        for other in self._others:
            out = sys.stderr if self._options.json else sys.stdout
            yield Comparison(out, self._engine, other, self._model.output_quantization.scale)

    def _json(self) -> JsonOutput:
        return JsonOutput(
            sys.stdout, self._model, self._engine, self._classes, self._top(DEFAULT_TOP), self._threshold(0.0)
        )

    def _text(self, *, live: bool) -> TextOutput:
        return TextOutput(
            sys.stdout,
            self._model,
            self._engine,
            self._classes,
            top=self._top(DEFAULT_TOP),
            threshold=self._threshold(0.0),
            heard_threshold=self._threshold(DEFAULT_HEARD),
            live=live,
        )

    def _top(self, default: int) -> int:
        """What was asked for, else all the classes that were chosen, else the default."""
        return self._options.top or (len(self._classes) if self._options.classes else default)

    def _threshold(self, default: float) -> float:
        return default if self._options.threshold is None else self._options.threshold
