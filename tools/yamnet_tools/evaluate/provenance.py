# SPDX-License-Identifier: Apache-2.0
"""What float weights are: Google's own file, rebuilt ones, or somebody's."""

import json
import math
from pathlib import Path

from yamnet_tools.errors import SourceError
from yamnet_tools.quantise.float_source import FloatSource


def provenance(source: FloatSource) -> str:
    """A sentence or two for a reader of the figures.

    Weights that were rebuilt have a file NAME_sources.json beside them, which says for each array its shape and which
    share of the values is exact.

    Raises:
        SourceError: that file is not such a one.
    """
    if source.known:
        return "It is Google's published yamnet.h5, byte for byte."
    plain = "It is **not** Google's published yamnet.h5 byte for byte"
    notes = source.path.with_name(f"{source.path.stem}_sources.json")
    if not notes.is_file():
        return f"{plain}, but weights of its layout that were given to this program."
    return (
        f"{plain}. The figures here are of weights **rebuilt** from public derivatives of it ({_exact_share(notes):.1%}"
        " of the values exact, the rest recovered from int8 files), another checkpoint than the graft's."
    )


def _exact_share(notes: Path) -> float:
    try:
        arrays = json.loads(notes.read_bytes()).values()
        counts = [(math.prod(array["shape"]), array["exact_fraction"]) for array in arrays]
        return float(sum(count * share for count, share in counts) / sum(count for count, _ in counts))
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise SourceError(f"{notes}: not a description of rebuilt weights: {error!r}") from error
