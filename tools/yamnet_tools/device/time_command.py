# SPDX-License-Identifier: Apache-2.0
"""The device's clock: set by whoever asks a device over its cable, as nobody else may be there to do it."""

import argparse
from datetime import UTC, datetime

from yamnet_tools import cli
from yamnet_tools.device.answers import Clock
from yamnet_tools.device.any_device import AnyDevice
from yamnet_tools.device.client import Device
from yamnet_tools.errors import DeviceError

_ASK_S = 1.0
_WORTH_A_CHANGE_S = 5.0


def run_time(device: AnyDevice, options: argparse.Namespace) -> int:
    """Set the clock of a device at a cable, and its zone if one is named; print both."""
    before = device.clock()
    if options.zone is not None:
        device.set_time_zone(options.zone)
    if isinstance(device, Device) and not options.show:
        clock = device.set_clock()
        print(f"{_shown(clock)}; set: {_told(before)}")
    else:
        clock = device.clock()
        print(_shown(clock))
    return cli.EXIT_OK if clock.utc is not None else cli.EXIT_FAILED


def keep_time(device: Device, timeout_s: float) -> str:
    """Set the clock of a device that nobody has set or that goes wrong, unless a network sets it.

    Args:
        device: at a cable.
        timeout_s: how long the device may take to answer; a second at most. It may not answer at all.

    Returns:
        What was done, or what is wrong with the clock, in words for people; "" for nothing.

    Raises:
        DeviceError: the line broke, or the device's firmware is too old to be asked.
    """
    before = device.clock_once(min(timeout_s, _ASK_S))
    if before is None or (before.utc is not None and abs(_ahead_s(before)) < _WORTH_A_CHANGE_S):
        return ""
    if before.utc is not None and (device.info().fields.get("network") or {}).get("address"):
        return f"{_told(before)}; it asks {before.time_server}"
    try:
        device.set_clock()
    except DeviceError as error:
        return f"{_told(before)}, and stays so: {error}"
    return f"{_told(before)}; it is set now"


def _ahead_s(clock: Clock) -> float:
    return 0.0 if clock.utc is None else (clock.utc - datetime.now(UTC)).total_seconds()


def _told(clock: Clock) -> str:
    if clock.utc is None:
        return "the device's clock was not set"
    ahead_s = _ahead_s(clock)
    return f"the device's clock was {abs(ahead_s):,.1f} s {'ahead of' if ahead_s > 0 else 'behind'} this computer's"


def _shown(clock: Clock) -> str:
    zone = clock.time_zone or "UTC"
    return f"{'not set' if clock.utc is None else clock.utc.isoformat(timespec='milliseconds')}, zone {zone}"
