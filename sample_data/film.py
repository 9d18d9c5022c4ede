"""What a screenplay is: an outline, scenes, and the shots in the order in which they are seen."""

from __future__ import annotations

from dataclasses import dataclass

from sample_data.genres import Genre, Place, Premise

ACTS = ("setup", "confrontation", "climax", "resolution")
TONES = ("calm", "curious", "uneasy", "tense", "frantic")
TIMES_OF_DAY = ("morning", "day", "dusk", "night")
SHOT_SIZES = ("wide", "medium", "close", "insert")
NOBODY = "none"  # the speaker of a silent shot


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long films are: scenes (6 to 11) and shots a scene about so many, shots shorter by `pace`, whole frames of `rate`."""

    scenes: float = 7.4
    shots: tuple[int, int] = (13, 19)
    pace: float = 1.0
    rate: int = 25  # frames a second


FILMED = Length(scenes=6.2, shots=(11, 16), pace=0.65, rate=12)  # of films that are rendered


@dataclass(frozen=True)
class Character:
    name: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A title before its first scene is written. The first character is the hero, the second the opponent."""

    genre: Genre
    premise: Premise
    year: int
    tags: tuple[str, ...]
    characters: tuple[Character, ...]
    places: tuple[Place, ...]  # the first is where the story begins and ends
    details: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def hero(self) -> str:
        return self.characters[0].name

    @property
    def opponent(self) -> str:
        return self.characters[1].name

    @property
    def allies(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.characters[2:])

    def role(self, name: str) -> str:
        return next((c.role for c in self.characters if c.name == name), "narrator")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scene as planned. Of its `characters` a third one enters half-way."""

    number: int
    pattern: str
    place: Place
    characters: tuple[str, ...]
    time_of_day: str
    act: str
    tension: float  # 0 to 1
    topic: str
    purpose: str
    num_shots: int
    listener: str = ""  # at the other end of the wire, in another scene
    detail: str  # what its inserts show
    last_insert: str = ""  # an object that closes the scene: planted in act one, back at the climax

    @property
    def tone(self) -> str:
        return TONES[min(int(self.tension * len(TONES)), len(TONES) - 1)]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One shot. `characters` are those in the picture; the speaker may be a narrator who is not."""

    scene: Scene
    pattern: str
    place: Place
    size: str
    characters: tuple[str, ...] = ()
    prop: str = ""
    speaker: str = NOBODY
    text: str = ""
    motif: str = ""  # whose melody is heard
    motif_strength: float = 0.0
    tension: float = 0.0
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Film:
    outline: Outline
    synopsis: str
    scenes: tuple[Scene, ...]
    shots: tuple[Shot, ...]

    @property
    def title_id(self) -> str:
        return self.outline.premise.title_id

    @property
    def name(self) -> str:
        return self.outline.premise.name
