# SPDX-License-Identifier: Apache-2.0
"""The portable components of the firmware as a Python module: the same C++ that runs on the chip."""

from device_core._core import (
    LogMelSpec,
    LogMelStream,
    PatchStream,
    SerialConsole,
    log_mel,
    profile_names,
    quantize_patch,
)

__all__ = [
    "LogMelSpec",
    "LogMelStream",
    "PatchStream",
    "SerialConsole",
    "log_mel",
    "profile_names",
    "quantize_patch",
]
