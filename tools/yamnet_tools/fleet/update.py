# SPDX-License-Identifier: Apache-2.0
"""A firmware or model for one device of a fleet: whether it has it, and bringing it there."""

import time

from yamnet_tools.device.http_line import HttpLine, HttpRefusedError
from yamnet_tools.errors import DeviceError
from yamnet_tools.updating.image import UpdateImage
from yamnet_tools.updating.send import Updater
from yamnet_tools.updating.signing import SigningKey

_PAUSE_S = 2.0


class FleetUpdate:
    """An image for many devices.

    Args:
        image: of either kind.
        key: signs it.
        verdict_s: how long a device may take to judge it.
    """

    def __init__(self, image: UpdateImage, key: SigningKey | None, verdict_s: float) -> None:
        self._image = image
        self._key = key
        self._verdict_s = verdict_s

    def has_it(self, line: HttpLine) -> bool:
        """Whether the device runs it, and nothing else goes on there.

        Raises:
            DeviceError: no answer, or none that can be updated now.
        """
        state = Updater(line).state()
        if state["busy"]:
            raise DeviceError(f"it is just taking another {state['busy']['what']}; try again later")
        if why_not := state[f"no_{self._image.kind}"]:
            raise DeviceError(str(why_not))
        there = state[self._image.kind]
        return there is not None and there["sha256"] == self._image.identity and there["state"] == "confirmed"

    def bring(self, line: HttpLine) -> None:
        """Send it, and wait until the device runs it and has judged it to be right.

        Raises:
            YamnetToolsError: the device refuses it, has gone back to what it had, or comes to no verdict.
        """
        updater = Updater(line, verdict_s=self._verdict_s)
        try:
            outcome = updater.send(self._image, self._key)
        except HttpRefusedError:
            raise
        except DeviceError:
            if not self._came_all_the_same(line):
                raise
            return
        if not outcome.kept:
            raise DeviceError(f"it runs what it had before: {outcome.text}")

    def _came_all_the_same(self, line: HttpLine) -> bool:
        """Whether only the answer was lost: the device says so as soon as it answers."""
        deadline = time.monotonic() + self._verdict_s
        while time.monotonic() < deadline:
            try:
                state = Updater(line).state()
            except DeviceError:
                time.sleep(_PAUSE_S)
                continue
            there = state[self._image.kind] or {}
            runs = there.get("sha256") == self._image.identity
            if not state["busy"] and not (runs and there.get("state") == "trial"):
                return runs
            time.sleep(_PAUSE_S)
        return False
