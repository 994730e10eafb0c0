# SPDX-License-Identifier: Apache-2.0
"""The portable components of the firmware as a Python module: the same C++ that runs on the chip."""

from device_core._core import (
    Event,
    EventDetector,
    LevelStream,
    LogMelSpec,
    LogMelStream,
    NoiseFloor,
    PatchStream,
    Rule,
    RuleSet,
    log_mel,
    presets,
    profile_names,
    quantize_patch,
)

__all__ = [
    "Event",
    "EventDetector",
    "LevelStream",
    "LogMelSpec",
    "LogMelStream",
    "NoiseFloor",
    "PatchStream",
    "Rule",
    "RuleSet",
    "log_mel",
    "presets",
    "profile_names",
    "quantize_patch",
]
