# SPDX-License-Identifier: Apache-2.0
"""What a simulated device keeps over its resets, as a board does in NVS."""

from dataclasses import dataclass, field

_HISTORY = 8


@dataclass
class Nvs:
    """Starts counted, and what was stored; `rules` is a rule document, `floor` a noise floor's saved state."""

    boots: int = 0
    panics: int = 0
    history: list[str] = field(default_factory=list)
    rules: bytes | None = None
    floor: bytes | None = None

    def count_boot(self, reason: str) -> None:
        """Note a start and why it happened."""
        self.boots += 1
        self.panics += reason == "panic"
        self.history = [*self.history, reason][-_HISTORY:]
