# SPDX-License-Identifier: Apache-2.0
"""A device of the fleet, and how it is asked."""

import re
from dataclasses import dataclass

from yamnet_tools.device.http_address import HttpAddress
from yamnet_tools.device.http_line import HttpLine
from yamnet_tools.device.owner_token import OwnerToken
from yamnet_tools.errors import DeviceError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What a device may be called here: it names folders and labels, too."""


@dataclass(frozen=True)
class Member:
    """A device.

    Attributes:
        name: in the list, or as it was found.
        address: None while it has not been found.
        token: the owner's; None: it is asked for what everybody may have.
        wanted: where the token can be given, for errors.
    """

    name: str
    address: HttpAddress | None
    token: OwnerToken | None
    wanted: str

    def line(self, timeout_s: float) -> HttpLine:
        """The way to it.

        Raises:
            DeviceError: nobody knows where it is.
        """
        if self.address is None:
            raise DeviceError("it does not announce itself in this network; is it on?")
        return HttpLine(self.address, timeout_s=timeout_s, token=self.token, token_wanted=self.wanted)
