# SPDX-License-Identifier: Apache-2.0
"""Where the owner's token comes from; it is never stored."""

import getpass
import os
import sys
from dataclasses import dataclass

from yamnet_tools.errors import DeviceError

VARIABLE = "YAMNET_TOKEN"
WHERE_SHOWN = "`device.py info` over the serial console shows it"


@dataclass(frozen=True)
class OwnerToken:
    """A token and who gave it: `--token`, the environment or the prompt.

    Raises:
        DeviceError: no device has such a token.
    """

    text: str
    source: str

    def __post_init__(self) -> None:
        if not self.text or not self.text.isascii() or not self.text.isprintable() or " " in self.text:
            raise DeviceError(f"{self.source}: a token is one word of ASCII characters; {WHERE_SHOWN}")


def find_token(option: str | None) -> OwnerToken | None:
    """The token of the command line, or else of the environment.

    Raises:
        DeviceError: it is none.
    """
    if option is not None:
        return OwnerToken(option.strip(), "--token")
    text = os.environ.get(VARIABLE, "").strip()
    return OwnerToken(text, f"${VARIABLE}") if text else None


def prompt_for_token() -> OwnerToken | None:
    """What a person at the terminal types, unseen; None if there is nobody, or nothing is typed.

    Raises:
        DeviceError: it is no token.
    """
    if not sys.stdin.isatty():
        return None
    try:
        text = getpass.getpass(f"owner's token ({WHERE_SHOWN}): ").strip()
    except EOFError:
        return None
    return OwnerToken(text, "what was typed") if text else None
