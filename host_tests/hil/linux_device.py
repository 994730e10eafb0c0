# SPDX-License-Identifier: Apache-2.0
"""The firmware's Linux build as a device: a process whose standard input and output lie at a pseudo-terminal."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from yamnet_tools.simulated_device.endpoint import PseudoTerminal

_POLL_S = 0.02


class LinuxDevice:
    """Runs until it is closed; a program that ends, as it does to restart, is started again.

    Args:
        program: the ELF file.
        environment: what it finds there besides this process's variables.
    """

    def __init__(self, program: Path, environment: Mapping[str, str]) -> None:
        self._terminal = PseudoTerminal()
        self.address = self._terminal.address
        self._command = [str(program)]
        self._environment = os.environ | environment
        self._stopped = threading.Event()
        self._process = self._start()
        self._threads = [threading.Thread(target=run) for run in (self._carry_in, self._carry_out)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End it."""
        self._stopped.set()
        self._process.kill()
        for thread in self._threads:
            thread.join()
        self._terminal.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )

    def _carry_in(self) -> None:
        while not self._stopped.is_set():
            data = self._terminal.read(_POLL_S)
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # it restarts
                while data:
                    data = data[self._process.stdin.write(data) or 0 :]

    def _carry_out(self) -> None:
        while True:
            assert self._process.stdout is not None
            while data := self._process.stdout.read(1 << 16):
                self._terminal.write(data)
            self._process.wait()
            if self._stopped.is_set():
                return
            self._process = self._start()
