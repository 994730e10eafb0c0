# SPDX-License-Identifier: Apache-2.0
"""Scores every clip with every model once, then computes all figures from that."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yamnet_tools.audio import open_recording
from yamnet_tools.audio.pcm import SAMPLE_RATE
from yamnet_tools.errors import AudioError
from yamnet_tools.evaluate.dataset import Clip, DatasetError
from yamnet_tools.evaluate.figures import Figures, Ground, draws_of
from yamnet_tools.evaluate.labels import LabelMap, Target, target_of
from yamnet_tools.evaluate.metrics import Probabilities
from yamnet_tools.evaluate.results import Evaluation
from yamnet_tools.evaluate.scorers import Scorer

LONGEST_S = 60.0
"""Of a clip; what follows is not scored, so that one long recording does not take all memory."""

_MOST_NAMED = 5


@dataclass(frozen=True)
class Settings:
    """Pooling, resamples of the bootstrap and its seed."""

    pooling: str = "mean"
    repeats: int = 300
    seed: int = 0


def evaluate(
    scorers: Sequence[Scorer],
    clips: Sequence[Clip],
    label_map: LabelMap,
    reference: int,
    settings: Settings,
    progress: Callable[[int], None] = lambda _: None,
) -> Evaluation:
    """Score clips with all models and compare them.

    A model called NAME@PROFILE is also compared with the one called NAME.

    Args:
        scorers: at least one. Classes are the same if they have the same name; what a model has no class for it never
            hears.
        clips: what to score; one that repeats another's samples is left out.
        label_map: from read_label_map.
        reference: index of the model that others are compared with.
        settings: see Settings.
        progress: told the number of clips done.

    Raises:
        DatasetError: no usable clip whose label means a class of one of them.
    """
    names = all_class_names(scorers)
    kept, wanted, left_out = _known(clips, label_map, names)
    per_model: list[list[Probabilities]] = [[] for _ in scorers]
    unreadable: list[str] = []
    scored: list[int] = []
    first_of: dict[bytes, Clip] = {}
    for index, clip in enumerate(kept):
        progress(index + len(clips) - len(kept))
        try:
            pcm, whole = _read(clip)
        except AudioError as error:
            unreadable.append(str(error))
            continue
        first = first_of.setdefault(hashlib.sha256(pcm.tobytes()).digest(), clip)
        if first is not clip:
            left_out.append(_repeated(clip, first))
            continue
        if not whole:
            left_out.append(f"{clip.path}: all after its first {LONGEST_S:.0f} s")
        scored.append(index)
        for found, scorer in zip(per_model, scorers, strict=True):
            found.append(scorer.score(pcm))
    progress(len(clips))
    if not scored:
        raise DatasetError(f"none of the {len(kept)} clips can be read; the first: {unreadable[0]}")
    kept, wanted = [kept[index] for index in scored], [wanted[index] for index in scored]
    ground = _ground(kept, wanted, names, settings)
    figures = {
        scorer.name: Figures(ground, scorer, found, settings.pooling)
        for scorer, found in zip(scorers, per_model, strict=True)
    }
    others = figures[scorers[reference].name]
    results = [
        found.result(others if found is not others else None, figures.get(_own_front_end(name)))
        for name, found in figures.items()
    ]
    return Evaluation(
        clips=len(kept),
        recordings=len({clip.recording for clip in kept}),
        counts={target.name: int(column.sum()) for target, column in zip(ground.targets, ground.truth.T, strict=True)},
        counter_examples=int((~ground.truth.any(axis=1)).sum()),
        left_out=left_out + unreadable,
        unreadable=unreadable,
        reference=scorers[reference].name,
        pooling=settings.pooling,
        resamples=settings.repeats,
        seed=settings.seed,
        models=results,
    )


def all_class_names(scorers: Sequence[Scorer]) -> tuple[str, ...]:
    """The names of all models' classes, each once: the first model's in their order, then what others have besides."""
    return tuple(dict.fromkeys(name for scorer in scorers for name in scorer.class_names))


def _own_front_end(name: str) -> str:
    """The name of the same model behind its own front end; nothing if that is what this is."""
    return name.rpartition("@")[0]


def _read(clip: Clip) -> tuple[npt.NDArray[np.int16], bool]:
    """A clip's first minute, int16 [n], and whether that is all of it."""
    most = int(LONGEST_S * SAMPLE_RATE)
    blocks, count = [], 0
    with open_recording(str(clip.path)) as recording:
        for block in recording.blocks():
            blocks.append(block.samples)
            count += len(block.samples)
            if count > most:
                break
    return np.concatenate(blocks)[:most], count <= most


def _repeated(clip: Clip, first: Clip) -> str:
    labels = "" if clip.label == first.label else f", there labelled '{first.label}', here '{clip.label}'"
    return f"{clip.path}: the same samples as {first.path}{labels}"


def _known(
    clips: Sequence[Clip], label_map: LabelMap, names: Sequence[str]
) -> tuple[list[Clip], list[Target | None], list[str]]:
    """Clips whose label means something, what it means, and a line for each label that does not.

    Raises:
        DatasetError: no label means a class.
    """
    kept: list[Clip] = []
    wanted: list[Target | None] = []
    unknown: dict[str, int] = {}
    for clip in clips:
        try:
            wanted.append(target_of(clip.label, label_map, names))
            kept.append(clip)
        except KeyError:
            unknown[clip.label] = unknown.get(clip.label, 0) + 1
    if not any(wanted):
        labels = sorted({clip.label for clip in clips})
        more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
        raise DatasetError(
            f"no label ({', '.join(labels[:_MOST_NAMED])}{more}) means a class of the models; say what they mean with"
            " --labels MAP.csv"
        )
    lines = [
        f"{count} clip(s) labelled '{label}': neither in the mapping nor a class's name"
        for label, count in unknown.items()
    ]
    return kept, wanted, lines


def _ground(clips: list[Clip], wanted: list[Target | None], names: tuple[str, ...], settings: Settings) -> Ground:
    """What is true of the clips. Labels that mean the same share a name, and their classes all stand for it.

    Raises:
        DatasetError: no clip has a target.
    """
    classes: dict[str, dict[int, None]] = {}
    for target in wanted:
        if target is not None:
            classes.setdefault(target.name, {}).update(dict.fromkeys(target.classes))
    if not classes:
        raise DatasetError("no clip that can be read has a label that means a class of the models")
    targets = [Target(name, tuple(sorted(classes[name]))) for name in sorted(classes)]
    truth = np.array([[target is not None and target.name == each.name for each in targets] for target in wanted])
    return Ground(clips, names, targets, truth, settings.seed, draws_of(clips, settings.repeats, settings.seed))
