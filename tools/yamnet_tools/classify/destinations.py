# SPDX-License-Identifier: Apache-2.0
"""Where a clip's picture or scores go when one name was given and several clips."""

from pathlib import Path

from yamnet_tools.audio import STDIN


class Destinations:
    """Names one output file for each clip.

    A single clip gets the name as it was given; of several, each gets its own after it: `out.png` becomes
    `out-dog.png` for dog.wav, and `out-dog-2.png` for another clip of that name.

    Args:
        path: The name the user gave.
        several: Whether there is more than one clip.
    """

    def __init__(self, path: Path, *, several: bool) -> None:
        self._path = path
        self._several = several
        self._taken: set[str] = set()

    def of(self, clip: str) -> Path:
        """The file for `clip`, a path or `-`."""
        if not self._several:
            return self._path
        wanted = "stdin" if clip == STDIN else Path(clip).stem
        stem, number = wanted, 1
        while stem in self._taken:
            number += 1
            stem = f"{wanted}-{number}"
        self._taken.add(stem)
        return self._path.with_name(f"{self._path.stem}-{stem}{self._path.suffix}")
