# SPDX-License-Identifier: Apache-2.0
"""What a device answers, typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from yamnet_tools.device.protocol import DamagedAnswerError, parse_bytes
from yamnet_tools.errors import DeviceError
from yamnet_tools.model.network import INPUT_SHAPE, MOST_CLASSES

Fields = Mapping[str, Any]

_STORAGE_SHAPE: dict[str, Any] = {
    "volume": str,
    "volumes": [{"name": str, "state": str}],
    "recording": str,
    "clips": int,
    "clips_written": int,
    "clips_cut_short": int,
    "clips_repaired": int,
    "clips_removed": int,
    "samples_dropped": int,
    "lines_written": int,
    "lines_dropped": int,
    "events_dropped": int,
    "last_error?": str,
}
_RULE_SHAPE: dict[str, Any] = {"name": str, "title": str, "priority": int, "state": str}
_LEVEL_SHAPE: dict[str, Any] = {"level_dbfs": float, "floor_dbfs": float, "floor_known": bool}

# The fields of answers by name; "?" marks parts that are null while the device cannot give them.
_EVENTS_SHAPE: dict[str, Any] = {
    **_LEVEL_SHAPE,
    "events": int,
    "active": [_RULE_SHAPE],
    "next?": int,
    "latest": [{"id": str, "rule": str, "kind": str, "duration_s": float, "peak": float}],
    "storage": _STORAGE_SHAPE,
}
_RULES_SHAPE: dict[str, Any] = {"source": str, "bytes": int, "rules": [_RULE_SHAPE], "next?": int}
_INFO_SHAPE: dict[str, Any] = {
    "firmware": {"name": str, "version": str, "idf": str, "built": str},
    "target": str,
    "boot": {
        "count": int,
        "reset_reason": str,
        "panics": int,
        "brownouts": int,
        "history": [str],
        "ready": bool,
        "steps": [{"name": str, "ok": bool, "ms": int, "attempts": int, "message": str}],
    },
    "model?": {
        "sha256": str,
        "bytes": int,
        "front_end": str,
        "input": {"scale": float, "zero_point": int},
        "output": {"scale": float, "zero_point": int},
        "classes": int,
        "ops": list,
    },
    "kernels?": str,
    "arena?": {"size": int, "used": int},
    "selftest?": {"passed": bool, "differing_outputs": int, "largest_difference": int, "invoke_us": int},
    "muted": bool,
    "audio?": {
        "source": str,
        "board": str,
        "gain_db": float,
        "overruns": int,
        "ring_blocks": int,
        "ring_peak": int,
        "gaps": int,
        "alive": bool,
        "level_dbfs": float,
    },
    "events?": {"rules": int, "events": int, "patches_refused": int, **_LEVEL_SHAPE},
    "storage?": _STORAGE_SHAPE,
    "inference?": {"patches": int, "p50_us": int, "max_us": int},
    "network?": {"interface": str, "address?": str, "hostname?": str},
    "memory": {
        "free_heap": int,
        "min_free_heap": int,
        "largest_heap_block": int,
        "free_psram": int,
        "min_free_psram": int,
    },
    "tasks": [{"name": str, "core": int, "stack_free": int}],
    "uptime_ms": int,
}
_CONSOLE_SHAPE: dict[str, Any] = {"console": {"answered": int, "errors": int}}
_CLOCK_SHAPE: dict[str, Any] = {"utc?": str, "time_zone": str, "time_server": str}
_STATUS_SHAPE: dict[str, Any] = {"name": str, "utc?": str}

# Numbers that a device may not know: silence has no level, a source no gain, a PC no PSRAM.
_MAY_BE_NULL = frozenset({"gain_db", "level_dbfs", "free_psram", "min_free_psram", "p50_us", "max_us", "core"})


@dataclass(frozen=True)
class Info:
    """The answer to @info or to GET status. `fields` is all of it, as docs/serial-protocol.md names it; `own` are the
    names and types of those that only this kind of answer has.
    """

    fields: Fields
    own: Fields = field(default_factory=lambda: _CONSOLE_SHAPE)

    @classmethod
    def of_status(cls, fields: Fields) -> "Info":
        """From the answer to GET status."""
        return cls(fields, _STATUS_SHAPE)

    def problems(self) -> list[str]:
        """What is missing or of another type than the protocol says, by path."""
        found: list[str] = []
        _check(self.fields, _INFO_SHAPE | dict(self.own), "", found)
        return found

    @property
    def boot_is_sound(self) -> bool:
        """Whether `boot` is as the protocol says."""
        found: list[str] = []
        _check(self.fields.get("boot"), _INFO_SHAPE["boot"], "boot", found)
        return not found

    @property
    def ready(self) -> bool:
        """Whether every boot step went well."""
        return self._at("boot", "ready") is True

    @property
    def failed_steps(self) -> list[str]:
        """`name: message` of the boot steps that failed."""
        return [f"{step.get('name')}: {step.get('message')}" for step in self._steps() if not step.get("ok")]

    @property
    def model_sha256(self) -> str | None:
        """SHA-256 of the model, None while there is none."""
        digest = self._at("model", "sha256")
        return None if digest is None else str(digest)

    @property
    def free_heap(self) -> int:
        """Free heap in bytes.

        Raises:
            DeviceError: it is not told.
        """
        return self._number("memory", "free_heap")

    @property
    def boot_count(self) -> int | None:
        """How often the device has started; None until it has read that while it boots."""
        return None if self._at("boot", "count") is None else self._number("boot", "count")

    @property
    def boot_steps(self) -> int:
        """How many boot steps are over."""
        return len(self._steps())

    @property
    def uptime_ms(self) -> int:
        """Milliseconds since the device started.

        Raises:
            DeviceError: it is not told.
        """
        return self._number("uptime_ms")

    def _at(self, *path: str) -> object:
        """What is at a path of the answer; None if it leads nowhere."""
        value: object = self.fields
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def _number(self, *path: str) -> int:
        value = self._at(*path)
        if type(value) is not int:
            raise DeviceError(f"the device's answer is not the protocol's: {'.'.join(path)} is {value!r:.40}")
        return value

    def _steps(self) -> list[Fields]:
        steps = self._at("boot", "steps")
        return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list) else []


@dataclass(frozen=True)
class Clock:
    """What a device has for the time, at the moment of its answer; None: nobody has set it. `time_zone` is of the IANA
    database, "" for UTC; `time_server` is whom it asks where there is a network.
    """

    utc: datetime | None
    time_zone: str
    time_server: str

    @classmethod
    def parse(cls, fields: Fields) -> Self:
        """From an answer to @time or GET clock.

        Raises:
            DeviceError: it is none.
        """
        require(fields, _CLOCK_SHAPE, "@time")
        try:
            utc = None if fields["utc"] is None else datetime.fromisoformat(fields["utc"])
        except ValueError:
            raise DeviceError(
                f"the device's answer to @time is not the protocol's: utc is {fields['utc']!r:.40}"
            ) from None
        return cls(utc, fields["time_zone"], fields["time_server"])


@dataclass(frozen=True)
class Scored:
    """Scores of one patch, int8 [classes], and the microseconds the inference took."""

    scores: npt.NDArray[np.int8]
    invoke_us: int

    @classmethod
    def parse(cls, fields: Fields) -> "Scored":
        """From an answer to @score."""
        return cls(_scores(fields), _integer(fields, "invoke_us"))


@dataclass(frozen=True)
class PcmPatch:
    """A patch that the device cut from audio sent to it: int8 [96, 64], its scores, its place in samples."""

    start_sample: int
    patch: npt.NDArray[np.int8]
    scores: npt.NDArray[np.int8]
    invoke_us: int

    @classmethod
    def parse(cls, fields: Fields) -> "PcmPatch":
        """From an element of `patches` in an answer to @pcm data."""
        return cls(
            _integer(fields, "start_sample"),
            _int8(fields, "patch", INPUT_SHAPE[1:]),
            _scores(fields),
            _integer(fields, "invoke_us"),
        )


@dataclass(frozen=True)
class OpCost:
    """One operator of the model: its share of the cycles is between 0 and 1."""

    index: int
    op: str
    cycles: int
    share: float


@dataclass(frozen=True)
class Profile:
    """One inference measured operator by operator."""

    total_cycles: int
    total_us: int
    ops: list[OpCost]

    @classmethod
    def parse(cls, fields: Fields) -> "Profile":
        """From an answer to @profile."""
        ops = fields.get("ops")
        if not isinstance(ops, list):
            raise DeviceError("the answer to @profile has no list of operators")
        costs = [
            OpCost(_integer(op, "index"), str(op.get("op")), _integer(op, "cycles"), float(op.get("share", 0)))
            for op in ops
        ]
        return cls(_integer(fields, "total_cycles"), _integer(fields, "total_us"), costs)


@dataclass(frozen=True)
class SelfTestResult:
    """The stored patch scored on the device and compared with the stored outputs, in steps of int8."""

    passed: bool
    differing_outputs: int
    largest_difference: int
    invoke_us: int

    @classmethod
    def parse(cls, fields: Fields) -> "SelfTestResult":
        """From an answer to @selftest."""
        return cls(
            fields.get("passed") is True,
            _integer(fields, "differing_outputs"),
            _integer(fields, "largest_difference"),
            _integer(fields, "invoke_us"),
        )


@dataclass(frozen=True)
class RuleState:
    """An event rule and where its state machine is: idle, rising, on, holding or cooling."""

    name: str
    title: str
    priority: int
    state: str

    @classmethod
    def parse(cls, fields: Fields) -> "RuleState":
        """From an element of `rules` or `active`."""
        return cls(fields["name"], fields["title"], fields["priority"], fields["state"])


@dataclass(frozen=True)
class Rules:
    """The event rules that run: `source` is `presets` or `stored`, `size` the bytes of their document. `next` is the
    rule that the next answer has to begin with, None where there is none. `off` are the names of rules that their owner
    switched off, which HTTP tells and the console does not.
    """

    source: str
    size: int
    rules: list[RuleState]
    next: int | None
    off: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, fields: Fields) -> "Rules":
        """From an answer to @rules."""
        require(fields, _RULES_SHAPE, "@rules")
        return cls(
            fields["source"], fields["bytes"], [RuleState.parse(rule) for rule in fields["rules"]], fields["next"]
        )

    def with_more(self, page: "Rules") -> "Rules":
        """These and those of the answer that follows."""
        return replace(self, rules=self.rules + page.rules, next=page.next)


@dataclass(frozen=True)
class Events:
    """The answer to @events: what goes on, and the journal's latest lines (docs/events.md), oldest first. `fields` is
    all of it, as docs/serial-protocol.md names it; `next` is as in Rules.
    """

    fields: Fields
    active: list[RuleState]
    latest: list[Fields]
    next: int | None

    @classmethod
    def parse(cls, fields: Fields) -> "Events":
        """From the answer's fields."""
        require(fields, _EVENTS_SHAPE, "@events")
        return cls(fields, [RuleState.parse(rule) for rule in fields["active"]], fields["latest"], fields["next"])

    def with_more(self, page: "Events") -> "Events":
        """These and the active rules of the answer that follows."""
        active = {"active": [*self.fields["active"], *page.fields["active"]], "next": page.next}
        return replace(self, fields=dict(self.fields) | active, active=self.active + page.active, next=page.next)


def require(fields: Fields, shape: dict[str, Any], command: str) -> None:
    """Check the fields that an answer has to have, by name: a type, a list or an object of them.

    Raises:
        DeviceError: one is missing or of another type.
    """
    found: list[str] = []
    _check(fields, shape, "", found)
    if found:
        raise DeviceError(f"the device's answer to {command} is not the protocol's: {found[0]}")


def _integer(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if type(value) is not int:
        raise DeviceError(f"the device's answer has no number {name!r}, but {value!r:.40}")
    return value


def _scores(fields: Fields) -> npt.NDArray[np.int8]:
    values = np.frombuffer(parse_bytes(fields.get("scores")), np.int8)
    if not 1 <= values.size <= MOST_CLASSES:
        raise DamagedAnswerError(f"an answer has {values.size:,} scores; a model has 1 to {MOST_CLASSES:,}")
    return values


def _int8(fields: Fields, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
    values = np.frombuffer(parse_bytes(fields.get(name)), np.int8)
    if values.size != np.prod(shape):
        raise DamagedAnswerError(f"an answer's {name} has {values.size:,} bytes, not {np.prod(shape):,}")
    return values.reshape(shape)


def _check(value: object, shape: object, path: str, found: list[str]) -> None:
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            found.append(f"{path or 'the answer'} is no object")
            return
        for key, inner in shape.items():
            name = key.removesuffix("?")
            where = f"{path}.{name}".lstrip(".")
            if name not in value:
                found.append(f"{where} is missing")
            elif value[name] is not None or not (key.endswith("?") or name in _MAY_BE_NULL):
                _check(value[name], inner, where, found)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            found.append(f"{path} is no list")
            return
        for index, item in enumerate(value):
            _check(item, shape[0], f"{path}[{index}]", found)
    elif not _is_a(value, shape):
        found.append(f"{path} is {value!r:.40}")


def _is_a(value: object, kind: object) -> bool:
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind
