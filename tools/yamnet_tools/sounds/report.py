# SPDX-License-Identifier: Apache-2.0
"""What to expect of learnt sounds, and what to record more of, for people."""

from collections.abc import Sequence

from yamnet_tools.events.tune_report import described
from yamnet_tools.sounds.clips import OTHER
from yamnet_tools.sounds.expectation import Expectation
from yamnet_tools.sounds.patches import LearntClip

_NAMED = 3
_ENOUGH_RECORDINGS = 20
_ENOUGH_OTHER_S = 3600.0


def report(expected: Sequence[Expectation], clips: Sequence[LearntClip]) -> str:
    """A paragraph for each sound, then what would help most."""
    lines = []
    for sound in expected:
        need, of = sound.rule["patches"]["need"], sound.rule["patches"]["of"]
        lines.append(f"{sound.name}: on {sound.rule['on']:g}, off {sound.rule['off']:g}, {need} of {of} patches")
        lines.append(f"  expect: {described(sound.verdict)}")
        lines.append(f"  thresholds chosen on one half, judged on the other: {described(sound.halves_verdict)}")
    lines += ["(by heads that had not heard the recording; intervals: 95 %, exact)", "", "record more:"]
    wishes = [wish for sound in expected for wish in _wishes(sound, clips)]
    seconds = sum(clip.seconds for clip in clips if clip.source.label == OTHER)
    if seconds < _ENOUGH_OTHER_S:
        wishes.append(
            f"{OTHER}: {seconds / 60:.1f} minutes bound false alarms poorly; an hour of the room's usual sounds bounds"
            " them to 4 an hour if there is none"
        )
    return "\n".join([*lines, *(f"  {wish}" for wish in wishes or ["nothing in particular"])])


def _wishes(sound: Expectation, clips: Sequence[LearntClip]) -> list[str]:
    wishes = []
    sources = len({clip.source.group for clip in clips if clip.source.label == sound.rule["title"]})
    if sources < _ENOUGH_RECORDINGS:
        wishes.append(f"{sound.name}: {sources} recordings; from {_ENOUGH_RECORDINGS} on the figures say more")
    if sound.missed:
        wishes.append(f"{sound.name} like those it misses: {_names(sound.missed)}")
    if sound.mistaken:
        mistaken = [clip for clip, _ in sound.mistaken]
        wishes.append(f"{OTHER} like what it takes for {sound.name}: {_names(mistaken)}")
    return wishes


def _names(clips: Sequence[LearntClip]) -> str:
    more = f" and {len(clips) - _NAMED} more" if len(clips) > _NAMED else ""
    return ", ".join(f"{clip.source.label}/{clip.source.path.name}" for clip in clips[:_NAMED]) + more
