# SPDX-License-Identifier: Apache-2.0
"""A progress bar on standard error: only on a terminal, and only when work takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm


class Advance(Protocol):
    """Moves the bar."""

    def __call__(self, seconds: float) -> object:
        """Say that `seconds` more of audio are done."""


@contextmanager
def progress_bar(label: str, total_s: float | None, *, delay_s: float, wanted: bool) -> Iterator[Advance]:
    """Show how many seconds of audio are done.

    Args:
        label: What is being worked on.
        total_s: Seconds of audio in all, None if unknown.
        delay_s: Shown only after so many seconds.
        wanted: False for no bar at all.

    Yields:
        A function to call with the seconds of audio that are done.
    """
    known = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s of audio, {remaining} left"
    unknown = "{desc}: {n:.0f} s of audio in {elapsed}"
    with tqdm(
        desc=label,
        total=total_s,
        bar_format=unknown if total_s is None else known,
        delay=delay_s,
        disable=None if wanted else True,  # None: only off a terminal
        leave=False,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update
