# SPDX-License-Identifier: Apache-2.0
"""What a push does to one part of one device: the rules, or one group of its settings."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A document in force and what it is to become.

    Attributes:
        path: of the API, which is also what people call it.
        before: in force.
        after: wanted, without what is never told (passwords).
        body: sent for it.
        tag: the ETag of what is in force; "" from a device that gives none.
        untouched: whether nobody has ever set it.
        certain: whether `before` and `after` tell all; False where something is sent that cannot be compared.
    """

    path: str
    before: Document
    after: Document
    body: bytes
    tag: str
    untouched: bool
    certain: bool = True

    @property
    def needed(self) -> bool:
        """Whether anything differs, or may."""
        return self.before != self.after or not self.certain

    def difference(self) -> list[str]:
        """Lines as of `diff -u`, without their head."""
        before, after = (
            json.dumps(document, indent=1, ensure_ascii=False).splitlines() for document in (self.before, self.after)
        )
        return [line.rstrip() for line in difflib.unified_diff(before, after, lineterm="", n=1)][2:]

    def make(self, line: HttpLine) -> str:
        """Set it, if what is there is still what was read; returns the new ETag.

        Raises:
            DeviceError: the device refuses, or somebody has set another one meanwhile.
        """
        fields = {"If-Match": self.tag} if self.tag else None
        try:
            _, header = line.ask("PUT", self.path, self.body, fields)
        except HttpRefusedError as error:
            if error.status == HTTPStatus.PRECONDITION_FAILED:
                raise DeviceError(f"{self.path}: somebody has just changed it; look at it with --dry-run") from error
            raise
        return header.get("ETag", "")


Reader = Callable[[HttpLine], list[Change]]
"""Reads what is in force on a device, and says what is to become of it."""
