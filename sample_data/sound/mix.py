"""The soundtrack of a film, shot by shot, and how far mouths are open while it is heard."""

from __future__ import annotations

import numpy as np

from sample_data.drawing.sets import is_outdoors
from sample_data.drawing.weather import weather_of
from sample_data.film import NOBODY, Film, Shot
from sample_data.screenplay import seed_of
from sample_data.sound import effects, music
from sample_data.sound.voice import RATE, Voice, say, voices_of

BEFORE_S, AFTER_S = 0.2, 0.25  # of silence before and after a line, within its shot


class Soundtrack:
    """What a film sounds like; every shot from a generator of its own."""

    def __init__(self, film: Film, seed: int = 0):
        self.film, self.seed = film, seed
        names = [c.name for c in film.outline.characters]
        if film.outline.genre.narrator:
            names.append(film.outline.genre.narrator)
        rng = np.random.default_rng(seed_of(seed, film.title_id, "sound"))
        self.voices: dict[str, Voice] = dict(zip(names, voices_of(len(names), rng), strict=True))
        self.melodies = dict(zip(names, music.melodies_of(len(names), rng), strict=True))
        self.root = int(rng.integers(-7, 6))

    def of_shot(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """(T,) float32 sound of a shot, within ±1, and (T,) the voice alone."""
        shot = self.film.shots[number]
        length_s = shot.end_s - shot.start_s
        rng = np.random.default_rng(seed_of(self.seed, self.film.title_id, "shot sound", number))
        voice = self._voice(shot, length_s, rng)
        genre, speaks = self.film.outline.genre.name, shot.speaker != NOBODY
        weather = self._weather(shot)
        around = effects.ambience(shot.place.kind, weather, shot.scene.time_of_day, genre, length_s)
        chords = self._chords(shot, length_s)
        theme = np.zeros(1)
        if shot.motif:
            theme = music.play(self.melodies[shot.motif], shot.scene.tone, self.root, length_s) * shot.motif_strength
        events = self._events(shot, weather, length_s, rng)
        mixed = 0.55 * voice + (0.22 if speaks else 0.34) * (around + events) + (0.10 if shot.motif else 0.2) * chords
        mixed = mixed + (0.24 if speaks else 0.32) * theme
        return (np.tanh(1.2 * mixed) * _joined(len(mixed))).astype(np.float32), voice

    def _weather(self, shot: Shot) -> str:
        if not is_outdoors(shot.place.kind):
            return ""
        genre = self.film.outline.genre.name
        seed = seed_of(self.seed, self.film.title_id, "set", str(shot.scene.number)) % 2**31
        return weather_of(genre, shot.scene.time_of_day, seed)

    def _voice(self, shot: Shot, length_s: float, rng: np.random.Generator) -> np.ndarray:
        track = np.zeros(round(length_s * RATE))
        if shot.speaker != NOBODY:
            line = say(shot.text, self.voices[shot.speaker], length_s - BEFORE_S - AFTER_S, rng)
            begin = round(BEFORE_S * RATE)
            track[begin : begin + len(line)] = line[: len(track) - begin]
        return track

    def _chords(self, shot: Shot, length_s: float) -> np.ndarray:
        """The part of the scene's music that falls into this shot."""
        first = next(s for s in self.film.shots if s.scene.number == shot.scene.number)
        before_s = shot.start_s - first.start_s
        whole = music.score(shot.scene.tone, self.film.outline.genre.name, self.root, before_s + length_s)
        return whole[-round(length_s * RATE) :]

    def _events(self, shot: Shot, weather: str, length_s: float, rng: np.random.Generator) -> np.ndarray:
        out = np.zeros(round(length_s * RATE))
        genre = self.film.outline.genre.name
        if shot.pattern == "chase":
            out += effects.steps(length_s, 0.34, hooves=genre == "western")
        sounds = []
        if shot.pattern == "establishing":
            sounds.append(
                effects.whistle()
                if shot.place.kind == "station"
                else effects.door()
                if not is_outdoors(shot.place.kind)
                else np.zeros(1)
            )
        if shot.size == "insert":
            sounds.append(effects.clink())
        if weather == "rain" and shot.size == "wide" and shot.tension > 0.5:
            sounds.append(effects.thunder(rng))
        for sound in sounds:
            size = min(len(sound), len(out) - round(0.2 * RATE))
            out[round(0.2 * RATE) : round(0.2 * RATE) + size] += sound[:size]
        return out


def mouths(voice: np.ndarray, frames: int) -> np.ndarray:
    """(frames,) 0 to 1: how loud the voice is while each frame is seen."""
    pieces = np.array_split(np.abs(voice), frames)
    level = np.array([p.max() if len(p) else 0.0 for p in pieces])
    return np.clip(1.3 * level, 0, 1)


def _joined(size: int) -> np.ndarray:
    """Ends that do not click."""
    x = np.arange(size)
    return np.minimum(1, np.minimum(x, size - 1 - x) / (0.008 * RATE))
