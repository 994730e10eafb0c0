# SPDX-License-Identifier: Apache-2.0
"""The example sounds, each built from the standard or the custom that defines it."""

import numpy as np

from yamnet_tools.audio import SAMPLE_RATE
from yamnet_tools.examples.synthesis import Sound, at_peak, fade, in_room, mix, seconds, tone, white_noise

_ROOM_NOISE_RMS = 0.001  # -60 dBFS, a quiet room through a microphone

# The temporal-three evacuation pattern (ISO 8201, ANSI/ASA S3.41): three pulses of 0.5 s, 0.5 s apart, 1.5 s of pause.
_T3_PULSES = 3
_T3_PULSE_S = 0.5
_T3_CYCLE_S = 4.0
_PIEZO_HZ = 3100.0  # where the usual piezo sounders resonate
_PIEZO_PARTIALS = (1.0, 0.05)

_HORN_PARTIALS = (1.0, 0.5, 0.35, 0.2, 0.12)
_WAIL_HZ = (700.0, 1500.0)
_WAIL_PERIOD_S = 5.5
_YELP_PERIOD_S = 0.3

# Precise tone plan of North America, and the keypad (ITU-T Q.23).
_DIAL_TONE_HZ = (350.0, 440.0)
_KEYPAD_LOW_HZ = (697.0, 770.0, 852.0, 941.0)
_KEYPAD_HIGH_HZ = (1209.0, 1336.0, 1477.0)
_KEYPAD = "123456789*0#"
_NUMBER = "5550142"  # 555-01xx is set aside for fiction


def smoke_alarm_t3() -> Sound:
    """A smoke alarm's piezo sounder in a room: two cycles of the temporal-three pattern, 8 s."""
    return _in_quiet_room(at_peak(in_room(_alarm(cycles=2), decay_s=0.4, wet=0.3, seed=1), 0.5), seed=2)


def siren() -> Sound:
    """A police siren's horn: 5 s of wail, 3 s of yelp."""
    wail = tone(_sweep_hz(5.0, _WAIL_PERIOD_S), _HORN_PARTIALS, 5.0)
    yelp = tone(_sweep_hz(3.0, _YELP_PERIOD_S), _HORN_PARTIALS, 3.0)
    parts = mix(8.0, [(0.0, fade(wail, 0.05, 0.05)), (5.0, fade(yelp, 0.02, 0.05))])
    return _in_quiet_room(at_peak(in_room(parts, decay_s=0.6, wet=0.4, seed=3), 0.5), seed=4)


def telephone() -> Sound:
    """A telephone: 1.5 s of dial tone, then seven keys."""
    dial = [(0.0, fade(tone(hz, (0.2,), 1.5), 0.005, 0.005)) for hz in _DIAL_TONE_HZ]
    keys = [(1.8 + 0.3 * place, _key(digit)) for place, digit in enumerate(_NUMBER)]
    return _in_quiet_room(mix(4.0, [*dial, *keys]), seed=5)


def sine_440hz() -> Sound:
    """A pure tone of 440 Hz, 2 s."""
    return fade(tone(440.0, (0.4,), 2.0), 0.01, 0.01)


def noise() -> Sound:
    """White noise at -40 dBFS, 3 s."""
    return white_noise(3 * SAMPLE_RATE, 0.01, seed=6)


def kitchen(speech: Sound) -> Sound:
    """Somebody speaks, then the smoke alarm goes off in the next room, 13 s.

    Args:
        speech: The spoken words; the alarm begins 0.4 s after them.
    """
    talk = at_peak(speech, 0.4)
    alarm = at_peak(in_room(_alarm(cycles=2), decay_s=0.8, wet=0.8, seed=7), 0.15)
    return _in_quiet_room(mix(13.0, [(0.0, talk), (len(talk) / SAMPLE_RATE + 0.4, alarm)]), seed=8)


def _alarm(cycles: int) -> Sound:
    pulse = fade(tone(_PIEZO_HZ, _PIEZO_PARTIALS, _T3_PULSE_S), 0.004, 0.01)
    starts = [cycle * _T3_CYCLE_S + 2 * number * _T3_PULSE_S for cycle in range(cycles) for number in range(_T3_PULSES)]
    return mix(cycles * _T3_CYCLE_S, [(start, pulse) for start in starts])


def _sweep_hz(duration_s: float, period_s: float) -> Sound:
    """Pitch of a siren, sweeping between its ends in equal musical steps."""
    low, high = _WAIL_HZ
    return low * (high / low) ** (0.5 - 0.5 * np.cos(2 * np.pi * seconds(duration_s) / period_s))


def _key(digit: str) -> Sound:
    row, column = divmod(_KEYPAD.index(digit), len(_KEYPAD_HIGH_HZ))
    pair = tone(_KEYPAD_LOW_HZ[row], (0.25,), 0.18) + tone(_KEYPAD_HIGH_HZ[column], (0.25,), 0.18)
    return fade(pair, 0.003, 0.003)


def _in_quiet_room(sound: Sound, seed: int) -> Sound:
    return sound + white_noise(len(sound), _ROOM_NOISE_RMS, seed)
