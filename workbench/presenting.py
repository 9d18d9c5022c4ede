"""From a script to its slides: each step asks a run, and the views draw what it answers. Knows no screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from msm import Catalog, InputError, Title
from msm.expected import most_telling, nearest_shots, title_pool
from msm.guess import deal
from msm.influence import influence
from msm.surprise import peaks, peaks_at_scenes, surprise
from workbench.views import slides
from workbench.views.expected import expected_sentence
from workbench.views.frames import Frame
from workbench.views.guess import question
from workbench.views.influence import influence_arcs, influence_sentence, strongest
from workbench.views.script import ABOUT_A_SHOT, Script, Step, hidden_shots
from workbench.views.slides import Slide
from workbench.views.surprise import surprise_sentence
from workbench.views.verdict import verdict
from workbench.views.wording import clock, number

PICKS, AROUND, MOST_PEAKS, MOST_MATTERED = 4, 2, 6, 5
LONGEST_FILM = 240  # shots of a title that a film view shows; of a longer one so many, evenly spread

# a title and a shot of it → the shot's picture (an address or a data URI) or None, and the colour in its place
Picture = Callable[[Title, int], tuple[str | None, str]]


@dataclass(frozen=True)
class Stage:
    """What a presentation is played on."""

    catalog: Catalog
    run: Callable[[str], Any]  # the name of a run, "" for the first that fits → msm.Run; InputError for an unknown one
    picture: Picture
    asked: dict[tuple, Any] = field(default_factory=dict)  # fill-ins and curves, for steps that share them


def play(
    script: Script, stage: Stage, name: str, progress: Callable[[int, int], object] = lambda d, t: None
) -> list[Slide]:
    """Every step as a slide; InputError with the file and the step for one that cannot be shown."""
    shown = []
    for i, step in enumerate(script.steps):
        shown.append(show(step, stage, f"{name}, step {i + 1}"))
        progress(i + 1, len(script.steps))
    return shown


def show(step: Step, stage: Stage, where: str) -> Slide:
    """One step as a slide."""
    if step.show == "words":
        return Slide(step.heading, step.text, "", "")
    try:
        title = stage.catalog[step.title]
        hidden = hidden_shots(step, title.num_shots, where)
        said, body = VIEWS[step.show](_Scene(step, stage, title, hidden))
    except InputError as error:
        sentence = str(error)
        raise InputError(sentence if sentence.startswith(where) else f"{where}: {sentence}") from None
    return Slide(step.heading, step.text, said, body)


@dataclass(frozen=True)
class _Scene:
    """One step with what it is about."""

    step: Step
    stage: Stage
    title: Title
    hidden: tuple[int, ...]

    @property
    def run(self) -> Any:
        return self.stage.run(self.step.run)

    @property
    def fill(self) -> Any:
        return self.once("fill", self.hidden, lambda: self.run.fill_in(self.title, self.hidden))

    @property
    def curve(self) -> Any:
        return self.once("curve", (), lambda: surprise(self.run, self.title, exact=False))

    def once(self, what: str, hidden: tuple[int, ...], ask: Callable[[], Any]) -> Any:
        key = (what, self.title.title_id, id(self.run), hidden)
        if key not in self.stage.asked:
            self.stage.asked[key] = ask()
        return self.stage.asked[key]

    @property
    def shot(self) -> int:
        """The hidden shot that the step is about."""
        if self.step.shot is not None:
            return self.step.shot
        return most_telling(self.fill)

    def frame(self, shot: int, **how: Any) -> Frame:
        picture, colour = self.stage.picture(self.title, shot)
        rows = _shots(self.title)
        text = rows["text"].iloc[shot] if "text" in rows else ""
        caption = clock(float(rows["start_s"].iloc[shot])) or f"shot {shot}"
        return Frame(picture, colour, **{"caption": caption, "text": text if isinstance(text, str) else "", **how})


@lru_cache(maxsize=8)
def _shots(title: Title) -> Any:
    return title.shots


def _film(scene: _Scene) -> tuple[str, str]:
    step = -(-scene.title.num_shots // LONGEST_FILM)
    hidden = set(scene.hidden)
    return "", slides.film([scene.frame(s, veiled=s in hidden) for s in range(0, scene.title.num_shots, step)])


def _expected(scene: _Scene) -> tuple[str, str]:
    fill, shot, first = scene.fill, scene.shot, int(scene.title.row["first_shot"])
    pool = title_pool(fill.shots, first, fill.space, scene.stage.catalog.num_shots)
    place = scene.hidden.index(shot)
    guesses = (fill.predicted[place], fill.baseline(fill.best_baseline_name)[place])
    found = [nearest_shots(g, pool, fill.space, PICKS, first + shot) for g in guesses]

    def frames(table: Any) -> list[Frame]:
        told = {} if scene.step.veil else {"mark": "truth", "badge": "the real shot"}
        return [scene.frame(int(p.row) - first, **(told if p.is_truth else {})) for p in table.itertuples()]

    (model, model_rank), (copy, copy_rank) = found
    name = fill.best_baseline_name
    said = "" if scene.step.veil else expected_sentence(model_rank, copy_rank, len(fill.shots), "this title", name)
    truth = scene.frame(shot, veiled=scene.step.veil, mark="truth")
    return said, slides.three(truth, frames(model), frames(copy))


def _mattered(scene: _Scene) -> tuple[str, str]:
    shot, starts = scene.shot, _shots(scene.title)["start_s"].to_numpy(dtype=float)
    table = scene.once(
        f"influence on {shot}", scene.hidden, lambda: influence(scene.run, scene.title, scene.hidden, shot)
    )
    frames = [scene.frame(shot, mark="truth", badge="hidden")]
    for line in strongest(table, MOST_MATTERED).itertuples():
        badge = f"{'+' if line.influence > 0 else ''}{number(line.influence)}"
        frames.append(scene.frame(int(line.shot), badge=badge, mark="model" if line.influence > 0 else ""))
    arcs = influence_arcs(table, shot)
    return influence_sentence(table, shot, starts), slides.mattered(frames, arcs, scene.title.num_shots)


def _surprise(scene: _Scene) -> tuple[str, str]:
    table = scene.curve.table
    scenes = peaks_at_scenes(table)
    top = [int(p) for p in peaks(table, max(3, min(MOST_PEAKS, scenes.count if scenes else MOST_PEAKS)))]
    return surprise_sentence(scenes, table), slides.surprise(table, top, [scene.frame(p) for p in top])


def _verdict(scene: _Scene) -> tuple[str, str]:
    fill = scene.fill
    return verdict(fill.table, fill.best_baseline_name), slides.against_copying(fill.table, fill.best_baseline_name)


def _guess(scene: _Scene) -> tuple[str, str]:
    asked = deal(scene.fill, 0, shot=scene.step.shot)
    if asked is None:
        raise InputError("too few of the hidden shots look different for a guess")
    seen = [s for s in range(scene.title.num_shots) if s not in scene.hidden]
    before = [s for s in seen if s < asked.shot][-AROUND:]
    after = [s for s in seen if s > asked.shot][:AROUND]
    veiled = scene.step.veil
    gap = scene.frame(asked.shot, veiled=veiled, mark="hidden" if veiled else "truth")
    around = [*(scene.frame(s) for s in before), gap, *(scene.frame(s) for s in after)]
    choices = [scene.frame(s, caption="", **_chosen(asked, s, veiled)) for s in asked.choices]
    when = clock(float(_shots(scene.title)["start_s"].iloc[asked.shot])) or f"shot {asked.shot}"
    return question(when, len(asked.choices)), slides.guess(around, choices)


def _chosen(asked: Any, shot: int, veiled: bool) -> dict[str, str]:
    """Who chose this one, once it may be told."""
    if veiled:
        return {}
    who = [name for name, choice in (("model", asked.model), ("copying", asked.copy)) if choice == shot]
    return {"badge": " and ".join(who), "mark": "truth" if shot == asked.shot else ""}


VIEWS: dict[str, Callable[[_Scene], tuple[str, str]]] = {
    "film": _film,
    "expected": _expected,
    "mattered": _mattered,
    "surprise": _surprise,
    "verdict": _verdict,
    "guess": _guess,
}
assert {*ABOUT_A_SHOT} <= set(VIEWS)
