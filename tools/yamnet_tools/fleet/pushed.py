# SPDX-License-Identifier: Apache-2.0
"""What was pushed last, so that what somebody else has changed since is not overwritten."""

import json
import threading
from pathlib import Path

from yamnet_tools.errors import DeviceError
from yamnet_tools.files import write_bytes


class Pushed:
    """ETags by device and by what was pushed, in a JSON file beside the list of devices. For several threads.

    Raises:
        DeviceError: the file is damaged.
    """

    def __init__(self, list_file: Path) -> None:
        self._path = list_file.with_suffix(".pushed.json")
        self._lock = threading.Lock()
        try:
            self._tags: dict[str, str] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            self._tags = {}
        except ValueError as error:
            raise DeviceError(
                f"{self._path}: this is no JSON; without it, devices count as changed by others"
            ) from error

    def is_ours(self, device: str, what: str, tag: str) -> bool:
        """Whether what is in force there is what was pushed last."""
        return self._tags.get(f"{device}/{what}") == tag

    def remember(self, device: str, what: str, tag: str) -> None:
        """Note what is in force there now."""
        with self._lock:
            self._tags[f"{device}/{what}"] = tag
            write_bytes(self._path, json.dumps(self._tags, indent=1, sort_keys=True).encode() + b"\n")
