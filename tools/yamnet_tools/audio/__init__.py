# SPDX-License-Identifier: Apache-2.0
"""Recordings in, 16 kHz mono int16 PCM out: block by block, so that length never costs memory."""

from yamnet_tools.audio.inputs import STDIN, find_recordings
from yamnet_tools.audio.pcm import SAMPLE_RATE, PcmBlock
from yamnet_tools.audio.recording import Recording, open_recording, read_recording

__all__ = ["SAMPLE_RATE", "STDIN", "PcmBlock", "Recording", "find_recordings", "open_recording", "read_recording"]
