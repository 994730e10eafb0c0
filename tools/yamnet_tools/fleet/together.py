# SPDX-License-Identifier: Apache-2.0
"""The same for many devices at once."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.fleet.member import Member

_Result = TypeVar("_Result")

_GOODBYE_S = 2.0


def for_each(
    members: Sequence[Member], work: Callable[[Member], _Result], at_once: int
) -> Iterator[tuple[Member, _Result | YamnetToolsError]]:
    """Do something for each device, and give what came of it or why nothing did, as it is done.

    Who stops listening (Ctrl-C) is not kept by devices that take their time: what has begun has a moment to end.
    """
    todo: queue.SimpleQueue[Member] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Member, _Result | Exception]] = queue.SimpleQueue()
    stopped = threading.Event()

    def run() -> None:
        while not stopped.is_set():
            try:
                member = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((member, work(member)))
            except Exception as error:  # it is the caller's
                done.put((member, error))

    for member in members:
        todo.put(member)
    threads = [threading.Thread(target=run, daemon=True) for _ in range(min(at_once, len(members)))]
    for thread in threads:
        thread.start()
    try:
        for _ in members:
            member, result = done.get()
            if isinstance(result, Exception) and not isinstance(result, YamnetToolsError):
                raise result
            yield member, result
    finally:
        stopped.set()
        deadline = time.monotonic() + _GOODBYE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
