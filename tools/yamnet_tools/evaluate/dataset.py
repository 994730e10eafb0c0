# SPDX-License-Identifier: Apache-2.0
"""Labelled recordings, and what their labels mean in AudioSet's classes."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from yamnet_tools.audio import find_recordings
from yamnet_tools.errors import AudioError, YamnetToolsError

INDEX_NAME = "index.csv"
_CLASS_SEPARATOR = ";"


class DatasetError(YamnetToolsError):
    """A folder of recordings is not labelled, or a mapping of labels cannot be used."""


@dataclass(frozen=True)
class Clip:
    """A recording, its dataset's label, and the collection it is from."""

    path: Path
    label: str
    source: str


@dataclass(frozen=True)
class Target:
    """What a label means: the name it is reported under, and indices of classes (of which the strongest counts)."""

    name: str
    classes: tuple[int, ...]


def read_dataset(folder: Path) -> list[Clip]:
    """List the clips below a folder.

    With an index.csv (columns path and label, optionally source; paths relative to the folder) that is what counts,
    else each clip's label is the folder it lies in, and its source the folder above that.

    Raises:
        DatasetError: no such folder, no audio, no labels, or an index whose columns or files are missing.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    index = folder / INDEX_NAME
    return _read_index(index) if index.is_file() else _read_folders(folder)


def _read_index(index: Path) -> list[Clip]:
    try:
        with index.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{index}: not a CSV file: {error}") from error
    if not rows:
        raise DatasetError(f"{index}: no rows")
    clips = []
    for number, row in enumerate(rows, start=2):
        path, label = row.get("path"), row.get("label")
        if not path or not label:
            raise DatasetError(f"{index}: line {number} has no {'path' if not path else 'label'}")
        clip = index.parent / path
        if not clip.is_file():
            raise DatasetError(f"{index}: line {number}: there is no {path}")
        clips.append(Clip(clip, label.strip(), (row.get("source") or "").strip() or index.parent.name))
    return clips


def _read_folders(folder: Path) -> list[Clip]:
    try:
        names = find_recordings(str(folder))
    except AudioError as error:
        raise DatasetError(str(error)) from error
    clips = []
    for name in names:
        path = Path(name)
        if path.parent == folder:
            raise DatasetError(f"{path}: no label: clips lie in folders named like their labels, or in an {INDEX_NAME}")
        source = path.parent.parent.name if path.parent.parent != folder else folder.name
        clips.append(Clip(path, path.parent.name, source))
    return clips


def read_label_map(path: Path | None, class_names: Sequence[str]) -> dict[str, Target | None]:
    """What each label means.

    Args:
        path: a CSV with columns label, name and classes, the latter separated by `;`; no classes means that clips of
            this label are only counter-examples. None for the map that comes with the program.
        class_names: the model's.

    Raises:
        DatasetError: not such a file, or a class that the model does not have.
    """
    try:
        text = (files(__package__) / "label_map.csv" if path is None else path).read_text(encoding="utf-8")
        rows = list(csv.DictReader(text.splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: not a CSV file: {error}") from error
    index = {name: number for number, name in enumerate(class_names)}
    targets: dict[str, Target | None] = {}
    for number, row in enumerate(rows, start=2):
        if not row.get("label") or row.get("classes") is None:
            raise DatasetError(f"{path}: line {number} has no label or no classes; the columns are label,name,classes")
        names = [name.strip() for name in row["classes"].split(_CLASS_SEPARATOR) if name.strip()]
        unknown = [name for name in names if name not in index]
        if unknown and path is not None:
            raise DatasetError(f"{path}: line {number}: the models have no class '{unknown[0]}'")
        known = tuple(index[name] for name in names if name in index)
        targets[row["label"]] = Target(row.get("name") or row["label"], known) if known else None
    return targets


def target_of(label: str, targets: dict[str, Target | None], class_names: Sequence[str]) -> Target | None:
    """A label's meaning by the map, else the class of the same name.

    Raises:
        KeyError: neither.
    """
    if label in targets:
        return targets[label]
    plain = label.replace("_", " ").casefold()
    for number, name in enumerate(class_names):
        if plain in (name.casefold(), *(part.strip().casefold() for part in name.split(","))):
            return Target(name, (number,))
    raise KeyError(label)
