"""From a script to its slides: each step asks a run, and the views draw what it answers. Knows no screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from msm import Catalog, InputError, Title
from msm.inference.candidates import most_telling, nearest_shots, title_pool
from msm.interpret.attention import attention
from msm.interpret.guess import deal
from msm.interpret.influence import influence
from msm.interpret.surprise import agreement, peaks, peaks_at_scenes, surprise
from msm.masking.parts import Parts, lost_of
from workbench.views.fill_in.expected import expected_sentence, three_columns
from workbench.views.fill_in.guess import question
from workbench.views.fill_in.verdict import verdict
from workbench.views.formatting import clock, hidden_and_shown, hidden_in_words, number, part
from workbench.views.frames import Frame
from workbench.views.interpret.attention import attention_sentence, attention_words
from workbench.views.interpret.influence import influence_arcs, influence_sentence, strongest
from workbench.views.interpret.surprise import surprise_sentence
from workbench.views.slides import markup as slides
from workbench.views.slides.markup import Slide
from workbench.views.slides.script import ABOUT_A_SHOT, Script, Step, hidden_parts, hidden_shots

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
        parts = hidden_parts(step, hidden, [m.name for m in stage.catalog.modalities], where)
        said, body = VIEWS[step.show](_Scene(step, stage, title, hidden, parts))
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
    parts: Parts  # what is hidden of them

    @property
    def run(self) -> Any:
        return self.stage.run(self.step.run)

    @property
    def fill(self) -> Any:
        ask = lambda: self.run.fill_in(self.title, self.hidden, modalities=self.parts)  # noqa: E731
        return self.once(f"fill {self.step.modality}", self.hidden, ask)

    @property
    def curve(self) -> Any:
        return self.once("curve", (), lambda: surprise(self.run, self.title, exact=False))

    def once(self, what: str, hidden: tuple[int, ...], ask: Callable[[], Any]) -> Any:
        key = (what, self.title.title_id, id(self.run), hidden)
        if key not in self.stage.asked:
            self.stage.asked[key] = ask()
        return self.stage.asked[key]

    def influence_on(self, shot: int) -> Any:
        ask = lambda: influence(self.run, self.title, self.hidden, shot)  # noqa: E731
        return self.once(f"influence on {shot}", self.hidden, ask)

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

    def veiled(self, shot: int, **how: Any) -> Frame:
        """A hidden shot without what is hidden of it."""
        lost = [part(name) for name in lost_of(self.parts, shot)]
        if not lost:
            return self.frame(shot, veiled=True, **how)
        if "words" in lost:
            how["text"] = ""
        badge = f"{' and '.join(lost)} hidden"
        return self.frame(shot, veiled="picture" in lost, keeps_text=True, **{"mark": "hidden", "badge": badge, **how})

    @property
    def note(self) -> str:
        """What the numbers are about, where it is not whole shots."""
        return hidden_and_shown(self.parts, self.hidden, self.run.sees_rest) if self.parts else ""


@lru_cache(maxsize=8)
def _shots(title: Title) -> Any:
    return title.shots


def _film(scene: _Scene) -> tuple[str, str]:
    step = -(-scene.title.num_shots // LONGEST_FILM)
    hidden = set(scene.hidden)
    shots = range(0, scene.title.num_shots, step)
    film = slides.film([scene.veiled(s, badge="") if s in hidden else scene.frame(s) for s in shots])
    return "", slides.with_note(film, hidden_in_words(scene.parts, scene.hidden) if scene.parts else "")


def _expected(scene: _Scene) -> tuple[str, str]:
    fill, shot, first = scene.fill, scene.shot, int(scene.title.row["first_shot"])
    pool = title_pool(fill.shots, first, fill.space, scene.stage.catalog.num_shots)
    if shot not in fill.hidden:
        raise InputError(f"shot {shot} has nothing of what is hidden, so nothing is expected there")
    place = fill.hidden.tolist().index(shot)
    guesses = (fill.predicted[place], fill.baseline(fill.best_baseline_name)[place])
    found = [nearest_shots(g, pool, fill.space, PICKS, first + shot, fill.columns[place]) for g in guesses]

    def frames(table: Any) -> list[Frame]:
        told = {} if scene.step.veil else {"mark": "truth", "badge": "the real shot"}
        return [scene.frame(int(p.row) - first, **(told if p.is_truth else {})) for p in table.itertuples()]

    (model, model_rank), (copy, copy_rank) = found
    name = fill.best_baseline_name
    said = "" if scene.step.veil else expected_sentence(model_rank, copy_rank, len(fill.shots), "this title", name)
    truth = scene.veiled(shot, mark="truth") if scene.step.veil else scene.frame(shot, mark="truth")
    return said, slides.with_note(three_columns(truth, frames(model), frames(copy), name), scene.note)


def _mattered(scene: _Scene) -> tuple[str, str]:
    shot, starts = scene.shot, _shots(scene.title)["start_s"].to_numpy(dtype=float)
    table = scene.influence_on(shot)
    frames = [scene.frame(shot, mark="truth", badge="hidden")]
    for line in strongest(table, MOST_MATTERED).itertuples():
        badge = f"{'+' if line.influence > 0 else ''}{number(line.influence)}"
        frames.append(scene.frame(int(line.shot), badge=badge, mark="model" if line.influence > 0 else ""))
    arcs = influence_arcs(table, shot)
    return influence_sentence(table, shot, starts), slides.influence(frames, arcs, scene.title.num_shots)


def _attention(scene: _Scene) -> tuple[str, str]:
    shot, starts = scene.shot, _shots(scene.title)["start_s"].to_numpy(dtype=float)
    found = attention(scene.run, scene.title, scene.hidden, shot)
    table = found.table()
    frames = [scene.frame(shot, mark="truth", badge="hidden")]
    for line in strongest(table, MOST_MATTERED, by="attention").itertuples():
        frames.append(scene.frame(int(line.shot), badge=f"{number(100 * line.attention, 1)}\u2009%"))
    arcs = influence_arcs(table, shot, by="attention")
    rho = agreement(scene.influence_on(shot)["influence"].to_numpy(), table["attention"].to_numpy())
    body = slides.attention(frames, arcs, scene.title.num_shots)
    return attention_sentence(table, starts), slides.with_note(body, attention_words(found.shares(), "", rho))


def _surprise(scene: _Scene) -> tuple[str, str]:
    table = scene.curve.table
    scenes = peaks_at_scenes(table)
    top = [int(p) for p in peaks(table, max(3, min(MOST_PEAKS, scenes.count if scenes else MOST_PEAKS)))]
    return surprise_sentence(scenes, table), slides.surprise(table, top, [scene.frame(p) for p in top])


def _verdict(scene: _Scene) -> tuple[str, str]:
    fill = scene.fill
    body = slides.score_bars(fill.table, fill.best_baseline_name)
    return verdict(fill.table, fill.best_baseline_name), slides.with_note(body, scene.note)


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
    "attention": _attention,
    "surprise": _surprise,
    "verdict": _verdict,
    "guess": _guess,
}
assert {*ABOUT_A_SHOT} <= set(VIEWS)
