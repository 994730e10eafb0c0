# SPDX-License-Identifier: Apache-2.0
"""The list of a fleet, a TOML file: `[[device]]` with name, url or id, and the owner's token."""

import os
import stat
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yamnet_tools.device.http_address import HttpAddress, is_http
from yamnet_tools.device.owner_token import VARIABLE, OwnerToken, find_token
from yamnet_tools.errors import DeviceError
from yamnet_tools.files import replacing
from yamnet_tools.fleet.discovery import Found
from yamnet_tools.fleet.member import NAME, Member

DEFAULT = Path("fleet.toml")

_FIELDS = {"name", "url", "id", "token"}
_HEAD = (
    "# The devices of tools/fleet.py (docs/fleet.md). Tokens: `device.py info` over the serial console shows each.\n"
)


@dataclass(frozen=True)
class Entry:
    """A device as the list has it; either `url` or `id` is empty."""

    name: str
    url: str
    id: str
    token: str


def read(path: Path) -> list[Entry]:
    """The devices of a list, in its order.

    Raises:
        DeviceError: it cannot be read, others may read its tokens, or something in it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise DeviceError(
            f"{path}: the list of devices cannot be read: {reason}; `fleet.py find --write {path}` makes one"
        ) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeviceError(f"{path}: this is no TOML: {error}") from error
    devices = document.pop("device", [])
    if document or not isinstance(devices, list):
        raise DeviceError(
            f"{path}: it has [[device]] entries and nothing else; {', '.join(document) or 'device'} is none"
        )
    entries = [_entry(fields, f"{path}: device {number}") for number, fields in enumerate(devices, 1)]
    for kind in ("name", "url", "id"):
        _refuse_twice(path, kind, [getattr(entry, kind) for entry in entries])
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH) and any(entry.token for entry in entries):
        raise DeviceError(f"{path}: others on this computer may read its tokens: chmod 600 {path}")
    return entries


def members(path: Path, entries: Iterable[Entry], find: Callable[[set[str]], list[Found]]) -> list[Member]:
    """The devices of a list; those that it names by their id are looked for.

    Args:
        path: of the list, for errors.
        entries: of it.
        find: gives devices that announce themselves, of these ids at least if they are there.

    Raises:
        DeviceError: $YAMNET_TOKEN is none, or as `find`.
    """
    entries = list(entries)
    ids = {entry.id for entry in entries if entry.id}
    urls = {found.id: found.url for found in find(ids)} if ids else {}
    common = find_token(None)

    def member(entry: Entry) -> Member:
        url = entry.url or urls.get(entry.id, "")
        address = HttpAddress.parse(url, f"{path}: {entry.name}: url") if url else None
        token = OwnerToken(entry.token, f"{path}: {entry.name}: the token") if entry.token else common
        return Member(entry.name, address, token, f"give {entry.name} one in {path}, or ${VARIABLE}")

    return [member(entry) for entry in entries]


def add(path: Path, found: Iterable[Found]) -> list[str]:
    """Put devices that it does not have into a list, which only its owner may read; returns their names.

    Raises:
        DeviceError: there is a list, and it cannot be read.
    """
    there = read(path) if path.exists() else []
    text = path.read_text(encoding="utf-8") if there else _HEAD
    known = {entry.id for entry in there} | {entry.url for entry in there}
    names = {entry.name for entry in there}
    new: list[str] = []
    for device in found:
        host = device.host.removesuffix(".local")
        if {device.id, device.url, f"http://{device.host}"} & known:
            continue
        name = _free_name(host if NAME.fullmatch(host) else "device", names)
        text += f'\n[[device]]\nname = "{name}"\nid = "{_escaped(device.id)}"\ntoken = ""\n'
        names.add(name)
        new.append(name)
    if new:
        with replacing(path, private=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return new


def _entry(fields: Any, where: str) -> Entry:
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise DeviceError(f"{where}: name, url, id and token are texts")
    if unknown := fields.keys() - _FIELDS:
        raise DeviceError(f"{where}: there is no field {min(unknown)!r}; there are name, url, id and token")
    entry = Entry(*(fields.get(name, "").strip() for name in ("name", "url", "id", "token")))
    if not NAME.fullmatch(entry.name):
        raise DeviceError(f"{where}: a name is letters, digits, '_', '-' and '.', 64 at most, not {entry.name!r:.80}")
    if bool(entry.url) == bool(entry.id):
        raise DeviceError(f"{where}: {entry.name} needs a url or an id, and not both")
    if entry.url and not is_http(entry.url):
        raise DeviceError(f"{where}: {entry.name}: a url is like http://yamnet-1a2b.local, not {entry.url!r:.80}")
    return entry


def _refuse_twice(path: Path, kind: str, values: list[str]) -> None:
    seen: set[str] = set()
    for value in filter(None, values):
        if value.lower() in seen:
            raise DeviceError(f"{path}: two devices have the {kind} {value}")
        seen.add(value.lower())


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
