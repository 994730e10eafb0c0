# SPDX-License-Identifier: Apache-2.0
"""Recordings as probes: what a user names to have a conversion checked on."""

import numpy as np

from yamnet_tools.audio import find_recordings, open_recording
from yamnet_tools.probe_audio import PATCH_SAMPLES, Probe


def recording_probes(place: str) -> list[Probe]:
    """The recordings a file, folder or pattern stands for, each as recording_probe gives it."""
    return [recording_probe(name) for name in find_recordings(place)]


def recording_probe(name: str) -> Probe:
    """A recording as 16 kHz PCM, zero-padded to one patch if it is shorter."""
    with open_recording(name) as recording:
        pcm = np.concatenate([block.samples for block in recording.blocks()])
    return Probe(name, np.pad(pcm, (0, max(0, PATCH_SAMPLES - pcm.size))))
