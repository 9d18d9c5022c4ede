"""What encoders would make of a film's shots, until real frames and sound exist: a stand-in for three encoders.

Each reads its part of the story (video: place, people in the picture, distance, light; audio: ambience,
voice, music; text: speaker and topic) and gives a smooth nonlinear function of it plus noise of the
shot's own. Looks, voices and melodies are mostly the title's own, drawn around what their kind has in
common, so that a model must find them in the title's other shots.

Shape letters: N shots of a title.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sample_data.film import NOBODY, SHOT_SIZES, TIMES_OF_DAY, Film, Shot
from sample_data.screenplay import seed_of

DIMS = {"video": 128, "audio": 96, "text": 96}
GLOBAL_DIM = 64
SHARED = 0.3  # of a look's variance is its kind's, the rest the title's own
TRAIT_DIM = 6  # of a look, a voice, a melody, a topic
HIDDEN_DIM = 48


@dataclass(frozen=True)
class Sense:
    """One stand-in encoder: `offset` makes all its vectors alike, as real encoders' are; `noise` is the shot's own."""

    offset: float
    noise: float


SENSES = {"video": Sense(1.0, 0.45), "audio": Sense(1.0, 0.5), "text": Sense(1.0, 0.6)}
# how much of the picture is the place, and how much the people in it
PLACE_SHARE = {"wide": 1.1, "medium": 0.7, "close": 0.4, "insert": 0.4}
PEOPLE_SHARE = {"wide": 0.6, "medium": 0.9, "close": 1.2, "insert": 0.0}


def embed(film: Film, rng: np.random.Generator) -> np.ndarray:
    """(N, 320) float16: what the catalog holds. A silent shot has a zero text block."""
    return (embed_without_noise(film) + _noise(film, rng)).astype(np.float16)


def embed_without_noise(film: Film) -> np.ndarray:
    """(N, 320) float64: all that could be known of each shot from its story."""
    blocks = [_encode(name, np.stack([_SEES[name](shot, film) for shot in film.shots])) for name in DIMS]
    return np.concatenate([blocks[0], blocks[1], blocks[2] * _spoken(film)], axis=1)


def embed_title(film: Film) -> np.ndarray:
    """(64,) unit length: genre, tags, decade and the synopsis' words, hashed."""
    outline = film.outline
    words = [outline.genre.name] * 3 + [*outline.tags] * 2 + [f"{outline.year // 10}0s", *film.synopsis.lower().split()]
    total = np.sum([_vector("word", word, dim=GLOBAL_DIM) for word in words], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


def _noise(film: Film, rng: np.random.Generator) -> np.ndarray:
    noise = [SENSES[name].noise * rng.standard_normal((len(film.shots), dim)) for name, dim in DIMS.items()]
    return np.concatenate([noise[0], noise[1], noise[2] * _spoken(film)], axis=1)


def _spoken(film: Film) -> np.ndarray:
    """(N, 1) 1.0 where somebody speaks."""
    return np.array([[float(shot.speaker != NOBODY)] for shot in film.shots])


def _encode(name: str, seen: np.ndarray) -> np.ndarray:
    """A fixed two-layer network for each sense."""
    first = _matrix(f"{name}/first", seen.shape[1], HIDDEN_DIM)
    second = _matrix(f"{name}/second", HIDDEN_DIM, DIMS[name])
    return SENSES[name].offset * _vector("offset", name, dim=DIMS[name]) + 1.6 * np.tanh(seen @ first) @ second


def _sees_video(shot: Shot, film: Film) -> np.ndarray:
    people = [_own(film, "look", film.outline.role(name), name) for name in shot.characters]
    in_frame = np.mean(people, axis=0) if people else np.zeros(TRAIT_DIM)
    thing = _own(film, "thing", shot.prop, shot.prop) if shot.prop else np.zeros(TRAIT_DIM)
    return np.concatenate(
        [
            PLACE_SHARE[shot.size] * _own(film, "place", shot.place.kind, shot.place.name),
            1.7 * PEOPLE_SHARE[shot.size] * in_frame,
            thing,
            1.5 * _one_of(SHOT_SIZES, shot.size),
            1.2 * _one_of(TIMES_OF_DAY, shot.scene.time_of_day),
            [2.0 * shot.tension],
            0.7 * _vector("genre look", film.outline.genre.name, dim=6),
        ]
    )


def _sees_audio(shot: Shot, film: Film) -> np.ndarray:
    voice = _own(film, "voice", film.outline.role(shot.speaker), shot.speaker)
    melody = _own(film, "melody", film.outline.role(shot.motif), shot.motif)
    return np.concatenate(
        [
            0.6 * _own(film, "ambience", shot.place.kind, shot.place.name),
            1.5 * voice * (shot.speaker != NOBODY),
            1.3 * melody * shot.motif_strength,
            [2.0 * shot.tension, 2.0 * (shot.speaker != NOBODY)],
            0.6 * _vector("genre sound", film.outline.genre.name, dim=6),
        ]
    )


def _sees_text(shot: Shot, film: Film) -> np.ndarray:
    return np.concatenate(
        [
            1.4 * _own(film, "diction", film.outline.role(shot.speaker), shot.speaker),
            _own(film, "topic", shot.scene.topic, shot.scene.topic),
            [2.0 * shot.tension],
            0.6 * _vector("genre words", film.outline.genre.name, dim=6),
        ]
    )


_SEES = {"video": _sees_video, "audio": _sees_audio, "text": _sees_text}


def _own(film: Film, trait: str, kind: str, name: str) -> np.ndarray:
    """(12,) a title's own variant of what its kind looks or sounds like."""
    shared = _vector(trait, kind)
    return np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * _vector(trait, film.title_id, name)


def _one_of(names: tuple[str, ...], name: str) -> np.ndarray:
    return np.array([float(n == name) for n in names])


@cache
def _vector(*words: str, dim: int = TRAIT_DIM) -> np.ndarray:
    return np.random.default_rng(seed_of(*words)).standard_normal(dim)


@cache
def _matrix(name: str, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(seed_of("network", name)).standard_normal((rows, columns)) / np.sqrt(rows)
