# SPDX-License-Identifier: Apache-2.0
"""The check that float weights are YAMNet's before any work is put into them: sounds whose class is known.

A layer that was loaded wrongly, transposed or left random does not hear a dial tone in a 440 Hz sine.
"""

from collections.abc import Callable

import numpy as np

import device_core
from yamnet_tools.errors import ModelError
from yamnet_tools.model.network import CLASS_COUNT
from yamnet_tools.probe_audio import sound_probes
from yamnet_tools.quantise.calibration import log_mel_patches
from yamnet_tools.quantise.float_network import FloatNetwork

LEAST_PROBABILITY = 0.2

# Indices into Google's class map; Google's int8 model and yamnet.h5 both put one of these first.
_ANSWERS = {
    "silence": {494: "Silence"},
    "tone 440 Hz": {382: "Alarm", 383: "Telephone", 387: "Dial tone", 388: "Busy signal"},
    "tone 3100 Hz, on and off": {382: "Alarm", 392: "Buzzer", 393: "Smoke detector", 475: "Beep"},
    "white noise": {282: "Water", 283: "Rain", 287: "Waterfall", 509: "Static", 514: "White noise"},
    "hum": {495: "Sine wave", 496: "Harmonic", 497: "Chirp tone"},
}


def check_known_answers(
    network: FloatNetwork, spec: device_core.LogMelSpec, report: Callable[[str], None] = lambda _: None
) -> None:
    """Score five built-in sounds and refuse a network that mistakes one.

    Args:
        network: with Google's 521 classes; one with other classes has no known answers and is only told so.
        spec: front end.
        report: takes one line about the outcome.

    Raises:
        ModelError: a sound's top class is none of those it may be, or hardly more probable than others.
    """
    if network.class_count != CLASS_COUNT:
        report(
            f"known answers: none for {network.class_count} classes of your own; layers are checked by name and shape"
        )
        return
    for probe in sound_probes():
        answers = _ANSWERS.get(probe.name)
        if answers is None:
            continue
        logits = network.logits(log_mel_patches(probe.pcm, spec)).mean(axis=0, dtype=np.float64)
        top = int(logits.argmax())
        probability = float(1 / (1 + np.exp(-np.clip(logits[top], -50, 50))))
        if not np.isfinite(logits).all() or top not in answers or probability < LEAST_PROBABILITY:
            raise ModelError(
                f"these weights are not a working YAMNet: '{probe.name}' is heard as class {top} with probability"
                f" {probability:.2f}, not as {' or '.join(answers.values())}"
            )
    report(f"known answers: all {len(_ANSWERS)} sounds heard as what they are")
