# SPDX-License-Identifier: Apache-2.0
"""Labelled recordings: an index.csv, or folders named like the labels."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.audio import find_recordings
from yamnet_tools.errors import AudioError, YamnetToolsError
from yamnet_tools.events.clips import group_of

INDEX_NAME = "index.csv"
_COLLECTIONS = ("freesound/", "donateacry/")  # of group_of, those whose file names tell the recording for certain


class DatasetError(YamnetToolsError):
    """A folder of recordings is not labelled, or a mapping of labels cannot be used."""


@dataclass(frozen=True)
class Clip:
    """A recording, its dataset's label, the collection it is from, and the recording it was cut from."""

    path: Path
    label: str
    source: str
    recording: str


def read_dataset(folder: Path) -> list[Clip]:
    """List the clips below a folder.

    With an index.csv (columns path and label, optionally source and recording; paths relative to the folder) that is
    what counts, else each clip's label is the folder it lies in, and its source the folder above that. What recording
    a clip was cut from is told by names like those of ESC-50 and UrbanSound8K where no column does.

    Raises:
        DatasetError: no such folder, no audio, no labels, or an index whose columns or files are missing.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}")
    index = folder / INDEX_NAME
    return _read_index(index) if index.is_file() else _read_folders(folder)


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV file with a header line; a cell that is missing at a row's end is empty.

    Raises:
        DatasetError: no such file, not UTF-8, not CSV, without one of `columns`, or without rows.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start}; save it as UTF-8") from error  # noqa: E501  # fmt: skip
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DatasetError(f"{path}: line {reader.line_num} is not CSV: {error}") from error
    found = [name for name in reader.fieldnames or () if name]
    for column in columns:
        if column not in found:
            raise DatasetError(f"{path}: no column '{column}' in its first line, which has: {', '.join(found)}")
    if not rows:
        raise DatasetError(f"{path}: no rows below its first line")
    return rows


def _read_index(index: Path) -> list[Clip]:
    clips = []
    for number, row in enumerate(read_rows(index, ("path", "label")), start=2):
        path, label = row["path"].strip(), row["label"].strip()
        if not path or not label:
            raise DatasetError(f"{index}: row {number} has no {'path' if not path else 'label'}")
        clip = index.parent / path
        if not clip.is_file():
            raise DatasetError(f"{index}: row {number}: there is no {path}")
        source = row.get("source", "").strip() or index.parent.name
        clips.append(Clip(clip, label, source, row.get("recording", "").strip() or _recording(clip)))
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
        source = path.parent.parent.name if path.parent.parent != folder else folder.resolve().name
        clips.append(Clip(path, path.parent.name, source, _recording(path)))
    return clips


def _recording(path: Path) -> str:
    group = group_of(path)
    return group if group.startswith(_COLLECTIONS) else str(path)
