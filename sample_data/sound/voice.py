"""Voices: a buzz from the throat, shaped by the vowels of the words; each character has a pitch and a throat of their own.

Shape letter: T samples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

RATE = 24_000  # samples a second
# the first three resonances of each vowel, in hertz
VOWELS = {
    "a": (760, 1220, 2600),
    "e": (530, 1840, 2480),
    "i": (300, 2290, 3010),
    "o": (500, 880, 2540),
    "u": (330, 870, 2250),
    "y": (390, 1990, 2550),
}
HISSES = {
    "s": 5200,
    "z": 4600,
    "f": 3800,
    "t": 3300,
    "k": 2000,
    "h": 1500,
    "c": 2600,
    "p": 900,
    "x": 4200,
    "d": 1600,
    "b": 700,
    "g": 1200,
}


@dataclass(frozen=True)
class Voice:
    pitch: float  # hertz
    throat: float  # 1 usual, higher for a smaller head
    speed: float  # syllables a second
    breath: float  # 0 clear, 1 whispering
    tune: float  # how much the pitch moves


def voices_of(count: int, rng: np.random.Generator) -> list[Voice]:
    """Voices that are easy to tell apart."""
    pitches = rng.permutation(np.geomspace(86, 270, count))
    return [
        Voice(
            pitch=float(pitch * rng.uniform(0.95, 1.05)),
            throat=float(0.86 + 0.34 * np.log(pitch / 86) / np.log(270 / 86) + rng.uniform(-0.07, 0.07)),
            speed=float(rng.uniform(4.6, 6.4)),
            breath=float(rng.uniform(0.03, 0.22)),
            tune=float(rng.uniform(0.05, 0.2)),
        )
        for pitch in pitches
    ]


def say(text: str, voice: Voice, longest_s: float, rng: np.random.Generator) -> np.ndarray:
    """(T,) the line, spoken faster where it would not fit into `longest_s`."""
    syllables = _syllables(text)
    spans = np.array([_length(s) for s in syllables]) / voice.speed
    spans *= min(1.0, longest_s / max(spans.sum(), 1e-3))
    edges = np.concatenate([[0], np.cumsum(spans) * RATE]).astype(int)
    total = int(edges[-1])
    pitch = _melody(syllables, edges, voice, text.endswith("?"), rng)
    buzz = 2 * (np.cumsum(pitch / RATE) % 1) - 1 + voice.breath * rng.standard_normal(total)
    shaped = {v: _resonate(buzz, VOWELS[v], voice.throat) for v in {s[1] for s in syllables if s[1]}}
    line = np.zeros(total)
    for (onset, vowel, _), start, end in zip(syllables, edges[:-1], edges[1:], strict=True):
        if vowel:
            line[start:end] += shaped[vowel][start:end] * _swell(end - start)
        hiss = next((HISSES[c] for c in onset if c in HISSES), 0)
        if hiss:
            size = min(end - start, int(0.06 * RATE))
            line[start : start + size] += (
                0.5 * _band(rng.standard_normal(size), hiss * voice.throat**0.5, 900) * np.hanning(size)
            )
    return line / max(1e-6, np.abs(line).max())


def _syllables(text: str) -> list[tuple[str, str, str]]:
    """Consonants, a vowel, and the punctuation that follows."""
    found = re.findall(r"([^aeiouy\W\d]*)([aeiouy]?)[aeiouy]*([^aeiouy\W\d]*(?=\W|$))?([,.?!;:]?)", text.lower())
    return [(onset, vowel, stop) for onset, vowel, _, stop in found if onset or vowel or stop] or [("", "a", "")]


def _length(syllable: tuple[str, str, str]) -> float:
    return (1.0 if syllable[1] else 0.4) + {",": 0.8, ";": 1.0, ".": 1.5, "?": 1.5, "!": 1.5, ":": 1.0}.get(
        syllable[2], 0.0
    )


def _melody(
    syllables: list[tuple[str, str, str]], edges: np.ndarray, voice: Voice, asks: bool, rng: np.random.Generator
) -> np.ndarray:
    """(T,) hertz: it falls over the line, and rises at the end of a question."""
    steps = 1 + voice.tune * rng.standard_normal(len(syllables))
    falling = np.linspace(1.1, 0.92, len(syllables))
    if asks:
        falling[-2:] *= 1.25
    middles = (edges[:-1] + edges[1:]) / 2
    return voice.pitch * np.interp(np.arange(edges[-1]), middles, np.clip(steps, 0.75, 1.35) * falling)


def _resonate(buzz: np.ndarray, formants: tuple[int, int, int], throat: float) -> np.ndarray:
    parts = [gain * _band(buzz, f * throat, 70 + 0.05 * f) for f, gain in zip(formants, (1.0, 0.6, 0.25), strict=True)]
    return np.sum(parts, axis=0)


def _band(signal: np.ndarray, hertz: float, width: float) -> np.ndarray:
    """A resonance."""
    r = np.exp(-np.pi * width / RATE)
    angle = 2 * np.pi * min(hertz, 0.45 * RATE) / RATE
    return np.asarray(lfilter([1 - r], [1, -2 * r * np.cos(angle), r * r], signal))


def _swell(size: int) -> np.ndarray:
    """(T,) rises fast, holds, dies away."""
    x = np.linspace(0, 1, size)
    return np.minimum(1, x / 0.15) * np.minimum(1, (1 - x) / 0.3)
