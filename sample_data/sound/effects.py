"""Effects: what a place sounds like, and steps, doors, hooves and thunder. Shape letter: T samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.signal import lfilter

from sample_data.sound.voice import RATE

LOOP_S = 8.0
PLACES = {
    "harbour": ("sea", "gulls"), "boat": ("sea", "gulls"), "beach": ("sea", "gulls"), "cliff": ("sea", "wind"),
    "river": ("stream", "birds"), "pond": ("stream", "crickets"), "garden": ("birds",), "meadow": ("birds", "wind"),
    "forest": ("birds", "wind"), "market": ("murmur",), "street": ("city",), "station": ("city", "engine"),
    "roof": ("wind", "city"), "church": ("wind", "birds"), "desert": ("wind",), "canyon": ("wind",), "ranch": ("wind", "birds"),
    "bar": ("murmur",), "saloon": ("murmur",), "cafe": ("murmur",), "theatre": ("room",), "bank": ("murmur", "clock"),
    "office": ("clock", "room"), "house": ("fire", "clock"), "kitchen": ("hum", "drip"), "cellar": ("drip",),
    "engine": ("engine",), "vault": ("hum",), "bridge": ("beeps", "hum"), "airlock": ("hum", "engine"), "hospital": ("beeps",),
    "warehouse": ("room",), "planet": ("wind", "hum"), "corridor": ("room",), "shop": ("clock",), "stairs": ("room",),
    "attic": ("wind",), "bedroom": ("clock",), "flat": ("city", "clock"), "school": ("clock", "birds"),
}  # fmt: skip


def ambience(kind: str, weather: str, hour: str, genre: str, length_s: float) -> np.ndarray:
    """(T,) what is heard all the time."""
    names = list(PLACES.get(kind, ("room",)))
    if genre == "space":
        names = [n for n in names if n not in ("birds", "gulls", "city", "stream", "crickets", "wind")] + ["hum"]
    if hour == "night":
        names = ["crickets" if n == "birds" else n for n in names if n != "gulls"]
    names += {"rain": ["rain"], "snow": ["wind"], "dust": ["wind"]}.get(weather, [])
    size = round(length_s * RATE)
    return np.sum([np.resize(_loop(name), size) for name in names], axis=0)


def steps(length_s: float, gait_s: float, *, hooves: bool) -> np.ndarray:
    """(T,) somebody runs, or rides."""
    out, step = np.zeros(round(length_s * RATE)), _thud(1900 if hooves else 900, 0.035)
    at = 0.1
    while at < length_s - 0.1:
        for k in range(3 if hooves else 1):
            _add(out, at + k * gait_s * 0.22, step, 0.8 - 0.15 * k)
        at += gait_s
    return out


def door() -> np.ndarray:
    """A creak and a thud."""
    t = np.arange(round(0.5 * RATE)) / RATE
    creak = np.sin(2 * np.pi * (300 * t + 160 * t * t + 3 * np.sin(2 * np.pi * 23 * t))) * np.hanning(len(t)) * 0.3
    return np.concatenate([creak, _thud(240, 0.12)])


def whistle() -> np.ndarray:
    """Of a train."""
    t = np.arange(round(1.2 * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * f * t * (1 + 0.01 * np.minimum(1, t))) for f in (440, 554, 660))
    return np.asarray(chord) * np.minimum(1, t / 0.1) * np.minimum(1, (1.2 - t) / 0.4) * 0.2


def thunder(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(2.0 * RATE)) / RATE
    return _low(rng.standard_normal(len(t)), 0.985) * np.exp(-t / 0.7) * 9


def clink() -> np.ndarray:
    t = np.arange(round(0.4 * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * f * t) for f in (2100, 3170, 4410))) * np.exp(-t / 0.08) * 0.25


def _thud(hertz: float, decay_s: float) -> np.ndarray:
    t = np.arange(round(decay_s * 5 * RATE)) / RATE
    noise = np.random.default_rng(round(hertz)).standard_normal(len(t))
    return (0.6 * np.sin(2 * np.pi * hertz * 0.2 * t) + 0.4 * _low(noise, 0.8) * 2) * np.exp(-t / decay_s)


def _add(out: np.ndarray, at_s: float, sound: np.ndarray, gain: float) -> None:
    at = round(at_s * RATE)
    size = min(len(sound), len(out) - at)
    if size > 0:
        out[at : at + size] += gain * sound[:size]


def _low(noise: np.ndarray, keep: float) -> np.ndarray:
    return np.asarray(lfilter([1 - keep], [1, -keep], noise))


@cache
def _loop(name: str) -> np.ndarray:
    """(T,) eight seconds that begin where they end."""
    rng = np.random.default_rng([ord(c) for c in name])
    t = np.arange(round(LOOP_S * RATE)) / RATE
    return _LOOPS[name](rng, t) * np.minimum(1, np.minimum(t, LOOP_S - t) / 0.05)


def _slow(t: np.ndarray, *turns: int) -> np.ndarray:
    """Between 0 and 1, so many times up and down in a loop."""
    return 0.5 + 0.5 * np.mean([np.sin(2 * np.pi * n * t / LOOP_S + n) for n in turns], axis=0)


def _scattered(sound: np.ndarray, count: int, gain: float) -> Callable[[np.random.Generator, np.ndarray], np.ndarray]:
    def place(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
        out = np.zeros(len(t))
        for at in rng.uniform(0, LOOP_S - 0.6, count):
            _add(out, float(at), sound, gain * float(rng.uniform(0.4, 1)))
        return out

    return place


def _chirp(low: float, high: float, length_s: float) -> np.ndarray:
    t = np.arange(round(length_s * RATE)) / RATE
    sweep = low + (high - low) * np.abs(np.sin(np.pi * 3 * t / length_s))
    return np.sin(2 * np.pi * np.cumsum(sweep) / RATE) * np.hanning(len(t))


def _murmur(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    voices = [
        _low(rng.standard_normal(len(t)), 0.93)
        * _slow(t, 9 + 5 * k, 13 + 3 * k) ** 2
        * np.sin(2 * np.pi * (140 + 40 * k) * t)
        for k in range(4)
    ]
    return np.asarray(np.sum(voices, axis=0)) * 1.4 + _scattered(clink(), 5, 0.12)(rng, t)


def _beeps(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return 0.08 * np.sin(2 * np.pi * 980 * t) * (t % 1.0 < 0.09) + 0.05 * np.sin(2 * np.pi * 1470 * t) * (
        (t + 0.4) % 2.0 < 0.06
    )


_LOOPS: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "sea": lambda rng, t: _low(rng.standard_normal(len(t)), 0.9) * (0.15 + _slow(t, 2, 1) ** 2) * 1.3,
    "gulls": _scattered(_chirp(900, 1600, 0.45), 5, 0.16),
    "wind": lambda rng, t: _low(_low(rng.standard_normal(len(t)), 0.95), 0.9) * (0.3 + _slow(t, 1, 3)) * 2.2,
    "stream": lambda rng, t: (rng.standard_normal(len(t)) - _low(rng.standard_normal(len(t)), 0.6)) * 0.07 * (0.7 + 0.3 * _slow(t, 31, 47)),
    "birds": lambda rng, t: _scattered(_chirp(2600, 4200, 0.22), 12, 0.16)(rng, t) + _scattered(_chirp(3400, 5200, 0.12), 10, 0.1)(rng, t),
    "crickets": lambda rng, t: 0.07 * np.sin(2 * np.pi * 4300 * t) * (np.sin(2 * np.pi * 21 * t) > 0.2) * (np.sin(2 * np.pi * 1.5 * t) > 0),
    "rain": lambda rng, t: rng.standard_normal(len(t)) * 0.10 + _scattered(_thud(2600, 0.01), 120, 0.2)(rng, t),
    "city": lambda rng, t: _low(_low(rng.standard_normal(len(t)), 0.97), 0.95) * (0.5 + _slow(t, 1, 2)) * 4,
    "engine": lambda rng, t: 0.2 * np.sin(2 * np.pi * 55 * t) * (0.7 + 0.3 * np.sin(2 * np.pi * 11 * t)) + 0.1 * np.sin(2 * np.pi * 110 * t),
    "hum": lambda rng, t: 0.08 * np.sin(2 * np.pi * 100 * t) + 0.05 * np.sin(2 * np.pi * 200 * t) + _low(rng.standard_normal(len(t)), 0.97) * 0.2,
    "room": lambda rng, t: _low(rng.standard_normal(len(t)), 0.98) * 0.35,
    "murmur": _murmur,
    "clock": lambda rng, t: np.sum([np.roll(np.pad(_thud(3000, 0.006), (0, len(t) - len(_thud(3000, 0.006)))), round(k * 0.5 * RATE)) * (0.3 if k % 2 else 0.2) for k in range(16)], axis=0),
    "fire": lambda rng, t: _scattered(_thud(2200, 0.004), 90, 0.35)(rng, t) + _low(rng.standard_normal(len(t)), 0.96) * 0.3,
    "drip": _scattered(_chirp(900, 1300, 0.07), 6, 0.4),
    "beeps": _beeps,
}  # fmt: skip
