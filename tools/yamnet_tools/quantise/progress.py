# SPDX-License-Identifier: Apache-2.0
"""Lines of progress with the time that is left, now and then."""

import time
from collections.abc import Callable

_TELL_EVERY_S = 10.0


class Progress:
    """Tells how far work is: when it begins again in its middle, every ten seconds, and when it is done.

    Args:
        report: takes a line.
        what: is worked on, for the line.
        total: how much there is.
        done: how much of it was done before.
    """

    def __init__(self, report: Callable[[str], None], what: str, total: int, done: int = 0) -> None:
        self._report, self._what, self._total, self._first = report, what, total, done
        self._began = self._told = time.monotonic()
        if done:
            report(f"{what}: going on after {done} of {total}")

    def __call__(self, done: int) -> None:
        """Say that so much is done in all."""
        now = time.monotonic()
        if done < self._total and now - self._told < _TELL_EVERY_S:
            return
        self._told = now
        left_s = (now - self._began) / max(1, done - self._first) * (self._total - done)
        left = f", about {left_s / 60:.0f} min left" if left_s >= 60 else f", about {left_s:.0f} s left"
        self._report(f"{self._what}: {done} of {self._total}{left if done < self._total else ''}")
