# SPDX-License-Identifier: Apache-2.0
"""A client of the serial protocol (docs/serial-protocol.md): ask a board, QEMU or the simulated device."""

from yamnet_tools.device.answers import (
    Events,
    Info,
    OpCost,
    PcmPatch,
    Profile,
    Rules,
    RuleState,
    Scored,
    SelfTestResult,
)
from yamnet_tools.device.client import Device, PcmSummary
from yamnet_tools.device.conversation import Counters
from yamnet_tools.device.line import SerialLine, open_line
from yamnet_tools.device.ports import find_port

__all__ = [
    "Counters",
    "Device",
    "Events",
    "Info",
    "OpCost",
    "PcmPatch",
    "PcmSummary",
    "Profile",
    "RuleState",
    "Rules",
    "Scored",
    "SelfTestResult",
    "SerialLine",
    "find_port",
    "open_line",
]
