# SPDX-License-Identifier: Apache-2.0
"""What a simulated device and its line do wrong on request; by chance, but the same for the same seed."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Misbehaviour:
    """Probabilities in 0..1.

    Attributes:
        drop: that a byte, in either direction, is lost.
        flip: that a byte, in either direction, has a bit flipped.
        log_mid_answer: that a log line breaks into an answer.
        delay: that an answer waits for `delay_s` seconds.
        reset: that the device resets in the middle of a request, or of its answer.
        seed: of the random numbers.
    """

    drop: float = 0.0
    flip: float = 0.0
    log_mid_answer: float = 0.0
    delay: float = 0.0
    delay_s: float = 1.0
    reset: float = 0.0
    seed: int = 0


class Chance:
    """The misbehaviour at work."""

    def __init__(self, misbehaviour: Misbehaviour) -> None:
        self._rates = misbehaviour
        self._random = random.Random(misbehaviour.seed)

    def on_the_line(self, data: bytes) -> bytes:
        """What arrives of bytes that are sent."""
        if not (self._rates.drop or self._rates.flip):
            return data
        arrived = bytearray()
        for byte in data:
            if self._random.random() < self._rates.drop:
                continue
            flipped = self._random.random() < self._rates.flip
            arrived.append(byte ^ (1 << self._random.randrange(8)) if flipped else byte)
        return bytes(arrived)

    def interrupts(self) -> bool:
        """Whether a log line breaks into this answer."""
        return self._random.random() < self._rates.log_mid_answer

    def delay_s(self) -> float:
        """Seconds that this answer waits."""
        return self._rates.delay_s if self._random.random() < self._rates.delay else 0.0

    def resets(self) -> bool:
        """Whether the device resets while it serves this request."""
        return self._random.random() < self._rates.reset

    def before_the_answer(self) -> bool:
        """Whether it does so while the request comes in, not while the answer goes out."""
        return self._random.random() < 0.5

    def cut(self, line: bytes) -> int:
        """Where a line breaks: inside of it."""
        return self._random.randrange(1, len(line))
