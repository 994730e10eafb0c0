# SPDX-License-Identifier: Apache-2.0
"""An update in waves: one device, then three times as many as have it, and so on; it stops at the first failures.

What devices have, they say themselves: run again, it goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.fleet.member import Member
from yamnet_tools.fleet.together import for_each
from yamnet_tools.fleet.update import FleetUpdate

_GROWTH = 3


@dataclass
class Outcome:
    """Names of devices, by what became of them."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all devices run it."""
        return not (self.failed or self.left_out or self.not_tried)


@dataclass(frozen=True)
class Rollout:
    """How an update is brought to a fleet.

    Attributes:
        update: of one device.
        first: devices in the first wave.
        most_failures: it stops after the wave in which there are so many.
        at_once: devices that are sent to at once.
        timeout_s: for an answer.
        say: takes lines for people.
    """

    update: FleetUpdate
    first: int
    most_failures: int
    at_once: int
    timeout_s: float
    say: Callable[[str], None]

    def run(self, members: Sequence[Member], *, dry_run: bool = False) -> Outcome:
        """Update devices, in their order. One that is away, or busy, is left out and holds nothing up."""
        outcome = Outcome()
        waiting = self._those_without(members, outcome)
        number = 0
        while waiting and len(outcome.failed) < self.most_failures:
            size = max(self.first, _GROWTH * len(outcome.done)) if outcome.done else self.first
            wave, waiting = waiting[:size], waiting[size:]
            number += 1
            self.say(f"wave {number}: {', '.join(member.name for member in wave)}")
            if dry_run:
                outcome.done += [member.name for member in wave]
            else:
                self._update(wave, outcome)
        outcome.not_tried = [member.name for member in waiting]
        return outcome

    def _those_without(self, members: Sequence[Member], outcome: Outcome) -> list[Member]:
        answers = dict(for_each(members, lambda member: self.update.has_it(member.line(self.timeout_s)), self.at_once))
        for member in members:
            answer = answers[member]
            if isinstance(answer, YamnetToolsError):
                self.say(f"{member.name}: left out: {answer}")
                outcome.left_out.append(member.name)
            elif answer:
                self.say(f"{member.name}: has it already")
                outcome.done.append(member.name)
        return [member for member in members if answers[member] is False]

    def _update(self, wave: Sequence[Member], outcome: Outcome) -> None:
        for member, result in for_each(wave, lambda m: self.update.bring(m.line(self.timeout_s)), self.at_once):
            if isinstance(result, YamnetToolsError):
                self.say(f"{member.name}: FAILED: {result}")
                outcome.failed.append(member.name)
            else:
                self.say(f"{member.name}: runs it")
                outcome.done.append(member.name)
