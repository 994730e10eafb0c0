# SPDX-License-Identifier: Apache-2.0
"""tools/classify.py from its command line to its exit code."""

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from yamnet_tools import cli
from yamnet_tools.audio import PcmBlock, Recording, find_recordings, open_recording
from yamnet_tools.audio.microphone import Microphone
from yamnet_tools.classify import options as command_line
from yamnet_tools.classify.classes import select_classes
from yamnet_tools.classify.destinations import Destinations
from yamnet_tools.classify.interrupt import Interrupt
from yamnet_tools.classify.options import Options
from yamnet_tools.classify.outputs import Outputs
from yamnet_tools.classify.progress import progress_bar
from yamnet_tools.classify.results import ClipResult
from yamnet_tools.classify.scoring import score
from yamnet_tools.classify.summary import Summary
from yamnet_tools.engines import ENGINE_NAMES, Engine, open_engine
from yamnet_tools.errors import AudioError, ModelError, TruncatedError
from yamnet_tools.files import refuse_overwriting
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.paths import DEFAULT_MODEL, model_files

_CLIPPING_WORTH_A_WORD = 0.01
_LONG_WORK_S = 2.0
_STARTED_S = time.monotonic()


def main(arguments: Sequence[str] | None = None) -> int:
    """Classify what the command line names; returns the exit code.

    Raises:
        YamnetToolsError: No model, or none that fits; no engine; no microphone.
        OSError: The model cannot be read, or an output cannot be written.
        KeyboardInterrupt: Ctrl-C, twice or while there is nothing to complete.
    """
    options = command_line.parse(arguments)
    for stream in (sys.stdout, sys.stderr):  # a name the terminal cannot show must not end the program
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    model = _load(options)
    classes = _choose_classes(options, model)
    engine = open_engine(options.engine, model)
    others = [open_engine(name, model) for name in ENGINE_NAMES if options.compare and name != engine.name]
    make_outputs = partial(Outputs, options, model, engine.name, others, classes)
    with Interrupt() as interrupt:
        if options.mic:
            _hear_microphone(model, engine, make_outputs(several=False), interrupt)
            return cli.EXIT_INTERRUPTED
        clips, all_found = _find(options.clips)
        refuse_overwriting(
            _named_outputs(options, clips), [*model_files(options.model), *map(Path, [*clips, *options.rules])]
        )
        all_heard = _hear_clips(clips, model, engine, make_outputs(several=len(clips) > 1), interrupt)
    if interrupt.requested:
        return cli.EXIT_INTERRUPTED
    return cli.EXIT_OK if all_found and all_heard else cli.EXIT_FAILED


def _load(options: Options) -> YamnetModel:
    if options.model == DEFAULT_MODEL and not options.model.exists():
        raise ModelError("there is no out/model/yamnet.tflite yet: run `python tools/convert_yamnet.py` first")
    return load_model(options.model)


def _choose_classes(options: Options, model: YamnetModel) -> Sequence[int]:
    everything = range(len(model.class_names))
    return select_classes(options.classes, model.class_names) if options.classes else everything


def _named_outputs(options: Options, clips: Sequence[str]) -> Iterator[Path]:
    """The files that will be written for the clips."""
    for path in (options.plot, options.scores, options.embeddings):
        if path is not None:
            yield from map(Destinations(path, several=len(clips) > 1).of, clips)


def _find(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The clips that are there, and whether every argument led to some."""
    clips: list[str] = []
    all_found = True
    for argument in arguments:
        try:
            clips += find_recordings(argument)
        except AudioError as error:
            _say(f"error: {error}")
            all_found = False
    return clips, all_found


def _hear_clips(
    clips: Sequence[str], model: YamnetModel, engine: Engine, outputs: Outputs, interrupt: Interrupt
) -> bool:
    """Hear one clip after the other; returns whether none was bad."""
    all_heard = True
    for number, clip in enumerate(clips, start=1):
        label = cli.one_line(f"[{number}/{len(clips)}] {clip}" if len(clips) > 1 else clip)
        try:
            with open_recording(clip) as recording:
                _hear(recording, label, model, engine, outputs, interrupt)
        except AudioError as error:
            _say(f"error: {error}")
            all_heard = False
        if interrupt.requested:
            if number < len(clips):
                _say(f"{len(clips) - number} more not heard")
            break
    return all_heard


def _hear_microphone(model: YamnetModel, engine: Engine, outputs: Outputs, interrupt: Interrupt) -> None:
    with Microphone() as microphone:
        _say("listening to the microphone; Ctrl-C ends it")
        _hear(microphone, microphone.name, model, engine, outputs, interrupt)
        if microphone.lost_s:
            _say(f"{microphone.lost_s:.2f} s of sound were lost: this computer was too slow")


def _hear(
    source: Recording | Microphone,
    label: str,
    model: YamnetModel,
    engine: Engine,
    outputs: Outputs,
    interrupt: Interrupt,
) -> None:
    """Hear one clip to its end, to where it was cut short, or to Ctrl-C, and give out what was heard.

    Raises:
        AudioError: It cannot be heard, or (TruncatedError, after what there is was given out) not to its end.
    """
    events = outputs.events()
    summary = Summary(len(model.class_names), model.output_quantization)
    truncated: list[TruncatedError] = []
    with interrupt.working(), ExitStack() as opened:
        clip_outputs = [opened.enter_context(output) for output in outputs.of(source)]
        delay_s = max(0.0, _LONG_WORK_S - (time.monotonic() - _STARTED_S))
        with progress_bar(label, source.expected_s, delay_s=delay_s, wanted=not source.endless) as advance:
            for step in score(interrupt.until_requested(_until_truncated(source, truncated)), model, engine):
                summary.add(step)
                told = events.add(step) if events else []
                for output in clip_outputs:
                    output.add(step)
                if events and source.endless:
                    outputs.tell(events, told)
                advance(len(step.audio.samples) / model.front_end.sample_rate_hz)
        if interrupt.requested:
            _say(f"stopped after {source.duration_s:.2f} s of {label}")
        if summary.patches:
            if events:
                events.finish()
            result = ClipResult(
                source.name,
                source.duration_s,
                summary.patches,
                summary.max(),
                summary.mean(),
                _ending(interrupt.requested, bool(truncated)),
                events.ended() if events else None,
            )
            for output in clip_outputs:
                output.finish(result)
    if source.clipped_share > _CLIPPING_WORTH_A_WORD:
        _say(f"{label}: {source.clipped_share:.0%} of the samples exceed full scale and were clipped")
    if truncated:
        raise truncated[0]


def _until_truncated(source: Recording | Microphone, truncated: list[TruncatedError]) -> Iterator[PcmBlock]:
    """A source's blocks; the error of one that was cut short comes last, into `truncated`."""
    try:
        yield from source.blocks()
    except TruncatedError as error:
        truncated.append(error)


def _ending(stopped: bool, truncated: bool) -> str:
    if stopped:
        return "stopped before its end"
    return "heard as far as it goes" if truncated else ""


def _say(message: str) -> None:
    cli.say(f"classify.py: {cli.one_line(message)}")
