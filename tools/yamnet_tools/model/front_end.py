# SPDX-License-Identifier: Apache-2.0
"""The front-end profile that travels inside a .tflite: which log-mel definition its weights were trained on."""

import json
import math

from device_core import LogMelSpec, profile_names
from yamnet_tools.errors import ModelError

METADATA_NAME = "YAMNET_FRONT_END"
"""Name of the .tflite metadata entry; its buffer is one JSON object in UTF-8."""

_LARGEST_BYTES = 4096
_RELATIVE_TOLERANCE = 1e-6  # JSON holds decimal numbers, the spec may hold float32


def describe(spec: LogMelSpec) -> dict[str, str | int | float]:
    """All values of a front end, by the keys of the metadata entry (lengths in samples, patches in frames)."""
    return {
        "profile": spec.name,
        "sample_rate_hz": spec.sample_rate_hz,
        "frame_length": spec.frame_length,
        "frame_hop": spec.frame_hop,
        "fft_length": spec.fft_length,
        "mel_bands": spec.mel_bands,
        "mel_low_hz": spec.mel_low_hz,
        "mel_high_hz": spec.mel_high_hz,
        "spectrum": spec.spectrum,
        "log_offset": spec.log_offset,
        "patch_frames": spec.patch_frames,
        "patch_hop": spec.patch_hop,
    }


def encode(spec: LogMelSpec) -> bytes:
    """The metadata entry for a front end."""
    return json.dumps(describe(spec), separators=(",", ":")).encode()


def decode(metadata: dict[str, bytes]) -> LogMelSpec:
    """The front end that a model's metadata asks for.

    Raises:
        ModelError: there is no such entry, it is damaged, or this program does not compute that front end; the
            text then names both.
    """
    data = metadata.get(METADATA_NAME)
    if data is None:
        raise ModelError(f"no front-end profile ({METADATA_NAME} metadata); convert with tools/convert_yamnet.py")
    return from_values(_parse(data))


def from_values(values: dict[str, object]) -> LogMelSpec:
    """The front end described by the keys and values of `describe`.

    Raises:
        ModelError: the profile is unknown, or a value is not that profile's.
    """
    profile = values.get("profile")
    known = profile_names()
    if profile not in known:
        raise ModelError(f"the model needs the front end {_short(profile)}; this program computes {', '.join(known)}")
    spec = LogMelSpec.profile(str(profile))
    expected = describe(spec)
    if values.keys() != expected.keys():
        odd = sorted(values.keys() ^ expected.keys())
        raise ModelError(f"damaged front-end profile: {_short(odd[0])} is missing or unknown")
    for key, value in expected.items():
        if not _equal(values[key], value):
            raise ModelError(
                f"the model needs the front end {profile} with {key} {_short(values[key])}; this program computes"
                f" {profile} with {key} {value}"
            )
    return spec


def _parse(data: bytes) -> dict[str, object]:
    try:
        values = json.loads(data) if len(data) <= _LARGEST_BYTES else None
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ModelError(f"damaged front-end profile: the {METADATA_NAME} metadata is no JSON object")
    return values


def _equal(value: object, expected: str | int | float) -> bool:
    if isinstance(expected, float):
        return isinstance(value, float | int) and math.isclose(value, expected, rel_tol=_RELATIVE_TOLERANCE)
    return value == expected


def _short(value: object) -> str:
    """A value of unknown origin for an error message."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
