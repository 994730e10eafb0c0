# SPDX-License-Identifier: Apache-2.0
"""A device without a board: the portable components and TFLM behind the serial protocol."""

from yamnet_tools.simulated_device.misbehaviour import Misbehaviour
from yamnet_tools.simulated_device.server import Simulator
from yamnet_tools.simulated_device.stored import Faults

__all__ = ["Faults", "Misbehaviour", "Simulator"]
