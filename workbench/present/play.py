"""Slides of a presentation script: each step computes results of a run, which its view draws as HTML. Independent of Streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from msm import Catalog, InputError, Title
from msm.inference.candidates import most_telling, nearest_shots, title_pool
from msm.interpret.attention import attention
from msm.interpret.guess import Round, deal
from msm.interpret.influence import influence
from msm.interpret.surprise import Surprise, agreement, peaks, peaks_at_scenes, surprise
from msm.masking.parts import Parts, lost_of
from workbench.views.fill_in.expected import expected_sentence, three_columns
from workbench.views.fill_in.guess import question
from workbench.views.fill_in.verdict import verdict
from workbench.views.formatting import clock, hidden_and_shown, hidden_in_words, part, percent, signed
from workbench.views.frames import Frame
from workbench.views.interpret.attention import attention_sentence, attention_words
from workbench.views.interpret.influence import influence_arcs, influence_sentence, strongest
from workbench.views.interpret.surprise import surprise_sentence
from workbench.views.slides import markup as slides
from workbench.views.slides.markup import Slide
from workbench.views.slides.script import ABOUT_A_SHOT, Script, Step, hidden_parts, hidden_shots

if TYPE_CHECKING:  # these import torch, which costs two seconds
    from msm import FillIn, Run

PICKS, AROUND, MOST_PEAKS, MOST_INFLUENTIAL = 4, 2, 6, 5
LONGEST_FILM = 240  # shots in a film view; of a longer title this many, evenly spaced

T = TypeVar("T")

# (title, shot) → the shot's picture as an address or data URI, or None, and the colour in its place
Picture = Callable[[Title, int], tuple[str | None, str]]


@dataclass(frozen=True)
class Stage:
    """The catalog, runs and pictures of a presentation."""

    catalog: Catalog
    run: Callable[[str], Run]  # by name, with "" the first that fits; InputError for an unknown one
    picture: Picture
    notes: Callable[[Title], Mapping[int, str]] = lambda title: {}  # what people noted about its shots
    results: dict[tuple, Any] = field(default_factory=dict)  # fill-ins and curves that steps share


def play(
    script: Script, stage: Stage, name: str, progress: Callable[[int, int], object] = lambda d, t: None
) -> list[Slide]:
    """Draw every step as a slide; InputError with the file and the step for one that cannot be drawn."""
    shown = []
    for i, step in enumerate(script.steps):
        shown.append(show(step, stage, f"{name}, step {i + 1}"))
        progress(i + 1, len(script.steps))
    return shown


def show(step: Step, stage: Stage, where: str) -> Slide:
    """Draw one step as a slide."""
    if step.show == "words":
        return Slide(step.heading, step.text, "", "")
    try:
        title = stage.catalog[step.title]
        hidden = hidden_shots(step, title.num_shots, where)
        parts = hidden_parts(step, hidden, [m.name for m in stage.catalog.modalities], where)
        sentence, body = VIEWS[step.show](_Scene(step, stage, title, hidden, parts))
    except InputError as error:
        reason = str(error)
        raise InputError(reason if reason.startswith(where) else f"{where}: {reason}") from None
    return Slide(step.heading, step.text, sentence, body)


@dataclass(frozen=True)
class _Scene:
    """A step with its title and its hidden shots."""

    step: Step
    stage: Stage
    title: Title
    hidden: tuple[int, ...]
    parts: Parts  # the hidden modalities of these shots

    @property
    def run(self) -> Run:
        return self.stage.run(self.step.run)

    @property
    def fill(self) -> FillIn:
        compute = lambda: self.run.fill_in(self.title, self.hidden, modalities=self.parts)  # noqa: E731
        return self.once(f"fill {self.step.modality}", self.hidden, compute)

    @property
    def curve(self) -> Surprise:
        return self.once("curve", (), lambda: surprise(self.run, self.title, exact=False))

    def once(self, what: str, hidden: tuple[int, ...], compute: Callable[[], T]) -> T:
        key = (what, self.title.title_id, id(self.run), hidden)
        if key not in self.stage.results:
            self.stage.results[key] = compute()
        return self.stage.results[key]

    def influence_on(self, shot: int) -> pd.DataFrame:
        compute = lambda: influence(self.run, self.title, self.hidden, shot)  # noqa: E731
        return self.once(f"influence on {shot}", self.hidden, compute)

    @property
    def shot(self) -> int:
        """The hidden shot that the step shows."""
        if self.step.shot is not None:
            return self.step.shot
        return most_telling(self.fill)

    def frame(self, shot: int, **how: Any) -> Frame:
        picture, colour = self.stage.picture(self.title, shot)
        rows = _shots(self.title)
        text = rows["text"].iloc[shot] if "text" in rows else ""
        note = "" if self.step.veil else self.stage.notes(self.title).get(shot, "")  # it may tell which is the real one
        caption = clock(float(rows["start_s"].iloc[shot])) or f"shot {shot}"
        return Frame(
            picture, colour, **{"caption": caption, "text": text if isinstance(text, str) else "", "note": note, **how}
        )

    def veiled(self, shot: int, **how: Any) -> Frame:
        """A hidden shot without its hidden modalities."""
        lost = [part(name) for name in lost_of(self.parts, shot)]
        if not lost:
            return self.frame(shot, veiled=True, **how)
        if "text" in lost:
            how["text"] = ""
        badge = f"{' and '.join(lost)} hidden"
        return self.frame(shot, veiled="video" in lost, keeps_text=True, **{"mark": "hidden", "badge": badge, **how})

    @property
    def note(self) -> str:
        """Which modalities the numbers are about, where parts of shots are hidden."""
        return hidden_and_shown(self.parts, self.hidden, self.run.sees_rest) if self.parts else ""


@lru_cache(maxsize=8)
def _shots(title: Title) -> pd.DataFrame:
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
        raise InputError(f"shot {shot} has none of the hidden modalities, so nothing is predicted there")
    place = fill.hidden.tolist().index(shot)
    predictions = (fill.compared[place], fill.baseline(fill.best_baseline_name)[place])
    found = [nearest_shots(p, pool, fill.space, PICKS, first + shot, fill.columns[place]) for p in predictions]

    def frames(table: Any) -> list[Frame]:
        marks = {} if scene.step.veil else {"mark": "truth", "badge": "the real shot"}
        return [scene.frame(int(p.row) - first, **(marks if p.is_truth else {})) for p in table.itertuples()]

    (model, model_rank), (copy, copy_rank) = found
    name = fill.best_baseline_name
    sentence = "" if scene.step.veil else expected_sentence(model_rank, copy_rank, len(fill.shots), "this title", name)
    truth = scene.veiled(shot, mark="truth") if scene.step.veil else scene.frame(shot, mark="truth")
    return sentence, slides.with_note(three_columns(truth, frames(model), frames(copy), name), scene.note)


def _influence(scene: _Scene) -> tuple[str, str]:
    shot, starts = scene.shot, _shots(scene.title)["start_s"].to_numpy(dtype=float)
    table = scene.influence_on(shot)
    frames = [scene.frame(shot, mark="truth", badge="hidden")]
    for line in strongest(table, MOST_INFLUENTIAL).itertuples():
        badge = signed(line.influence)
        frames.append(scene.frame(int(line.shot), badge=badge, mark="model" if line.influence > 0 else ""))
    arcs = influence_arcs(table, shot)
    return influence_sentence(table, shot, starts), slides.influence(frames, arcs, scene.title.num_shots)


def _attention(scene: _Scene) -> tuple[str, str]:
    shot, starts = scene.shot, _shots(scene.title)["start_s"].to_numpy(dtype=float)
    found = attention(scene.run, scene.title, scene.hidden, shot)
    table = found.table()
    frames = [scene.frame(shot, mark="truth", badge="hidden")]
    for line in strongest(table, MOST_INFLUENTIAL, by="attention").itertuples():
        frames.append(scene.frame(int(line.shot), badge=percent(line.attention, 1)))
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
    return verdict(fill.table, fill.best_baseline_name, scene.title.split), slides.with_note(body, scene.note)


def _guess(scene: _Scene) -> tuple[str, str]:
    dealt = deal(scene.fill, 0, shot=scene.step.shot)
    if dealt is None:
        raise InputError("too few of the hidden shots look different for a guess")
    seen = [s for s in range(scene.title.num_shots) if s not in scene.hidden]
    before = [s for s in seen if s < dealt.shot][-AROUND:]
    after = [s for s in seen if s > dealt.shot][:AROUND]
    veiled = scene.step.veil
    gap = scene.frame(dealt.shot, veiled=veiled, mark="hidden" if veiled else "truth")
    around = [*(scene.frame(s) for s in before), gap, *(scene.frame(s) for s in after)]
    choices = [scene.frame(s, caption="", **_chosen(dealt, s, veiled)) for s in dealt.choices]
    when = clock(float(_shots(scene.title)["start_s"].iloc[dealt.shot])) or f"shot {dealt.shot}"
    return question(when, len(dealt.choices)), slides.guess(around, choices)


def _chosen(dealt: Round, shot: int, veiled: bool) -> dict[str, str]:
    """The badge of a choice: who chose it; nothing while the step is veiled."""
    if veiled:
        return {}
    who = [name for name, choice in (("model", dealt.model), ("copying", dealt.copy)) if choice == shot]
    return {"badge": " and ".join(who), "mark": "truth" if shot == dealt.shot else ""}


VIEWS: dict[str, Callable[[_Scene], tuple[str, str]]] = {
    "film": _film,
    "expected": _expected,
    "mattered": _influence,
    "attention": _attention,
    "surprise": _surprise,
    "verdict": _verdict,
    "guess": _guess,
}
assert {*ABOUT_A_SHOT} <= set(VIEWS)
