"""How a scene is shot: one function for each pattern, giving its shots in order.

The patterns are the rules of the game that a masked-shot model can find out: after a face comes the
face that it talks to, after the pursuer the pursued, and after three places of a montage the first again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

from sample_data.film import Outline, Scene, Shot
from sample_data.genres import Place


def cover(scene: Scene, outline: Outline) -> list[Shot]:
    """All shots of a scene: `scene.num_shots` of them, the first establishing."""
    shots = [*_open(scene, outline), *_PATTERNS[scene.pattern](scene, outline)]
    if scene.last_insert:
        shots[scene.num_shots - 1 :] = [_insert(scene, scene.last_insert)]
    return with_rising_tension(shots[: scene.num_shots])


def cross_cut(first: Scene, second: Scene, outline: Outline) -> list[Shot]:
    """Two scenes at once: each is established, then they alternate. The two talk over a wire, if they talk."""
    sides = [_parallel_side(scene, outline) for scene in (first, second)]
    shots = [*sides[0][:2], *sides[1][:2]]
    for one, other in zip(sides[0][2:], sides[1][2:], strict=True):
        shots += [one, other]
    if second.last_insert:
        shots[-1] = _insert(second, second.last_insert)
    return with_rising_tension(shots)


def with_rising_tension(shots: list[Shot]) -> list[Shot]:
    steps = [i / max(len(shots) - 1, 1) - 0.5 for i in range(len(shots))]
    return [
        replace(s, tension=min(max(s.scene.tension + 0.2 * t, 0.0), 1.0)) for s, t in zip(shots, steps, strict=True)
    ]


def _open(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """A sitcom shows the house from outside before each scene; all others show the place itself."""
    if outline.genre.exterior:
        yield _shot(scene, "wide", pattern="establishing", place=outline.genre.exterior)
    yield _shot(scene, "wide", pattern="establishing")


def _dialogue(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """Shot and reverse shot. With three in the scene, the third enters half-way and takes the second's place."""
    a, b = scene.characters[:2]
    entrance = scene.num_shots // 2 if len(scene.characters) > 2 else scene.num_shots
    yield _shot(scene, "medium", (a, b))
    yield from islice(_exchange(scene, outline, (a, b)), entrance)
    if len(scene.characters) > 2:
        yield from islice(_exchange(scene, outline, (scene.characters[2], a)), scene.num_shots)


def _exchange(scene: Scene, outline: Outline, pair: tuple[str, str]) -> Iterator[Shot]:
    """Without end: whoever's turn it is, alone, now and then both in the picture, or a detail while the voice goes on."""
    size = "close" if scene.tension > 0.55 else "medium"
    for kind, speaker in zip(cycle(outline.genre.coverage), cycle(pair), strict=False):
        if kind == "I":
            yield replace(_insert(scene, scene.detail), speaker=speaker)
        elif kind == "T":
            yield _shot(scene, "medium", pair, speaker)
        else:
            yield _shot(scene, size, (speaker,), speaker)


def _chase(scene: Scene, outline: Outline) -> Iterator[Shot]:
    pair = scene.characters[:2]
    for k in range(scene.num_shots):
        yield _shot(scene, "wide" if k // 2 % 2 == 0 else "medium", (pair[k % 2],))


def _showdown(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """Eyes, eyes, hand; they speak in every other round."""
    a, b = scene.characters[:2]
    for k in range(scene.num_shots):
        for name in (a, b):
            yield _shot(scene, "close", (name,), name if k % 2 == 0 else "")
        yield _insert(scene, scene.detail)


def _vigil(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """Somebody alone: the face, what it looks at, the face again, a detail."""
    who = scene.characters[0]
    for _ in range(scene.num_shots):
        yield _shot(scene, "close", (who,), who)
        yield _shot(scene, "wide")
        yield _shot(scene, "close", (who,))
        yield _insert(scene, scene.detail)


def _montage(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """Three places in turn, each always at the same distance."""
    others = [p for p in outline.places if p not in (scene.place, outline.genre.exterior)]
    places = (scene.place, *others[:2])
    for place, size in islice(cycle(zip(places, ("wide", "medium", "close"), strict=True)), scene.num_shots):
        yield _shot(scene, size, scene.characters[:1], place=place)


def _observe(scene: Scene, outline: Outline) -> Iterator[Shot]:
    """A nature documentary: close, medium, wide, one animal and then the other, and a voice over them."""
    narrator = outline.genre.narrator
    for who in islice(cycle(scene.characters), scene.num_shots):
        yield _shot(scene, "close", (who,), narrator)
        yield _shot(scene, "medium", (who,))
        yield _shot(scene, "wide", (who,), narrator)


def _parallel_side(scene: Scene, outline: Outline) -> list[Shot]:
    """An establishing shot, a look round, then the one who is there."""
    who = scene.characters[0]
    faces = [_shot(scene, "close" if k % 4 > 1 else "medium", (who,), who) for k in range(scene.num_shots - 2)]
    return [next(_open(scene, outline)), _shot(scene, "wide", (who,)), *faces]


def _shot(
    scene: Scene,
    size: str,
    characters: tuple[str, ...] = (),
    speaker: str = "",
    *,
    pattern: str = "",
    place: Place | None = None,
) -> Shot:
    shot = Shot(
        scene=scene, pattern=pattern or scene.pattern, place=place or scene.place, size=size, characters=characters
    )
    return replace(shot, speaker=speaker) if speaker else shot


def _insert(scene: Scene, prop: str) -> Shot:
    return replace(_shot(scene, "insert"), prop=prop)


_PATTERNS = {
    "dialogue": _dialogue,
    "chase": _chase,
    "showdown": _showdown,
    "vigil": _vigil,
    "montage": _montage,
    "observe": _observe,
}
