# SPDX-License-Identifier: Apache-2.0
"""What the console of a simulated device speaks for; device_core.SerialConsole calls its methods."""

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

import device_core
from yamnet_tools import __version__
from yamnet_tools.errors import YamnetToolsError
from yamnet_tools.model.network import CLASS_COUNT, INPUT_SHAPE
from yamnet_tools.simulated_device.event_watch import EventWatch, storage
from yamnet_tools.simulated_device.nvs import Nvs
from yamnet_tools.simulated_device.op_timing import operator_times_ns
from yamnet_tools.simulated_device.stored import Faults, StoredModel, load_stored

HEAP_BYTES = 1 << 30
"""The heap that a simulated device says it has; what is free of it is this less the memory of its process."""

_ARENA_BYTES = 1 << 20
_T = TypeVar("_T")


class NotReadyError(Exception):
    """A boot step failed; the console answers `not_ready` with its text."""

    code = "not_ready"


class SimulatedDevice:
    """A device from its start to its next reset.

    Args:
        image: the content of its model partition.
        faults: of the model partition.
        nvs: what it kept from before; this start is counted there.
        reset_reason: why it started.
        log: takes its log lines, without line end.
    """

    patch_values = INPUT_SHAPE[1] * INPUT_SHAPE[2]
    classes = CLASS_COUNT

    def __init__(
        self,
        image: Path,
        faults: Faults,
        *,
        nvs: Nvs,
        reset_reason: str,
        log: Callable[[str], None],
    ) -> None:
        self._started = time.monotonic()
        self._log = log
        nvs.count_boot(reset_reason)
        self._nvs = nvs
        self._steps: list[dict[str, Any]] = []
        self._invoke_us: list[int] = []
        self._min_free_heap = HEAP_BYTES
        self.live_held = False
        self.audio: dict[str, Any] = _no_audio()
        self._stored: StoredModel | None = self._step("model", lambda: load_stored(image.read_bytes(), faults))
        self._selftest: dict[str, Any] | None = None
        self._step("selftest", self._boot_selftest)
        self.events: EventWatch | None = self._step("rules", self._load_rules)
        self.log(f"boot: {'ready' if self.ready else 'not ready'} after {self.uptime_ms} ms")

    @property
    def uptime_ms(self) -> int:
        """Milliseconds since its start."""
        return round(1000 * (time.monotonic() - self._started))

    @property
    def ready(self) -> bool:
        """Whether every boot step went well."""
        return all(step["ok"] for step in self._steps)

    @property
    def why_no_events(self) -> str:
        """The boot step that failed and why, where there is no `events`."""
        return f"boot step {self._failed_step()}"

    @property
    def stored(self) -> StoredModel:
        """Its model.

        Raises:
            NotReadyError: there is none; the text gives the boot step and the reason.
        """
        if self._stored is None:
            raise NotReadyError(f"boot step {self._failed_step()}")
        return self._stored

    def log(self, text: str) -> None:
        """Write a log line in ESP-IDF's style."""
        self._log(f"I ({self.uptime_ms}) {text}")

    def info(self) -> dict[str, Any]:
        """The fields of @info but for the console's own."""
        free = self._free_heap()
        return {
            "firmware": {
                "name": "yamnet",
                "version": __version__,
                "idf": "none",
                "built": f"Python {platform.python_version()}",
            },
            "target": "simulated",
            "boot": {
                "count": self._nvs.boots,
                "reset_reason": self._nvs.history[-1],
                "panics": self._nvs.panics,
                "brownouts": 0,
                "history": self._nvs.history,
                "ready": self.ready,
                "steps": self._steps,
            },
            "model": self._model_info(),
            "kernels": None if self._stored is None else "reference",
            "arena": self._arena_info(),
            "selftest": self._selftest,
            "audio": self.audio,
            "events": None if self.events is None else self.events.summary(),
            "storage": storage(),
            "inference": {
                "patches": len(self._invoke_us),
                "p50_us": round(float(np.median(self._invoke_us))) if self._invoke_us else None,
                "max_us": max(self._invoke_us, default=None),
            },
            "memory": {
                "free_heap": free,
                "min_free_heap": self._min_free_heap,
                "free_psram": None,
                "min_free_psram": None,
            },
            "tasks": [],
            "uptime_ms": self.uptime_ms,
        }

    def score(self, patch: bytes) -> tuple[bytes, int]:
        """Score one patch, int8 [96, 64] as bytes: 521 bytes, and the microseconds it took."""
        values = np.frombuffer(patch, np.int8).reshape(INPUT_SHAPE)
        scores, taken_us = self._invoke(values)
        return scores.tobytes(), taken_us

    def profile(self) -> tuple[int, int, list[tuple[str, int]]]:
        """Cycles and microseconds of one inference, and cycles by operator: a cycle is a nanosecond here."""
        operators = operator_times_ns(self.stored.graph)
        total_ns = sum(ns for _, ns in operators)
        return total_ns, round(total_ns / 1000), operators

    def selftest(self) -> tuple[int, int, int]:
        """Outputs that differ from the stored ones, the largest difference, and the microseconds it took."""
        vector = self.stored.selftest
        scores, taken_us = self._invoke(vector.patch.reshape(INPUT_SHAPE))
        difference = np.abs(scores.astype(int) - vector.outputs)
        return int(np.count_nonzero(difference)), int(difference.max()), taken_us

    def front_end(self) -> device_core.PatchStream:
        """A new front end for the console's own use."""
        model = self.stored.model
        return device_core.PatchStream(model.front_end, *model.input_quantization)

    def hold_live_input(self, hold: bool) -> None:
        """Stop or resume live listening."""
        self.live_held = hold

    def _failed_step(self) -> str:
        failed = next(step for step in self._steps if not step["ok"])
        return f"{failed['name']}: {failed['message']}"

    def _load_rules(self) -> EventWatch:
        return EventWatch(self.stored.model, self._nvs, lambda: self.uptime_ms, self.log)

    def _invoke(self, patch: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int8], int]:
        started = time.perf_counter_ns()
        scores = self.stored.engine.score(patch)[0]
        taken_us = (time.perf_counter_ns() - started) // 1000
        self._invoke_us.append(taken_us)
        return scores, taken_us

    def _step(self, name: str, run: Callable[[], _T]) -> _T | None:
        started = time.monotonic()
        result: _T | None = None
        message = ""
        try:
            result = run()
        except (YamnetToolsError, NotReadyError, OSError) as error:
            message = str(error)
        taken_ms = round(1000 * (time.monotonic() - started))
        self._steps.append({"name": name, "ok": not message, "ms": taken_ms, "message": message})
        self.log(f"boot: {name} {'failed: ' + message if message else 'ok'} ({taken_ms} ms)")
        return result

    def _boot_selftest(self) -> None:
        differing, largest, taken_us = self.selftest()
        self._selftest = {
            "passed": differing == 0,
            "differing_outputs": differing,
            "largest_difference": largest,
            "invoke_us": taken_us,
        }
        if differing:
            raise NotReadyError(f"{differing} outputs differ, by up to {largest} steps")

    def _model_info(self) -> dict[str, Any] | None:
        if self._stored is None:
            return None
        model = self._stored.model
        return {
            "sha256": model.sha256,
            "bytes": len(model.data),
            "front_end": model.front_end.name,
            "input": model.input_quantization._asdict(),
            "output": model.output_quantization._asdict(),
            "classes": len(model.class_names),
            "ops": list(self._stored.graph.operator_counts()),
        }

    def _arena_info(self) -> dict[str, int] | None:
        if self._stored is None or self._stored.arena_bytes is None:
            return None
        return {"size": _ARENA_BYTES, "used": self._stored.arena_bytes}

    def _free_heap(self) -> int:
        free = HEAP_BYTES - _resident_bytes()
        self._min_free_heap = min(self._min_free_heap, free)
        return free


def _no_audio() -> dict[str, Any]:
    return {
        "source": "none",
        "board": "simulated",
        "gain_db": None,
        "overruns": 0,
        "ring_blocks": 0,
        "ring_peak": 0,
        "gaps": 0,
        "alive": False,
        "level_dbfs": None,
    }


def _resident_bytes() -> int:
    """Memory of this process (Linux); elsewhere nothing, so that the heap seems to be all free."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * 4096
