# SPDX-License-Identifier: Apache-2.0
"""Waiting for a device that starts, however it is asked."""

import time
from collections.abc import Callable

from yamnet_tools.device.answers import Info
from yamnet_tools.errors import DeviceError

READY_S = 30.0
"""How long a restart may take."""

_ANSWER_S = 5.0
_STEP_S = 10.0
_PAUSE_S = 3.0


def restart(
    before: Info,
    order: Callable[[], object],
    ask: Callable[[float], Info],
    timeout_s: float,
    revive: Callable[[], None],
) -> Info:
    """Restart a device and wait until it answers again.

    Args:
        before: how it is.
        order: tells it to restart.
        ask: asks once how it is, within some seconds.
        timeout_s: how long it may take.
        revive: mends the way to it after a question without answer.

    Raises:
        DeviceError: it does not restart, or not in time.
    """
    started = time.monotonic()
    order()

    def restarted(now: Info) -> bool:
        counted = None not in (now.boot_count, before.boot_count) and now.boot_count != before.boot_count
        return counted or now.uptime_ms <= 1000 * (time.monotonic() - started)

    return wait_until_booted(ask, timeout_s, restarted, revive)


def wait_until_booted(
    ask: Callable[[float], Info],
    timeout_s: float,
    restarted: Callable[[Info], bool] = lambda _: True,
    revive: Callable[[], None] = lambda: None,
) -> Info:
    """Wait for a device that starts: until all boot steps went well, or none has come for a while after one failed.

    Args:
        ask: asks once how it is, within some seconds.
        timeout_s: how long.
        restarted: tells the device's state after a restart from the one before.
        revive: mends the way to it after a question without answer.

    Raises:
        DeviceError: it does not answer in time.
    """
    deadline = time.monotonic() + timeout_s
    pause_s = min(_PAUSE_S, timeout_s / 100)  # answering takes a slow device's time, too
    last: Info | None = None
    last_step = time.monotonic()
    while (left := deadline - time.monotonic()) > 0:
        try:
            now = ask(min(left, _ANSWER_S))
        except DeviceError:
            revive()
            continue
        if restarted(now):
            if last is None or now.boot_steps != last.boot_steps:
                last_step = time.monotonic()
            last = now
            if now.ready or (now.failed_steps and time.monotonic() - last_step > _STEP_S):
                break
        time.sleep(pause_s)
    if last is None:
        raise DeviceError(f"the device did not come up within {timeout_s:.0f} s")
    return last
