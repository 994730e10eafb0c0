# SPDX-License-Identifier: Apache-2.0
"""Sets rules or settings on a fleet, and nothing that somebody else has changed meanwhile."""

from dataclasses import dataclass, field

from yamnet_tools.fleet.change import Change, Reader
from yamnet_tools.fleet.member import Member
from yamnet_tools.fleet.pushed import Pushed


@dataclass(frozen=True)
class Push:
    """How a push is done.

    Attributes:
        read: says what is to become of a device.
        pushed: what was pushed before.
        dry_run: nothing is changed; what would be is told.
        replace: also what somebody else has changed.
        timeout_s: for each answer.
    """

    read: Reader
    pushed: Pushed
    dry_run: bool
    replace: bool
    timeout_s: float

    def to(self, member: Member) -> "Result":
        """Push to one device; parts of it one after the other.

        Raises:
            DeviceError: it is away or refuses; what was set before is told by the next --dry-run.
        """
        line = member.line(self.timeout_s)
        result = Result()
        for change in self.read(line):
            if not change.needed:
                result.lines.append(f"{change.path}: the same")
                self._remember(member, change, change.tag)
            elif not self._may_replace(member, change):
                result.refused = True
                result.lines.append(
                    f"{change.path}: somebody else has set it: left as it is; --dry-run shows it, --replace replaces it"
                )
            elif self.dry_run:
                result.lines.append(f"{change.path}: would change")
            else:
                self._remember(member, change, change.make(line))
                result.lines.append(f"{change.path}: set")
            if self.dry_run and change.needed:
                result.lines += [f"  {row}" for row in change.difference()] or ["  a secret, which cannot be compared"]
        return result

    def _may_replace(self, member: Member, change: Change) -> bool:
        return self.replace or change.untouched or self.pushed.is_ours(member.name, change.path, change.tag)

    def _remember(self, member: Member, change: Change, tag: str) -> None:
        if not self.dry_run and tag:
            self.pushed.remember(member.name, change.path, tag)


@dataclass
class Result:
    """What became of one device: lines for people, and whether something was left as it is."""

    lines: list[str] = field(default_factory=list)
    refused: bool = False
