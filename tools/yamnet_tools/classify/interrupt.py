# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C as a request: the step under way is completed, so that what was done so far is whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self, TypeVar

Item = TypeVar("Item")


class Interrupt:
    """Ctrl-C while entered: inside working() the first one only sets `requested`, elsewhere it interrupts at once.

    Attributes:
        requested: Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._working = False

    def __enter__(self) -> Self:
        # A shell that starts a job in the background makes it ignore Ctrl-C; that stays so.
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Mark work that is to be completed."""
        self._working = True
        try:
            yield
        finally:
            self._working = False

    def until_requested(self, items: Iterator[Item]) -> Iterator[Item]:
        """Pass items on until Ctrl-C, which ends even the wait for the next one: that may last for ever."""
        while not self.requested:
            working, self._working = self._working, False
            try:
                item = next(items)
            except StopIteration:
                return
            except KeyboardInterrupt:
                if not self.requested:
                    raise
                return
            finally:
                self._working = working
            yield item

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if again or not self._working:
            raise KeyboardInterrupt
