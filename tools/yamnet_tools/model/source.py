# SPDX-License-Identifier: Apache-2.0
"""Finds Google's files on this machine, or downloads them, and knows which bytes are Google's."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from yamnet_tools.errors import SourceError
from yamnet_tools.files import sha256_hex, sha256_of_file
from yamnet_tools.model.download import TIMEOUT_S, Artifact, download
from yamnet_tools.model.tflite_reader import LARGEST_FILE_BYTES
from yamnet_tools.paths import CHECKOUT, CLASS_MAP_NAME, cache_dir

WEIGHTS_VARIABLE = "YAMNET_WEIGHTS_DIR"

WEIGHTS = Artifact(
    name="lite-model_yamnet_classification_tflite_1.tflite",
    size=4_126_810,
    sha256="10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de",
    urls=(
        "https://storage.googleapis.com/mediapipe-assets/yamnet_audio_classifier_with_metadata.tflite",
        "https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/audio_classification/rpi/"
        "lite-model_yamnet_classification_tflite_1.tflite",
        "https://tfhub.dev/google/lite-model/yamnet/classification/tflite/1?lite-format=tflite",
    ),
)
"""Google's int8 YAMNet for classification, Apache-2.0."""

CLASS_MAP = Artifact(
    name=CLASS_MAP_NAME,
    size=14_096,
    sha256="cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
    urls=(
        "https://raw.githubusercontent.com/tensorflow/models/master/research/audioset/yamnet/yamnet_class_map.csv",
        "https://github.com/tensorflow/models/raw/master/research/audioset/yamnet/yamnet_class_map.csv",
    ),
)
"""The 521 class names, Apache-2.0."""

# Names under which browsers and curl save WEIGHTS' URLs.
_OTHER_WEIGHTS_NAMES = ("yamnet_audio_classifier_with_metadata.tflite", "1.tflite", "yamnet.tflite")


@dataclass(frozen=True)
class SourceFile:
    """A file that was found: its bytes, their SHA-256, and whether they are the published ones."""

    path: Path
    found_in: str
    data: bytes
    sha256: str
    known: bool


@dataclass(frozen=True)
class Search:
    """Where to look for Google's files.

    Attributes:
        named: the file or folder the user gave; then nothing else is searched for the weights.
        offline: never download.
        mirrors: base URLs that hold the artifacts under their names, asked before the public ones.
        report: takes a line for people.
        timeout_s: how long a server may stay silent.
    """

    named: Path | None = None
    offline: bool = False
    mirrors: Sequence[str] = ()
    report: Callable[[str], None] = lambda _: None
    timeout_s: float = TIMEOUT_S


def find_weights(search: Search) -> SourceFile:
    """Find Google's model: where the user says, else $YAMNET_WEIGHTS_DIR, `weights/` in the checkout,
    `../shared/weights/` beside it, the user's cache, else by download.

    A file with another hash is returned as it is, with `known` false; only the cache and downloads hold nothing else.

    Raises:
        SourceError: nothing was found or could be downloaded; the text says where to get the file and where to put it.
    """
    names = (WEIGHTS.name, *_OTHER_WEIGHTS_NAMES)
    if search.named is None:
        return _find(WEIGHTS, names, _folders(), search)
    if search.named.is_dir():
        found = _look(WEIGHTS, names, search.named)
        if found is None:
            raise SourceError(f"{search.named}: this folder has none of {', '.join(names)}")
    elif not search.named.is_file():
        raise SourceError(
            f"{search.named}: {'not a regular file' if search.named.exists() else 'no such file or folder'}"
        )
    else:
        found = search.named
    return _read(WEIGHTS, found, "--weights")


def find_class_map(search: Search) -> SourceFile:
    """Find Google's class map: beside the named weights, else where find_weights looks.

    Raises:
        SourceError: as find_weights.
    """
    folders = _folders()
    if search.named is not None:
        beside = search.named if search.named.is_dir() else search.named.parent
        folders = [("--weights", beside), *folders]
    return _find(CLASS_MAP, (CLASS_MAP.name,), folders, search)


def _folders() -> list[tuple[str, Path]]:
    """The folders searched, each with the name people know it by."""
    folders = [("weights/", CHECKOUT / "weights"), ("../shared/weights/", CHECKOUT.parent / "shared" / "weights")]
    if variable := os.environ.get(WEIGHTS_VARIABLE):
        folders.insert(0, (f"${WEIGHTS_VARIABLE}", Path(variable)))
    return folders


def _find(artifact: Artifact, names: Sequence[str], folders: Sequence[tuple[str, Path]], search: Search) -> SourceFile:
    for label, folder in folders:
        if found := _look(artifact, names, folder):
            return _read(artifact, found, label)
    cached = cache_dir() / artifact.name
    if cached.is_file() and sha256_of_file(cached) == artifact.sha256:
        return _read(artifact, cached, "cache")
    failure = "this run is offline"
    if not search.offline:
        mirrored = tuple(f"{base.rstrip('/')}/{artifact.name}" for base in search.mirrors)
        wanted = replace(artifact, urls=(*mirrored, *artifact.urls))
        try:
            path = download(wanted, cache_dir(), report=search.report, timeout_s=search.timeout_s)
        except SourceError as error:
            failure = str(error)
        else:
            return _read(artifact, path, "download")
    places = ", ".join([label for label, _ in folders] + [str(cache_dir())])
    raise SourceError(
        f"{artifact.name} is in none of {places}, and {failure}. Get it from {' or '.join(artifact.urls)}"
        f" (SHA-256 {artifact.sha256}) and put it in weights/ or the folder ${WEIGHTS_VARIABLE} names,"
        " or give its place with --weights"
    )


def _look(artifact: Artifact, names: Sequence[str], folder: Path) -> Path | None:
    """The artifact in a folder: a file with the right hash and any name, else one with a usual name."""
    candidates = [folder / name for name in names if (folder / name).is_file()]
    others = sorted(folder.glob(f"*{Path(artifact.name).suffix}"))
    for path in [*candidates, *(path for path in others if path.is_file())]:
        if path.stat().st_size == artifact.size and sha256_of_file(path) == artifact.sha256:
            return path
    return candidates[0] if candidates else None


def _read(artifact: Artifact, path: Path, found_in: str) -> SourceFile:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise SourceError(f"{path}: {path.stat().st_size:,} bytes are too many for {artifact.name}")
    data = path.read_bytes()
    digest = sha256_hex(data)
    return SourceFile(path, found_in, data, digest, known=digest == artifact.sha256)
