"""Presentation scripts: TOML files with one `[[steps]]` a slide. docs/present.md shows one."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from msm import InputError
from msm.data.ranges import parse_ranges
from msm.masking.parts import Parts, parse_parts

SHOWS = ("words", "film", "expected", "mattered", "attention", "surprise", "verdict", "guess")
ABOUT_A_SHOT = ("expected", "mattered", "attention", "guess")
ABOUT_PARTS = ("film", "expected", "verdict")  # that can hide one modality; the others hide whole shots
LARGEST_BYTES = 200_000
MOST_STEPS = 60
KINDS = {"shot": (int, "a whole number"), "veil": (bool, "true or false")}  # every other key is a text


@dataclass(frozen=True, kw_only=True)
class Step:
    """One slide: what it shows, and the text above it."""

    show: str
    title: str  # title_id
    run: str  # "" = the first that fits
    heading: str = ""
    text: str = ""
    hidden: str = ""  # ranges, e.g. "40-44, 60"; "" = none
    modality: str = ""  # what is hidden of them, as `msm.masking.parts` reads it; "" = whole shots
    shot: int | None = None  # one of the hidden ones; None = the most telling
    veil: bool = False  # the real shot is not shown yet


@dataclass(frozen=True, kw_only=True)
class Script:
    heading: str
    steps: tuple[Step, ...]


def read_script(path: Path) -> Script:
    """Read a script; an InputError names the file and the step of a mistake."""
    try:
        with open(path, "rb") as file:
            raw = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path} is missing") from None
    return parse_script(raw, str(path))


def parse_script(raw: bytes, name: str) -> Script:
    """Parse the content of a script file called `name`."""
    if len(raw) > LARGEST_BYTES:
        raise InputError(f"{name} is larger than a script can be ({LARGEST_BYTES // 1000} kB)")
    try:
        content = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{name} is not readable as TOML: {error}") from None
    _refuse_unknown(content, {"heading", "title", "run", "steps"}, name)
    steps = content.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(s, dict) for s in steps):
        raise InputError(f"{name} has no [[steps]], so there is nothing to present")
    if len(steps) > MOST_STEPS:
        raise InputError(f"{name} has {len(steps)} steps; {MOST_STEPS} are the most")
    common = {k: content.get(k, "") for k in ("title", "run", "heading")}
    _check_kinds(common, name)
    heading = common.pop("heading")
    return Script(heading=heading, steps=tuple(_step(common | s, f"{name}, step {i + 1}") for i, s in enumerate(steps)))


def _step(content: dict[str, Any], where: str) -> Step:
    _refuse_unknown(content, {f.name for f in fields(Step)}, where)
    if content.get("show") not in SHOWS:
        raise InputError(f"{where}: show is {content.get('show')!r}, but must be one of {', '.join(SHOWS)}")
    _check_kinds(content, where)
    step = Step(**content)
    if step.show != "words" and not step.title:
        raise InputError(f"{where}: title is not given, neither here nor above the steps")
    if step.show in (*ABOUT_A_SHOT, "verdict") and not step.hidden:
        raise InputError(f"{where}: hidden is not given, but {step.show} is about hidden shots")
    if step.modality:
        _check_modality(step, where)
    return step


def _check_modality(step: Step, where: str) -> None:
    if step.show not in ABOUT_PARTS:
        raise InputError(f"{where}: modality is given, but {step.show} asks about whole shots")
    if not step.hidden:
        raise InputError(f"{where}: modality is given, but no shot is hidden of which only a part could be")
    try:
        parse_parts(step.modality)
    except InputError as error:
        raise InputError(f"{where}: modality is {step.modality!r}: {error}") from None


def script_of_a_view(title_id: str, name: str, run: str, hidden: str, shot: int | None) -> Script:
    """The default script for a title and its hidden shots: film, gap, expected shot, and verdict."""

    def step(show: str, heading: str, *, gap: str = hidden, about: int | None = shot, veil: bool = False) -> Step:
        return Step(show=show, title=title_id, run=run, heading=heading, hidden=gap, shot=about, veil=veil)

    steps = [
        step("film", name, gap="", about=None),
        step("film", "These shots are hidden"),
        step("expected", "What does the model expect here?", veil=True),
        step("expected", "What is really there"),
        step("mattered", "What it goes by"),
        step("surprise", "Where it is surprised", gap="", about=None),
        step("verdict", "Is that more than copying?"),
    ]
    return Script(heading=name, steps=tuple(steps if hidden else [steps[0], steps[5]]))


def hidden_shots(step: Step, num_shots: int, where: str) -> tuple[int, ...]:
    """The shots that a step hides; InputError where the title lacks them, or the shot shown is not among them."""
    try:
        hidden = tuple(parse_ranges(step.hidden, num_shots)) if step.hidden else ()
    except InputError as error:
        raise InputError(f"{where}: hidden is {step.hidden!r}: {error}") from None
    if step.shot is not None and step.shot not in hidden:
        raise InputError(
            f"{where}: shot is {step.shot}, but must be one of the hidden shots, {step.hidden or 'of which there are none'}"
        )
    return hidden


def hidden_parts(step: Step, hidden: tuple[int, ...], known: Sequence[str], where: str) -> Parts:
    """The modalities that a step hides; InputError for one that is not `known`, or a shot that is not hidden."""
    parts = parse_parts(step.modality)
    for name, shots in parts.items():
        if name not in known:
            raise InputError(f"{where}: modality is {name!r}, but these shots have {', '.join(known)}")
        for shot in shots or ():
            if shot not in hidden:
                raise InputError(f"{where}: modality names shot {shot}, but hidden is {step.hidden!r}")
    return parts


def _check_kinds(content: dict[str, Any], where: str) -> None:
    for key, value in content.items():
        kind, words = KINDS.get(key, (str, "a text"))
        if type(value) is not kind:
            raise InputError(f"{where}: {key} is {value!r}, but must be {words}")


def _refuse_unknown(content: dict[str, Any], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise InputError(f"{where}: {key!r} means nothing here; known are {', '.join(sorted(known))}")
