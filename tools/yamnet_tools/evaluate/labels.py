# SPDX-License-Identifier: Apache-2.0
"""What a dataset's labels mean in a model's classes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from yamnet_tools.evaluate.dataset import DatasetError, read_rows

_CLASS_SEPARATOR = ";"
_NUMBER = re.compile(r"^\d+\s*-\s*(?=\D)")  # `001 - Dog bark`, as the folders of ESC-10 are called


@dataclass(frozen=True)
class Target:
    """What a label means: the name it is reported under, and indices of classes (of which the strongest counts)."""

    name: str
    classes: tuple[int, ...]


LabelMap = dict[str, Target | None]
"""By plain label; None for one whose clips are only counter-examples."""


def read_label_map(path: Path | None, class_names: Sequence[str]) -> LabelMap:
    """What each label means.

    Args:
        path: a CSV with columns label, name and classes, the latter separated by `;`; no classes means that clips of
            this label are only counter-examples. None for the map that comes with the program, of which what the
            model has no classes for is left out.
        class_names: the model's.

    Raises:
        DatasetError: not such a file, a label twice, or a class that the model does not have.
        OSError: the file cannot be read.
    """
    if path is None:
        with as_file(files(__package__) / "label_map.csv") as shipped:
            return _read(shipped, class_names, skip_unknown=True)
    return _read(path, class_names, skip_unknown=False)


def target_of(label: str, targets: LabelMap, class_names: Sequence[str]) -> Target | None:
    """A label's meaning by the map and the classes of the same name, else the class that has it as a part of its name;
    case, `_` and `-` do not matter.

    Raises:
        KeyError: neither.
    """
    wanted = _plain(label)
    same = tuple(number for number, name in enumerate(class_names) if _plain(name) == wanted)
    if wanted in targets:
        target = targets[wanted]
        return target if target is None else Target(target.name, tuple(dict.fromkeys((*target.classes, *same))))
    if same:
        return Target(class_names[same[0]], same)
    for number, name in enumerate(class_names):
        if wanted in map(_plain, name.split(",")):
            return Target(name, (number,))
    raise KeyError(label)


def _read(path: Path, class_names: Sequence[str], *, skip_unknown: bool) -> LabelMap:
    index = {name: number for number, name in enumerate(class_names)}
    targets: LabelMap = {}
    for number, row in enumerate(read_rows(path, ("label", "classes")), start=2):
        label = _plain(row["label"])
        if not label:
            raise DatasetError(f"{path}: row {number} has no label")
        if label in targets:
            raise DatasetError(f"{path}: row {number}: the label '{row['label']}' is there twice")
        names = [name.strip() for name in row["classes"].split(_CLASS_SEPARATOR) if name.strip()]
        unknown = [name for name in names if name not in index]
        if unknown and skip_unknown:
            continue
        if unknown:
            raise DatasetError(f"{path}: row {number}: the models have no class '{unknown[0]}'")
        known = tuple(index[name] for name in names)
        targets[label] = Target(row.get("name", "").strip() or row["label"].strip(), known) if known else None
    return targets


def _plain(label: str) -> str:
    return " ".join(_NUMBER.sub("", label.strip()).replace("_", " ").replace("-", " ").casefold().split())
