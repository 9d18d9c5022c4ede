"""Writes a film: who, where, what happens in which scene, and every shot of it, from one seeded generator.

The story knows nothing of vectors or pictures: `embeddings.py` makes vectors of it, and whoever
renders real frames and sound can read the same shots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby

import numpy as np

from sample_data.coverage import cover, cross_cut
from sample_data.dialogue import Deck, speak, with_capitals
from sample_data.film import ACTS, TIMES_OF_DAY, Character, Film, Length, Outline, Scene, Shot
from sample_data.genres import Genre, Place, Premise, genres

ACT_ENDS = (0.27, 0.68, 0.87, 1.0)
ROOM_TO_RUN = [
    "street",
    "harbour",
    "market",
    "roof",
    "station",
    "beach",
    "forest",
    "meadow",
    "canyon",
    "desert",
    "ranch",
    "warehouse",
]
# tension over the length of a film: it rises, breaks at the climax and ends low
ARC = ((0.0, 0.25, 0.65, 0.8, 0.87, 1.0), (0.1, 0.35, 0.7, 1.0, 0.45, 0.05))


def write_film(genre: Genre, premise: Premise, rng: np.random.Generator, length: Length | None = None) -> Film:
    """One title from its premise to its last shot."""
    length = length or Length()
    outline = write_outline(genre, premise, rng)
    scenes = plan_scenes(outline, rng, length)
    shots = [shot for group in _groups(scenes) for shot in _shoot(group, outline)]
    shots = score(speak(shots, outline, rng), outline)
    return Film(
        outline=outline,
        synopsis=_synopsis(outline),
        scenes=tuple(scenes),
        shots=tuple(time_shots(shots, rng, length)),
    )


def seed_of(*words: object) -> int:
    """A seed from words, the same on every machine."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, words)).encode()).digest()[:8], "little")


def all_premises() -> Iterator[tuple[Genre, Premise, str]]:
    """Every title with its split: of each genre the first is for test, the second for validation."""
    for genre in genres().values():
        for i, premise in enumerate(genre.premises):
            yield genre, premise, split_of(i)


def endless_premises() -> Iterator[tuple[Genre, Premise, str]]:
    """The same titles, one of each genre in turn, and then sequels without end: `Harbour Lights 2`, another story."""
    for i in count():
        for genre in genres().values():
            first = genre.premises[i % len(genre.premises)]
            part = i // len(genre.premises) + 1
            yield genre, first if part == 1 else replace(first, name=f"{first.name} {part}"), split_of(i)


def split_of(number: int) -> str:
    """Of ten titles of a genre one is for test, one for validation, eight for training."""
    return {0: "test", 1: "validation"}.get(number % 10, "train")


def write_outline(genre: Genre, premise: Premise, rng: np.random.Generator) -> Outline:
    num_characters = int(rng.integers(4, 7))
    names = rng.permutation(genre.names)[:num_characters]
    return Outline(
        genre=genre,
        premise=premise,
        year=int(rng.integers(genre.years[0], genre.years[1] + 1)),
        tags=tuple(_sample(genre.tags, 3, rng)),
        characters=tuple(Character(str(n), r) for n, r in zip(names, genre.roles, strict=False)),
        places=_choose_places(genre, premise, rng),
        details=tuple(_sample(genre.details, 2, rng)),
        topics=tuple(_sample(genre.topics, 3, rng)),
    )


def _choose_places(genre: Genre, premise: Premise, rng: np.random.Generator) -> tuple[Place, ...]:
    others = [p for p in genre.places if p.kind != premise.place.kind]
    chosen = _sample(others, int(rng.integers(3, 7)), rng)
    return (premise.place, *chosen, *([genre.exterior] if genre.exterior else []))


def _sample(items: Sequence, count: int, rng: np.random.Generator) -> list:
    return [items[i] for i in rng.permutation(len(items))[:count]]


@dataclass(frozen=True)
class _Slot:
    """A scene's place in the film, before anything of it is known."""

    number: int
    act: str
    tension: float
    num_shots: int


def plan_scenes(outline: Outline, rng: np.random.Generator, length: Length) -> list[Scene]:
    """The scenes in order. Two in a row with the pattern `parallel` are cut against each other."""
    slots = _slots(rng, length)
    planner = _Planner(outline, rng)
    scenes: list[Scene] = []
    while slots:
        pattern = planner.choose_pattern(slots)
        if pattern == "parallel":
            scenes += planner.plan_pair(slots.pop(0), slots.pop(0))
        else:
            scenes.append(planner.plan(slots.pop(0), pattern))
    return scenes


def _slots(rng: np.random.Generator, length: Length) -> list[_Slot]:
    count = int(np.clip(round(rng.normal(length.scenes, 1.2)), 6, 11))
    middles = (np.arange(count) + 0.5) / count
    slots = []
    for number, x in enumerate(middles):
        act = ACTS[int(np.searchsorted(ACT_ENDS, x))]
        tension = float(np.clip(np.interp(x, *ARC) + rng.normal(0, 0.05), 0, 1))
        slots.append(_Slot(number, act, tension, int(rng.integers(*length.shots))))
    return slots


class _Planner:
    """Chooses place, people and pattern of each scene; remembers what it chose last."""

    def __init__(self, outline: Outline, rng: np.random.Generator):
        self.outline, self.rng = outline, rng
        self.topics = Deck(outline.topics, rng)
        self.last_place: Place | None = None
        self.last_act = self.last_pattern = ""

    def choose_pattern(self, slots: list[_Slot]) -> str:
        """How the next of these is shot. The first pattern of a genre is its usual one, and opens the film."""
        genre, act = self.outline.genre, slots[0].act
        usual = next(iter(genre.patterns))
        weights = dict.fromkeys(genre.climax, 1.0) if act == "climax" else dict(genre.patterns)
        refused = set()
        if self.last_pattern != usual:
            refused.add(self.last_pattern)  # variety: only the usual one comes twice in a row
        if act == "resolution":
            refused.add("chase")
        if len(slots) < 2 or slots[1].act != act:
            refused.add("parallel")  # it needs two scenes of one act
        allowed = {p: w for p, w in weights.items() if p not in refused and self.last_pattern} or {usual: 1.0}
        chances = np.array(list(allowed.values()))
        self.last_pattern = str(self.rng.choice(list(allowed), p=chances / chances.sum()))
        return self.last_pattern

    def plan(self, slot: _Slot, pattern: str) -> Scene:
        people = self._choose_people(slot, pattern)
        return self._scene(slot, pattern, self._choose_place(slot, pattern), people, self._time_of_day())

    def plan_pair(self, first: _Slot, second: _Slot) -> list[Scene]:
        """Two places, one person in each, at one time of day, of equal length."""
        hero, ally = self.outline.hero, str(self.rng.choice(self.outline.allies))
        other = self.outline.opponent if first.act in ("confrontation", "climax") and self.rng.random() < 0.6 else ally
        time, num_shots = self._time_of_day(), min(first.num_shots, second.num_shots)
        here = self._scene(first, "parallel", self._choose_place(first), (hero,), time)
        there = self._scene(second, "parallel", self._choose_place(second), (other,), time)
        return [
            replace(here, num_shots=num_shots, listener=other),
            replace(there, num_shots=num_shots, listener=hero, topic=here.topic),
        ]

    def _scene(self, slot: _Slot, pattern: str, place: Place, people: tuple[str, ...], time: str) -> Scene:
        outline, topic = self.outline, self.topics.draw()
        key_object = slot.number == 0 or slot.act == "climax"
        return Scene(
            number=slot.number,
            pattern=pattern,
            place=place,
            characters=people,
            time_of_day=time,
            act=slot.act,
            tension=slot.tension,
            topic=topic,
            purpose=_purpose(pattern, people, place, topic),
            num_shots=slot.num_shots,
            detail=outline.details[slot.act in ("confrontation", "climax")],
            last_insert=outline.premise.prop if key_object else "",
        )

    def _choose_place(self, slot: _Slot, pattern: str = "") -> Place:
        """The story begins at the title's own place and comes back to it for the climax; else it moves on each scene."""
        own, *_ = inside = [p for p in self.outline.places if p != self.outline.genre.exterior]
        if slot.number == 0 or (slot.act == "climax" and self.last_act != "climax"):
            place = own
        else:
            others = [p for p in inside if p != self.last_place]
            others = [p for p in others if pattern == "chase" and p.kind in ROOM_TO_RUN] or others
            weights = np.array([1 / (2 + inside.index(p)) for p in others])
            place = others[int(self.rng.choice(len(others), p=weights / weights.sum()))]
        self.last_place, self.last_act = place, slot.act
        return place

    def _choose_people(self, slot: _Slot, pattern: str) -> tuple[str, ...]:
        outline, rng = self.outline, self.rng
        ally = str(rng.choice(outline.allies))
        if pattern in ("vigil", "montage"):
            return (outline.hero,) if pattern == "montage" or rng.random() < 0.8 else (ally,)
        if pattern in ("chase", "showdown"):
            return (outline.opponent, outline.hero if slot.act == "climax" or rng.random() < 0.6 else ally)
        if slot.act == "climax":
            return (outline.hero, outline.opponent)
        if slot.act == "resolution" or slot.number == 0 or rng.random() < 0.45:
            return (outline.hero, ally)
        return (outline.hero, ally, outline.opponent) if rng.random() < 0.6 else (ally, outline.opponent)

    def _time_of_day(self) -> str:
        return str(self.rng.choice(TIMES_OF_DAY))


def _purpose(pattern: str, people: tuple[str, ...], place: Place, topic: str) -> str:
    who = " and ".join(people[:2])
    sentence = {
        "dialogue": f"{who} talk about {topic}",
        "observe": f"{who} at {place.name}: {topic}",
        "chase": f"{people[0]} hunts {people[-1]} through {place.name}",
        "showdown": f"{who} settle {topic}",
        "vigil": f"{people[0]} waits alone at {place.name}",
        "montage": f"{people[0]} goes from place to place, thinking of {topic}",
        "parallel": f"{people[0]} at {place.name}, while elsewhere something happens",
    }[pattern]
    return f"{sentence}; {people[2]} walks in" if len(people) > 2 and pattern == "dialogue" else sentence


def _groups(scenes: list[Scene]) -> Iterator[list[Scene]]:
    """Scenes that are seen together: pairs of parallel ones, all others alone."""
    for parallel, run in groupby(scenes, key=lambda s: s.pattern == "parallel"):
        together = list(run)
        step = 2 if parallel else 1
        yield from (together[i : i + step] for i in range(0, len(together), step))


def _shoot(scenes: list[Scene], outline: Outline) -> list[Shot]:
    return cross_cut(scenes[0], scenes[1], outline) if len(scenes) == 2 else cover(scenes[0], outline)


def score(shots: list[Shot], outline: Outline) -> list[Shot]:
    """Music: the opponent's theme when he is seen and one shot before, the hero's in montages and at the end."""
    scored, met = list(shots), set()
    for i, shot in enumerate(shots):
        if outline.opponent in shot.characters:
            scored[i] = replace(shot, motif=outline.opponent, motif_strength=0.5 + 0.5 * shot.tension)
            if shot.scene.number not in met:
                scored[i - 1] = replace(scored[i - 1], motif=outline.opponent, motif_strength=0.8)
            met.add(shot.scene.number)
        elif shot.pattern == "montage" or (shot.scene.act == "resolution" and outline.hero in shot.characters):
            scored[i] = replace(shot, motif=outline.hero, motif_strength=0.8)
    return scored


def time_shots(shots: list[Shot], rng: np.random.Generator, length: Length) -> list[Shot]:
    """Start and end of each shot on whole frames, one after the other."""
    timed, frame, rate = [], 0, length.rate
    for shot in shots:
        end = frame + round(_length_s(shot, rng) * length.pace * rate)
        timed.append(replace(shot, start_s=round(frame / rate, 3), end_s=round(end / rate, 3)))
        frame = end
    return timed


def _length_s(shot: Shot, rng: np.random.Generator) -> float:
    """Two to eight seconds: longer where a place is shown or much is said, shorter the more is at stake."""
    usual = {"establishing": 6.0, "chase": 2.8, "montage": 3.2}.get(shot.pattern, 3.6)
    length = usual + 0.025 * len(shot.text) - 1.2 * shot.tension + rng.normal(0, 0.5)
    return float(np.clip(length, 2.0, 8.0))


def _synopsis(outline: Outline) -> str:
    hero, opponent, ally = outline.characters[:3]
    facts = {
        "hero": hero.name,
        "hero_role": hero.role,
        "villain": opponent.name,
        "villain_role": opponent.role,
        "ally": ally.name,
        "ally_role": ally.role,
        "place": outline.places[0].name,
        "prop": outline.premise.prop,
        "topic": outline.topics[0],
    }
    return " ".join(with_capitals(sentence.format(**facts)) for sentence in outline.genre.synopsis)
