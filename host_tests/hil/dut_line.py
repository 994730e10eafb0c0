# SPDX-License-Identifier: Apache-2.0
"""Any pytest-embedded dut as a line of the serial protocol's client."""

import time
from pathlib import Path
from typing import Any

_POLL_S = 0.005


class DutLine:
    """Writes through the dut's service; reads what pytest-embedded adds to the dut's log file, which therefore holds
    everything that was said.
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.log_path = Path(dut.logfile)
        self._log = self.log_path.open("rb")

    def write(self, data: bytes) -> None:
        self._dut.write(data)

    def read(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        while not (data := self._log.read()):
            if time.monotonic() >= deadline:
                return b""
            time.sleep(_POLL_S)
        return data

    def revive(self) -> None:
        """pytest-embedded opens a port again by itself."""

    def close(self) -> None:
        self._log.close()
