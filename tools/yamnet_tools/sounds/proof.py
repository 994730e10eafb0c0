# SPDX-License-Identifier: Apache-2.0
"""The proof that a model with classes of one's own computes what was learnt, and its old classes as before."""

import struct
import tempfile
from pathlib import Path

import numpy as np

import device_core
from yamnet_tools.engines import Embedder, native_log, open_engine
from yamnet_tools.errors import ModelError
from yamnet_tools.model import YamnetModel, load_model
from yamnet_tools.model.arena import smallest_arena
from yamnet_tools.model.manifest import ProofInfo
from yamnet_tools.model.own_head import IntegerHead
from yamnet_tools.paths import CLASS_MAP_NAME, MODEL_NAME
from yamnet_tools.probe_audio import front_end_probes, sound_probes

_STEEPEST_SIGMOID = 0.25


def prove_own_classes(base: YamnetModel, data: bytes, class_map: bytes, head: IntegerHead, *, alone: bool) -> ProofInfo:
    """Run the model on the built-in sounds: TensorFlow Lite Micro's outputs are the device engine's, all of them; the
    old classes' outputs those of the model it was made from, all of them; and the new ones what `head` gives.

    Raises:
        ModelError: one of these does not hold; the text says how many outputs differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, MODEL_NAME)
        path.write_bytes(data)
        path.with_name(CLASS_MAP_NAME).write_bytes(class_map)
        model = load_model(path)
    stream = device_core.PatchStream(model.front_end, *model.input_quantization)
    patches = []
    for probe in (*front_end_probes(), *sound_probes()):
        stream.reset(0)
        patches.append(stream.feed(probe.pcm)[0])
    cut = np.concatenate(patches)
    scores = open_engine("device", model).score(cut)
    _refuse_differing(
        "the device's arithmetic from TensorFlow Lite Micro's", scores, open_engine("tflm", model).score(cut)
    )
    old = 0 if alone else len(base.class_names)
    before = open_engine("device", base).score(cut)
    if not alone:
        _refuse_differing("the model's own classes from what they were", scores[:, :old], before)
    wanted = 1 / (1 + np.exp(-np.clip(head.logits(Embedder(base).embed(cut)), -60, 60)))
    scale, zero_point = model.output_quantization
    difference = float(np.abs(scale * (scores[:, old:].astype(np.float64) - zero_point) - wanted).max())
    explained = _STEEPEST_SIGMOID * head.grid.logit_scale + 2 * scale
    if difference > explained:
        raise ModelError(
            f"probabilities differ from the head's by up to {difference:.3f}; rounding explains {explained:.3f}"
        )
    with native_log():  # the search makes TFLM complain about each arena that is too small
        arena_bytes = smallest_arena(data)
    return ProofInfo(
        tflm_arena_bytes=arena_bytes,
        pointer_bits=8 * struct.calcsize("P"),
        patches=len(cut),
        top_class_equal=len(cut),
        largest_probability_difference=round(difference, 6),
        largest_log_mel_difference=None,
    )


def _refuse_differing(what: str, one: np.ndarray, other: np.ndarray) -> None:
    if differing := int(np.count_nonzero(one != other)):
        raise ModelError(f"{what} differ in {differing:,} of {one.size:,} outputs")
