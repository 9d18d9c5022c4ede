"""The camera: frames of a film's shots, each a (216, 384, 4) uint8 RGBA picture.

What stands behind the people is drawn once a shot, larger than the frame, and the camera moves over it; people
and weather are drawn frame by frame. Nothing depends on the clock: the same film gives the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
import skia

from sample_data.drawing import animals
from sample_data.drawing.brush import HEIGHT, WIDTH, Brush, Colour, dark, light, mix, rgb, surface_of, times, wave
from sample_data.drawing.cast import Person, Pose, cast_of
from sample_data.drawing.people import draw_person
from sample_data.drawing.props import draw_prop
from sample_data.drawing.sets import draw_set, is_outdoors
from sample_data.drawing.stage import HOURS, SPACE
from sample_data.drawing.weather import draw_weather, weather_of
from sample_data.film import NOBODY, Film, Shot
from sample_data.screenplay import seed_of

PIXELS = (384, 216)
UNIT = PIXELS[0] / WIDTH  # pixels
ROOM = 30.0  # units around the frame that a plate also shows
ZOOM = {"wide": 1.0, "medium": 1.55, "close": 2.3, "insert": 2.6}
BLUR = {"wide": 0.0, "medium": 1.4, "close": 3.6, "insert": 5.0}


@dataclass(frozen=True)
class Grade:
    """How a tone looks: saturation, contrast, a colour to multiply with, how dark the corners are, a tilt in degrees."""

    saturation: float
    contrast: float
    tint: Colour
    corners: float
    tilt: float = 0.0


GRADES = {
    "calm": Grade(1.05, 1.0, (1.02, 1.0, 0.97), 0.16),
    "curious": Grade(1.12, 1.02, (1.06, 1.0, 0.90), 0.20),
    "uneasy": Grade(0.70, 1.02, (0.92, 1.0, 0.93), 0.34),
    "tense": Grade(0.82, 1.12, (0.86, 0.95, 1.08), 0.46),
    "frantic": Grade(1.15, 1.18, (1.12, 0.90, 0.82), 0.52, 4.0),
}


class Look:
    """What a film looks like: its people, and its own variant of each place."""

    def __init__(self, film: Film, seed: int = 0):
        self.film, self.seed = film, seed
        self.genre = film.outline.genre.name
        self.names = [c.name for c in film.outline.characters]

    @cached_property
    def people(self) -> dict[str, Person]:
        cast = cast_of(self.genre, len(self.names), self._rng("cast"))
        return dict(zip(self.names, cast, strict=True))

    @property
    def of_animals(self) -> bool:
        return bool(self.film.outline.genre.narrator)

    def animal(self, name: str) -> tuple[str, float]:
        """Its kind, and how it differs from its kind."""
        return self.film.outline.role(name), float(self._rng("animal", name).uniform(-1, 1))

    def set_seed(self, place: str) -> int:
        return seed_of(self.seed, self.film.title_id, "set", place) % 2**31

    def _rng(self, *words: str) -> np.random.Generator:
        return np.random.default_rng(seed_of(self.seed, self.film.title_id, *words))


def frames_of_shot(look: Look, number: int, mouths: np.ndarray, rate: float) -> Iterator[np.ndarray]:
    """All frames of one shot; each is only good until the next is drawn.

    mouths  (frames,) how far the speaker's mouth is open at each, 0 to 1
    """
    camera = _Camera(look, number)
    for k, mouth in enumerate(mouths.tolist()):
        yield camera.frame(k / rate, k / max(1, len(mouths) - 1), mouth)


class _Camera:
    """One shot: its plate, who stands where, and how the camera moves."""

    def __init__(self, look: Look, number: int):
        self.look, self.shot = look, look.film.shots[number]
        self.rng = np.random.default_rng(seed_of(look.seed, look.film.title_id, "shot", number))
        self.grade = GRADES[self.shot.scene.tone]
        self.side = _side(self.shot)
        self.drift = (float(self.rng.uniform(4, 9)) * float(self.rng.choice([-1, 1])), float(self.rng.uniform(-2, 2)))
        self.push = float(self.rng.uniform(0.01, 0.05))
        self.phase = float(self.rng.random())
        self.running = self.shot.pattern == "chase"
        self.plate = self._plate()
        self.pixels = np.zeros((PIXELS[1], PIXELS[0], 4), np.uint8)
        self.surface = skia.Surface(self.pixels, skia.kRGBA_8888_ColorType)

    def frame(self, t: float, share: float, mouth: float) -> np.ndarray:
        canvas = self.surface.getCanvas()
        canvas.save()
        canvas.scale(UNIT, UNIT)
        b = Brush(canvas)
        self._aim(b, t, share)
        if self.shot.size == "insert":
            self._draw_insert(b, t)
        else:
            self._draw_people(b, t, share, mouth)
        if self._open_air:
            kind = weather_of(
                self.look.genre, self.shot.scene.time_of_day, self.look.set_seed(f"{self.shot.scene.number}")
            )
            draw_weather(b, kind, t + self.shot.start_s, self.shot.size)
        canvas.restore()
        canvas.drawImage(_corners(self.grade.corners), 0, 0)
        self.surface.flushAndSubmit()
        return self.pixels

    @property
    def _open_air(self) -> bool:
        return is_outdoors(self.shot.place.kind) and not (
            self.look.genre == "space" and self.shot.place.kind == "garden"
        )

    def _aim(self, b: Brush, t: float, share: float) -> None:
        """Lay down the plate, and move and tilt what is drawn after it a little with it."""
        across = (share - 0.5) * self.drift[0] + (34 * (share - 0.5) * (-1 if self.side else 1) if self.running else 0)
        shake = self.shot.tension > 0.8 and self.shot.size != "insert"
        jolt = (1.1 * wave(t, 0.31), 0.8 * wave(t, 0.23, 0.3)) if shake else (0.0, 0.0)
        zoom = 1 + self.push * share
        canvas = b.canvas
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.rotate(self.grade.tilt * (-1 if self.side else 1))
        canvas.scale(zoom + 0.006 * self.grade.tilt, zoom + 0.006 * self.grade.tilt)
        canvas.translate(-WIDTH / 2 + jolt[0], -HEIGHT / 2 + jolt[1])
        where = skia.Rect.MakeXYWH(
            -ROOM - across, -ROOM - (share - 0.5) * self.drift[1], WIDTH + 2 * ROOM, HEIGHT + 2 * ROOM
        )
        canvas.drawImageRect(self.plate, where, skia.SamplingOptions(skia.FilterMode.kLinear))

    def _plate(self) -> skia.Image:
        """The set at this distance, out of focus where people stand close to the camera."""
        shot, size = self.shot, self.shot.size
        pixels = (round((WIDTH + 2 * ROOM) * UNIT), round((HEIGHT + 2 * ROOM) * UNIT))
        surface = surface_of(*pixels)
        canvas = surface.getCanvas()
        zoom = ZOOM[size]
        middle = (160 + (18 if self.side else -18) * (zoom > 1), 90 + 7 * (zoom - 1))
        canvas.translate(pixels[0] / 2, pixels[1] / 2)
        canvas.scale(UNIT * zoom, UNIT * zoom)
        canvas.translate(-middle[0], -middle[1])
        draw_set(
            Brush(canvas),
            shot.place.kind,
            self.look.genre,
            shot.scene.time_of_day,
            self.side,
            self.look.set_seed(shot.place.name),
        )
        image, graded = surface.makeImageSnapshot(), surface_of(*pixels)
        paint = skia.Paint(ColorFilter=skia.ColorFilters.Matrix(_matrix(self.grade, (1.0, 1.0, 1.0))))
        if BLUR[size]:
            paint.setImageFilter(skia.ImageFilters.Blur(BLUR[size] * UNIT, BLUR[size] * UNIT, skia.TileMode.kClamp))
        graded.getCanvas().drawImage(image, 0, 0, skia.SamplingOptions(), paint)
        return graded.makeImageSnapshot()

    def _draw_people(self, b: Brush, t: float, share: float, mouth: float) -> None:
        who = self.shot.characters
        for k, name in enumerate(who):
            flip = bool(k) if len(who) > 1 else bool(self.side)
            if self.running:
                flip = False
            speaks = self.shot.speaker == name
            pose = Pose(
                time_s=t + self.shot.start_s,
                stride=0.9 if self.running else 0.0,
                mouth=mouth if speaks else 0.0,
                talking=speaks,
                fear=max(0.0, self.shot.tension - 0.35) / 0.65,
                phase=(seed_of(name) % 97) / 97,
            )
            self._lit(b, partial(self._figure, b, name, pose, k, len(who), flip, share))

    def _lit(self, b: Brush, draw: Callable[[], None]) -> None:
        """In the light of the hour and the colours of the tone."""
        hour = SPACE if self.look.genre == "space" else HOURS[self.shot.scene.time_of_day]
        tone = mix(hour.outside if self._open_air else hour.inside, (1.0, 1.0, 1.0), 0.38 if self._open_air else 0.5)
        tone = times(tone, (0.92, 0.95, 1.0) if self.side else (1.0, 0.98, 0.95))
        b.canvas.saveLayer(None, skia.Paint(ColorFilter=skia.ColorFilters.Matrix(_matrix(self.grade, tone))))
        draw()
        b.canvas.restore()

    def _figure(self, b: Brush, name: str, pose: Pose, place: int, count: int, flip: bool, share: float) -> None:
        size = self.shot.size
        if self.look.of_animals:
            return self._animal(b, name, pose, place, count, flip, share)
        person = self.look.people[name]
        if size == "wide":
            x = (118.0 + 84 * place) if count > 1 else (186 if flip else 134)
            scale, feet = 0.86, 160.0
        elif size == "medium":
            x = (104 + 112 * place) if count > 1 else (196 if flip else 124)
            scale, feet = 2.0, 226.0
        else:
            x, scale, feet = (188 if flip else 132), 3.7, 408.0
        if self.running:
            x += 46 * (share - 0.5) * (1 if size == "wide" else 0.4)
        with b.at(x, feet, scale * person.height, flip=flip):
            draw_person(b, person, pose)

    def _animal(self, b: Brush, name: str, pose: Pose, place: int, count: int, flip: bool, share: float) -> None:
        kind, hue = self.look.animal(name)
        head_x, head_y, tall = animals.HEADS[kind]
        if self.shot.size == "wide":
            x, y, scale = 140.0 + 60 * place, 158.0, 0.62
        elif self.shot.size == "medium":
            x, y, scale = 160.0, 158.0, 1.25
        else:
            scale = 150 / tall
            x, y = 160.0 - (-head_x if flip else head_x) * scale, 96 - head_y * scale
        if self.running:
            x += 70 * (share - 0.5)
        with b.at(x, y, scale, flip=flip):
            animals.draw_animal(b, kind, hue, pose)

    def _draw_insert(self, b: Brush, t: float) -> None:
        """A thing on a surface, with light upon it."""
        top = _surface_colour(self.shot.place.kind, self.look.genre)
        self._lit(b, partial(b.rect, -40, 118, WIDTH + 80, 110, light(top, 0.18), dark(top, 0.28)))
        self._lit(b, partial(b.rect, -40, 117, WIDTH + 80, 3, light(top, 0.4)))
        b.glow(160, 92, 120, (1.0, 0.92, 0.75), 0.3 + 0.04 * wave(t, 1.1))
        with b.at(160, 146, 1.18):
            draw_prop(b, self.shot.prop, seed_of(self.look.film.title_id, self.shot.prop) % 2**31)


def _side(shot: Shot) -> int:
    """0 where one looks at the first of a scene's people or at the place itself, 1 at the reverse angle."""
    if len(shot.characters) == 1 and shot.pattern != "montage":
        people = shot.scene.characters
        if shot.pattern == "parallel":
            return 0
        return int(
            shot.characters[0] in people and people.index(shot.characters[0]) > 0 and people[0] != shot.characters[0]
        )
    return int(shot.size == "insert" and shot.speaker not in (NOBODY, shot.scene.characters[0]))


def _surface_colour(kind: str, genre: str) -> Colour:
    if kind in ("river", "meadow", "forest", "pond", "garden", "cliff"):
        return rgb("#6f9a4a")
    if kind in ("beach", "desert", "canyon", "planet", "ranch"):
        return rgb("#d9b07a")
    if genre == "space":
        return rgb("#8e9aac")
    return {"kitchen": rgb("#d9cdb8"), "hospital": rgb("#cfdcdc"), "vault": rgb("#8794a3")}.get(kind, rgb("#8a5a36"))


def _matrix(grade: Grade, tone: Colour) -> list[float]:
    """The light's colour, then saturation, contrast and tint, as one colour matrix."""
    s, c, rows = grade.saturation, grade.contrast, []
    weights = (0.2126, 0.7152, 0.0722)
    for i, tint in enumerate(grade.tint):
        row = [c * tint * ((1 - s) * w + (s if i == j else 0.0)) * tone[j] for j, w in enumerate(weights)]
        rows += [*row, 0.0, 0.5 * (1 - c)]
    return [*rows, 0, 0, 0, 1, 0]


@cache
def _corners(strength: float) -> skia.Image:
    surface = surface_of(*PIXELS)
    surface.getCanvas().clear(0)
    fade = [0x00000000, 0x00000000, round(255 * strength) << 24]
    middle = skia.Point(PIXELS[0] / 2, PIXELS[1] / 2)
    shader = skia.GradientShader.MakeRadial(middle, math.hypot(*PIXELS) / 2, fade, [0, 0.5, 1])
    surface.getCanvas().drawPaint(skia.Paint(Shader=shader))
    return surface.makeImageSnapshot()
