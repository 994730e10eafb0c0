# SPDX-License-Identifier: Apache-2.0
"""The same for many devices at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.member import Member

_Result = TypeVar("_Result")


def for_each(
    members: Sequence[Member], work: Callable[[Member], _Result], at_once: int
) -> Iterator[tuple[Member, _Result | DeviceError]]:
    """Do something for each device, and give what came of it or why nothing did, as it is done."""
    if not members:
        return
    with ThreadPoolExecutor(max_workers=min(at_once, len(members))) as pool:
        tasks: dict[Future[_Result], Member] = {pool.submit(work, member): member for member in members}
        try:
            for task in as_completed(tasks):
                try:
                    yield tasks[task], task.result()
                except DeviceError as error:
                    yield tasks[task], error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
