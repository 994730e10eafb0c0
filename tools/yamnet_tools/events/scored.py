# SPDX-License-Identifier: Apache-2.0
"""A stretch of audio with all that the event detector needs to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device_core import Event, EventDetector, LevelStream, NoiseFloor, PatchStream, PatternStream, RuleSet
from yamnet_tools.engines import Engine
from yamnet_tools.files import replacing, sha256_hex
from yamnet_tools.model import TensorQuantization, YamnetModel

_CHUNK_SAMPLES = 1 << 18
_FORMAT = b"with patterns"  # Of what save() keeps: part of the cache's keys.


@dataclass(frozen=True)
class ScoredAudio:
    """Scores and levels of the patches of a stretch of audio.

    Attributes:
        scores: int8 [n, classes], the model's output.
        starts: int64 [n], each patch's first sample at 16 kHz.
        levels: float64 [n], the loudest 120 ms of each patch, dBFS.
        floors: float64 [n], the noise floor at each patch's end, dBFS.
        patterns: uint8 [n, 2], how surely each rhythm of tones is heard.
        quantization: of the scores.
    """

    scores: NDArray[np.int8]
    starts: NDArray[np.int64]
    levels: NDArray[np.float64]
    floors: NDArray[np.float64]
    patterns: NDArray[np.uint8]
    quantization: TensorQuantization

    def probabilities(self, index: int) -> NDArray[np.float64]:
        """One class's probabilities, float64 [n]."""
        return self.quantization.scale * (self.scores[:, index].astype(np.float64) - self.quantization.zero_point)

    def events(self, rules: RuleSet) -> list[Event]:
        """All that a fresh detector tells, what the end of the audio ends included."""
        detector = EventDetector(rules, *self.quantization, self.scores.shape[1])
        told = detector.process(self.scores, self.starts, self.levels, self.floors, patterns=self.patterns)
        return told + detector.finish()


def score_audio(
    pcm: NDArray[np.int16], model: YamnetModel, engine: Engine, advance: Callable[[int], object] = lambda _: None
) -> ScoredAudio:
    """Run the device's front end, the model and the level meter over int16 PCM [n] at 16 kHz.

    `advance` is told of how many samples more are done.
    """
    patches = PatchStream(model.front_end, *model.input_quantization)
    levels = LevelStream(NoiseFloor())
    rhythms = PatternStream(model.input_quantization.scale, model.front_end)
    scored, starts, measured, heard = [], [], [], []
    for first in range(0, len(pcm), _CHUNK_SAMPLES):
        chunk = np.ascontiguousarray(pcm[first : first + _CHUNK_SAMPLES])
        found, at = patches.feed(chunk)
        scored.append(engine.score(found))
        starts.append(at)
        heard.append(rhythms.take(found, at))
        measured += levels.feed(chunk)
        advance(len(chunk))
    return ScoredAudio(
        np.concatenate(scored) if scored else np.empty((0, len(model.class_names)), np.int8),
        np.concatenate(starts) if starts else np.empty(0, np.int64),
        np.array([level for _, level, _ in measured], np.float64),
        np.array([floor for _, _, floor in measured], np.float64),
        np.concatenate(heard) if heard else np.empty((0, 2), np.uint8),
        model.output_quantization,
    )


def scored_from_cache(
    pcm: NDArray[np.int16],
    model: YamnetModel,
    engine: Engine,
    cache: Path,
    on_miss: Callable[[], object] = lambda: None,
) -> ScoredAudio:
    """As score_audio(), or from the folder `cache` if the same audio, model and engine made it; else `on_miss` is told
    before.
    """
    key = sha256_hex(b"".join([_FORMAT, pcm.tobytes(), model.sha256.encode(), engine.name.encode()]))[:20]
    path = cache / f"{key}.npz"
    if path.is_file():
        return load(path)
    on_miss()
    audio = score_audio(pcm, model, engine)
    save(path, audio)
    return audio


def concatenate(parts: Sequence[ScoredAudio]) -> ScoredAudio:
    """Stretches that follow one another in time, scored by one model, as one."""
    return ScoredAudio(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.levels for part in parts]),
        np.concatenate([part.floors for part in parts]),
        np.concatenate([part.patterns for part in parts]),
        parts[0].quantization,
    )


def save(path: Path, audio: ScoredAudio) -> None:
    """Keep scored audio for a later run."""
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            scores=audio.scores,
            starts=audio.starts,
            levels=audio.levels,
            floors=audio.floors,
            patterns=audio.patterns,
            quantization=np.array(audio.quantization),
        )


def load(path: Path) -> ScoredAudio:
    """What save() kept."""
    with np.load(path) as stored:
        scale, zero_point = stored["quantization"]
        return ScoredAudio(
            stored["scores"],
            stored["starts"],
            stored["levels"],
            stored["floors"],
            stored["patterns"],
            TensorQuantization(float(scale), int(zero_point)),
        )
