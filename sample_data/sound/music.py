"""Music: chords by the tone of a scene, and each character's own melody on an instrument of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sample_data.sound.voice import RATE

MAJOR, MINOR, DARK = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 1, 3, 5, 6, 8, 10)


@dataclass(frozen=True)
class Mood:
    scale: tuple[int, ...]
    chords: tuple[int, ...]  # steps of the scale on which a bar's chord stands
    bar_s: float
    pulse: int  # beats of a drum in a bar
    loud: float


MOODS = {
    "calm": Mood(MAJOR, (0, 3, 4, 0), 3.2, 0, 0.5),
    "curious": Mood(MAJOR, (0, 5, 1, 4), 2.4, 2, 0.6),
    "uneasy": Mood(MINOR, (0, 5, 0, 4), 2.8, 0, 0.6),
    "tense": Mood(MINOR, (0, 0, 5, 6), 2.0, 4, 0.8),
    "frantic": Mood(DARK, (0, 1, 0, 4), 1.4, 8, 1.0),
}
# of each genre: strengths of the first harmonics of its chords, seconds until a note has died away, notes above the root
SOUNDS: dict[str, tuple[tuple[float, ...], float, int]] = {
    "crime": ((1.0, 0.5, 0.1, 0.2), 1.6, -12),
    "ghost story": ((1.0, 0.05, 0.3, 0.02, 0.25), 4.0, 0),
    "heist": ((1.0, 0.7, 0.5, 0.3, 0.2), 0.5, -12),
    "nature documentary": ((1.0, 0.3, 0.1), 5.0, 0),
    "romance": ((1.0, 0.4, 0.2, 0.1), 1.8, 0),
    "sitcom": ((1.0, 0.1, 0.6, 0.05, 0.4), 0.35, 0),
    "space": ((1.0, 0.02, 0.02, 0.3, 0.02, 0.2), 6.0, -12),
    "western": ((1.0, 0.8, 0.6, 0.5, 0.4, 0.3), 0.7, -5),
}
INSTRUMENTS = (
    (1.0, 0.2, 0.05),
    (1.0, 0.02, 0.7, 0.02, 0.5),
    (1.0, 0.8, 0.7, 0.6, 0.5, 0.4),
    (0.6, 1.0, 0.1, 0.5),
    (1.0, 0.0, 0.0, 0.6),
    (0.5, 0.5, 1.0, 0.3, 0.3),
)


@dataclass(frozen=True)
class Melody:
    """Six notes as steps of the scale, their lengths, an octave and an instrument."""

    steps: tuple[int, ...]
    lengths: tuple[float, ...]
    octave: int
    harmonics: tuple[float, ...]
    decay_s: float


def melodies_of(count: int, rng: np.random.Generator) -> list[Melody]:
    instruments = rng.permutation(len(INSTRUMENTS))
    return [
        Melody(
            steps=tuple(int(n) for n in rng.integers(-2, 8, 6)),
            lengths=tuple(float(x) for x in rng.choice([0.22, 0.22, 0.44, 0.33], 6)),
            octave=int(rng.choice([0, 12, 12, 24])),
            harmonics=INSTRUMENTS[int(instruments[i % len(INSTRUMENTS)])],
            decay_s=float(rng.uniform(0.25, 0.9)),
        )
        for i in range(count)
    ]


def score(tone: str, genre: str, root: int, length_s: float) -> np.ndarray:
    """(T,) the chords under a scene."""
    mood, (harmonics, decay_s, shift) = MOODS[tone], SOUNDS[genre]
    out = np.zeros(round(length_s * RATE))
    for bar in range(int(np.ceil(length_s / mood.bar_s))):
        begin, step = round(bar * mood.bar_s * RATE), mood.chords[bar % len(mood.chords)]
        for i, third in enumerate((0, 2, 4)):
            pitch = root + shift + _degree(mood.scale, step + third)
            _add(
                out,
                begin + i * 240,
                _note(pitch, min(mood.bar_s * 1.1, max(decay_s * 2, 0.6)), harmonics, decay_s),
                mood.loud,
            )
        for beat in range(mood.pulse):
            _add(out, begin + round(beat * mood.bar_s / mood.pulse * RATE), _drum(beat % 2 == 0), mood.loud)
    return out


def play(melody: Melody, tone: str, root: int, length_s: float) -> np.ndarray:
    """(T,) a character's theme, again and again."""
    out, at, k = np.zeros(round(length_s * RATE)), 0, 0
    while at < len(out):
        i = k % len(melody.steps)
        pitch = root + melody.octave + _degree(MOODS[tone].scale, melody.steps[i])
        _add(out, at, _note(pitch, melody.lengths[i] * 2, melody.harmonics, melody.decay_s), 1.0)
        at += round(melody.lengths[i] * RATE) + (round(0.3 * RATE) if i == 5 else 0)
        k += 1
    return out


def _degree(scale: tuple[int, ...], step: int) -> int:
    return scale[step % 7] + 12 * (step // 7)


@cache
def _note(pitch: int, length_s: float, harmonics: tuple[float, ...], decay_s: float) -> np.ndarray:
    """(T,) `pitch` in semitones above 220 Hz."""
    t = np.arange(round(length_s * RATE)) / RATE
    hertz = 220 * 2 ** (pitch / 12)
    tone = sum(a * np.sin(2 * np.pi * hertz * (k + 1) * t) for k, a in enumerate(harmonics) if hertz * (k + 1) < 9000)
    fade = np.minimum(1, t / 0.015) * np.exp(-t / decay_s) * np.minimum(1, (length_s - t) / 0.03)
    return np.asarray(tone * fade / sum(harmonics))


@cache
def _drum(strong: bool) -> np.ndarray:
    t = np.arange(round(0.18 * RATE)) / RATE
    return (
        np.sin(2 * np.pi * (62 if strong else 110) * t * np.exp(-4 * t)) * np.exp(-t / 0.05) * (1.3 if strong else 0.6)
    )


def _add(out: np.ndarray, at: int, sound: np.ndarray, gain: float) -> None:
    size = min(len(sound), len(out) - at)
    if size > 0:
        out[at : at + size] += gain * sound[:size]
