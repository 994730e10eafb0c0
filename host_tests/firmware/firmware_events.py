# SPDX-License-Identifier: Apache-2.0
"""Events of a replayed recording: on the device, in its journal and clips, and by tools/classify.py."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from firmware_console import Console, ConsoleError, unwrap, words
from firmware_targets import CHECKOUT

Event = dict[str, Any]

RATE = 16_000
PRE_ROLL, POST_ROLL = 5 * RATE, 3 * RATE
CHUNK_BYTES = 6_144
PRESETS = ",".join(sorted(path.stem for path in (CHECKOUT / "components/sound_events/presets").glob("*.json")))


def classified(recording: Path, model: Path, rules: str = PRESETS) -> list[Event]:
    """The events that tools/classify.py finds."""
    command = [sys.executable, str(CHECKOUT / "tools" / "classify.py"), str(recording)]
    command += ["--model", str(model), "--rules", rules, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    events: list[Event] = json.loads(done.stdout)["events"]
    return events


def wait_until_kept(console: Console, ended: int) -> dict[str, Any]:
    """Ask @events until `ended` events have an end in the journal and no clip is being written."""
    for _ in range(300):
        answer = console.ask("events")
        ends = [line for line in answer["latest"] if line["kind"] == "end"]
        storage = answer["storage"]
        if len(ends) >= ended and not storage["recording"] and storage["lines_written"] >= 2 * ended:
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"the events were not kept: {answer}")


def check_same_events(journal: Sequence[Event], expected: Sequence[Event]) -> None:
    """The same events with the same times and scores; each has a start and an end line, and a clip."""
    ends = sorted((line for line in journal if line["kind"] == "end"), key=order)
    starts = sorted((line for line in journal if line["kind"] == "start"), key=order)
    expected = sorted(expected, key=order)
    for field in ("rule", "start_sample", "end_sample", "reason", "peak_sample", "patches"):
        assert [line[field] for line in ends] == [event[field] for event in expected], field
    for field in ("peak", "mean"):
        np.testing.assert_allclose([line[field] for line in ends], [event[field] for event in expected], atol=1e-4)
    assert [line["id"] for line in starts] == [line["id"] for line in ends]
    assert all(line["clip"] for line in ends)


def order(event: Event) -> tuple[int, str]:
    """By time, then by rule."""
    return event["start_sample"], event["rule"]


def check_clips(journal: Sequence[Event], recording: npt.NDArray[np.int16], read_clip: Callable[[str], Path]) -> None:
    """Every clip holds exactly the samples around its events that were played."""
    clips = {line["clip"] for line in journal}
    for name in clips:
        events = [line for line in journal if line["clip"] == name and line["kind"] == "end"]
        first = max(0, min(line["start_sample"] for line in events) - PRE_ROLL)
        last = min(len(recording), max(line["end_sample"] for line in events) + POST_ROLL)
        pcm, rate = soundfile.read(read_clip(name), dtype="int16")
        assert rate == RATE
        assert np.array_equal(pcm, recording[first:last]), (name, len(pcm), first, last)
        for line in events:
            assert line["clip_offset_s"] == pytest.approx((line["start_sample"] - first) / RATE, abs=1e-3)


def rule_document(console: Console) -> str:
    """The document that runs."""
    text, total = b"", 1
    while len(text) < total:
        answer = console.ask("rules", f"show {len(text)}")
        text += unwrap(answer["document"])
        total = answer["total"]
        assert answer["next_offset"] == len(text)
    return text.decode()


def set_rules(console: Console, document: str) -> int:
    """Send a document; how many rules the device runs now."""
    data = document.encode()
    for first in range(0, len(data), CHUNK_BYTES):
        answer = console.ask("rules", f"set {first} {len(data)} {words(data[first : first + CHUNK_BYTES])}")
    count: int = answer["rules"]
    return count


def refusal(console: Console, document: str) -> str:
    """Why the device does not take a document."""
    try:
        set_rules(console, document)
    except ConsoleError as error:
        return str(error)
    raise AssertionError("the document was taken")
