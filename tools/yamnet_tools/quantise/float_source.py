# SPDX-License-Identifier: Apache-2.0
"""Finds float weights on this machine and tells what they are."""

import os
from dataclasses import dataclass
from pathlib import Path

from yamnet_tools.errors import ModelError, SourceError
from yamnet_tools.files import sha256_of_file
from yamnet_tools.model.source import WEIGHTS_VARIABLE
from yamnet_tools.paths import CHECKOUT, cache_dir
from yamnet_tools.quantise.float_network import FloatNetwork
from yamnet_tools.quantise.weights_h5 import GOOGLE_BLOB_HASH, git_blob_hash, load_h5
from yamnet_tools.quantise.weights_npz import load_npz

H5_NAME, NPZ_NAME = "yamnet.h5", "yamnet_float.npz"
H5_URL = "https://storage.googleapis.com/audioset/yamnet.h5"

_LOADERS = {".h5": load_h5, ".hdf5": load_h5, ".npz": load_npz}


@dataclass(frozen=True)
class FloatSource:
    """Float weights that were found and loaded; `known` if they are byte for byte Google's file."""

    path: Path
    found_in: str
    sha256: str
    size: int
    known: bool
    network: FloatNetwork


def find_float_weights(named: Path | None) -> FloatSource:
    """Load the named file, or the first of yamnet.h5 and yamnet_float.npz in $YAMNET_WEIGHTS_DIR, `weights/` in the
    checkout, `../shared/weights/` beside it, the user's cache.

    Google published yamnet.h5 with no other checksum than its git blob hash, so it is never downloaded: fetching it
    is left to the user, and the hash tells whether it arrived.

    Raises:
        SourceError: nothing was found, or the file's suffix is unknown. The text says where to get it.
        ModelError: the weights are not YAMNet's, or damaged.
        OSError: the file cannot be read.
    """
    path, found_in = _find(named)
    load = _LOADERS.get(path.suffix.lower())
    if load is None:
        raise SourceError(f"{path}: float weights are a .h5 of Keras or an .npz, not '{path.suffix}'")
    if path.stat().st_size > 256 << 20:
        raise ModelError(f"{path}: {path.stat().st_size:,} bytes are too many for a YAMNet")
    known = load is load_h5 and git_blob_hash(path) == GOOGLE_BLOB_HASH
    return FloatSource(path, found_in, sha256_of_file(path), path.stat().st_size, known, load(path))


def _find(named: Path | None) -> tuple[Path, str]:
    if named is not None and not named.is_dir():
        if not named.exists():
            raise SourceError(f"{named}: no such file or folder")
        return named, "--weights"
    folders = [("weights/", CHECKOUT / "weights"), ("../shared/weights/", CHECKOUT.parent / "shared" / "weights")]
    if variable := os.environ.get(WEIGHTS_VARIABLE):
        folders.insert(0, (f"${WEIGHTS_VARIABLE}", Path(variable)))
    folders = [("--weights", named)] if named is not None else [*folders, ("cache", cache_dir())]
    for label, folder in folders:
        for name in (H5_NAME, NPZ_NAME):
            if (folder / name).is_file():
                return folder / name, label
    places = ", ".join(label for label, _ in folders)
    raise SourceError(
        f"neither {H5_NAME} nor {NPZ_NAME} is in {places}. Get Google's from {H5_URL} (`git hash-object` gives"
        f" {GOOGLE_BLOB_HASH}) and put it in weights/, or name yours with --weights"
    )
