# SPDX-License-Identifier: Apache-2.0
"""The settings of a fleet: those that a TOML file names, in groups as the API has them."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.errors import DeviceError
from yamnet_tools.fleet.change import Change, Document, Reader


@dataclass(frozen=True)
class _Group:
    """What can be set at a path: `own` of each device alone, `secret` never told."""

    fields: frozenset[str]
    own: frozenset[str] = frozenset()
    secret: str = ""


_GROUPS = {
    "settings": _Group(frozenset({"name", "place", "open_reading", "open_audio"}), own=frozenset({"name", "place"})),
    "clock": _Group(frozenset({"time_zone", "time_server"})),
    "mqtt": _Group(
        frozenset(
            {"on", "host", "port", "user", "tls", "ca", "fingerprint", "discovery", "discovery_prefix", "topic_prefix"}
        ),
        secret="password",
    ),
    "webhook": _Group(frozenset({"on", "url"}), secret="secret"),
}


def settings_reader(path: Path) -> Reader:
    """For the settings in a file.

    Raises:
        DeviceError: it cannot be read, or sets what cannot be set for all.
    """
    try:
        wanted = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeviceError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeviceError(f"{path}: this is no TOML: {error}") from error
    for name, values in wanted.items():
        _check(path, name, values)

    def read(line: HttpLine) -> list[Change]:
        return [_change(line, name, values) for name, values in wanted.items()]

    return read


def _check(path: Path, name: str, values: Any) -> None:
    group = _GROUPS.get(name)
    if group is None or not isinstance(values, dict):
        raise DeviceError(f"{path}: [{name}]: there is no such group; there are {', '.join(_GROUPS)}")
    if own := values.keys() & group.own:
        raise DeviceError(f"{path}: [{name}] {min(own)} is each device's own; `fleet.py` sets what all have")
    known = group.fields | ({group.secret} if group.secret else set())
    if unknown := values.keys() - known:
        raise DeviceError(f"{path}: [{name}] has no {min(unknown)!r}; there are {', '.join(sorted(known - group.own))}")


def _change(line: HttpLine, name: str, values: Document) -> Change:
    group = _GROUPS[name]
    answer, header = line.ask("GET", name)
    told = line.parse(answer, header)
    if missing := group.fields - told.keys():
        raise DeviceError(f"{name}: the device does not tell {min(missing)!r}; is it of another version?")
    before = {field: told[field] for field in told if field in group.fields}
    told_values = {field: value for field, value in values.items() if field != group.secret}
    body = json.dumps(before | dict(values)).encode()
    untouched = not told.get("configured", False) if name == "settings" else not _is_set(name, before)
    return Change(
        name, before, before | told_values, body, header.get("ETag", ""), untouched, certain=group.secret not in values
    )


def _is_set(name: str, before: Document) -> bool:
    """Whether somebody has set it, where the device does not say so itself."""
    return bool(before["time_zone"] if name == "clock" else before.get("host") or before.get("url"))
