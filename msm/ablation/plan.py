"""What an ablation will train: knobs and their values become cells, each a whole recipe; kept as ablation.json."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe

FORMAT = "msm-ablation/1"
PLAN = "ablation.json"
RECIPE = "recipe"  # the knob whose values are names of presets
BASE = "base"
MOST_CELLS, MOST_SEEDS = 1000, 1000
_NOT_KNOBS = {"seed": "--seeds says how many seeds there are", "name": "it changes nothing in a training"}


@dataclass(frozen=True)
class Knob:
    """One choice that is varied: its dotted key, the base recipe's value, the values tried."""

    key: str
    reference: Any
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Cell:
    """One recipe of the grid; its seed is the base recipe's, and each training counts on from there."""

    name: str
    changes: dict[str, Any]  # key → value, of what differs from the base
    recipe: dict[str, Any]

    def with_seed(self, offset: int) -> Recipe:
        first = Recipe.from_dict(self.recipe)
        return first.with_settings([f"seed={first.seed + offset}"])


@dataclass(frozen=True)
class Plan:
    """Everything that a table of results answers for."""

    split: str
    seeds: int
    base: dict[str, Any]  # recipe (name), settings (list of key=value)
    knobs: tuple[Knob, ...]
    cells: tuple[Cell, ...]  # the base first
    skipped: tuple[dict[str, Any], ...] = ()  # changes, sentence
    catalog: dict[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def save(self, out: Path) -> None:
        files.write_json(out / PLAN, {"format": FORMAT, **asdict(self)})

    @classmethod
    def load(cls, out: Path) -> Plan | None:
        """The plan of a folder, None where it has none; InputError for one that cannot be read."""
        if not (out / PLAN).exists():
            return None
        values = files.read_json(out / PLAN)
        try:
            if values.pop("format") != FORMAT:
                raise InputError(f"{out / PLAN} is not of the format {FORMAT}")
            knobs = tuple(Knob(k["key"], k["reference"], tuple(k["values"])) for k in values.pop("knobs"))
            cells = tuple(Cell(**c) for c in values.pop("cells"))
            skipped, commands = (tuple(values.pop(k)) for k in ("skipped", "commands"))
            plan = cls(knobs=knobs, cells=cells, skipped=skipped, commands=commands, **values)
            plan._check()
            return plan
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"{out / PLAN} is not a plan of an ablation: {error}") from None

    def _check(self) -> None:
        """ValueError for what `make_plan` would not have made; names of cells are names of folders."""
        objects = [self.base, self.catalog, *self.skipped, *(o for c in self.cells for o in (c.changes, c.recipe))]
        if not isinstance(self.split, str) or not all(isinstance(o, dict) for o in objects):
            raise ValueError("its parts are of the wrong kind")
        if type(self.seeds) is not int or not 0 < self.seeds <= MOST_SEEDS or len(self.cells) > MOST_CELLS + 1:
            raise ValueError(f"it may have {MOST_SEEDS} seeds and {MOST_CELLS} cells")
        for cell in self.cells:
            if not isinstance(cell.name, str) or not re.fullmatch(r"[\w=,+-][\w.=,+-]*", cell.name):
                raise ValueError(f"{str(cell.name)[:80]!r} is no name of a cell")
            if type(cell.recipe.get("steps")) is not int or cell.recipe["steps"] < 1:
                raise ValueError(f"the recipe of {cell.name} does not say how many steps it has")

    @property
    def jobs(self) -> list[tuple[Cell, int]]:
        """Every training, seed by seed, so that all cells can be compared early."""
        return [(cell, seed) for seed in range(self.seeds) for cell in self.cells]


def run_name(cell: Cell, seed: int) -> str:
    """The folder of one training, inside OUT/runs."""
    return f"{cell.name},seed={Recipe.from_dict(cell.recipe).seed + seed}"


def make_plan(
    *,
    recipes: Sequence[str] = ("mediafm",),
    settings: Sequence[str] = (),
    vary: Sequence[str] = (),
    seeds: int = 3,
    each: bool = False,
    split: str = "test",
) -> Plan:
    """Cells of a full product of the knobs' values, or with `each` of one knob at a time around the base.

    recipes   names of presets; the first is the base, several are a knob of their own
    settings  key=value, for every cell
    vary      key=value,value,…; a value with commas stands in quotes or brackets
    raises    InputError for what cannot be; in a product, an impossible cell is skipped and listed
    """
    if not 0 < seeds <= MOST_SEEDS:
        raise InputError(f"--seeds must be 1 to {MOST_SEEDS}")
    base = preset(recipes[0]).with_settings(settings)
    knobs = _knobs(base, recipes, vary)
    counts = [len(k.values) for k in knobs]
    if (many := sum(counts) if each else math.prod(counts)) > MOST_CELLS:
        raise InputError(f"that makes {many} cells, and more than {MOST_CELLS} is more than anyone can read; vary less")
    wanted = _one_at_a_time(knobs) if each else _product(knobs)
    cells, skipped = [Cell(BASE, {}, base.to_dict())], []
    for changes in wanted:
        try:
            cells.append(_cell(base, recipes[0], settings, changes))
        except InputError as error:
            if each or len(knobs) == 1:
                raise InputError(f"{_label(changes)} is impossible: {error}") from None
            skipped.append({"changes": changes, "sentence": str(error)})
    how = {"recipe": recipes[0], "settings": list(settings)}
    return Plan(split, seeds, how, knobs, _unlike(cells), tuple(skipped))


def merged(old: Plan, new: Plan) -> Plan:
    """The old plan with what is new in the other; InputError where they do not go together."""
    if _identity(old.cells[0].recipe) != _identity(new.cells[0].recipe):
        change = _first_difference(old.cells[0].recipe, new.cells[0].recipe)
        raise InputError(f"this ablation stands around another base recipe ({change}); choose another folder")
    before = {cell.name: cell.recipe for cell in old.cells}
    for cell in new.cells:
        if cell.name in before and _identity(before[cell.name]) != _identity(cell.recipe):
            change = _first_difference(before[cell.name], cell.recipe)
            raise InputError(
                f"{cell.name} was another recipe when this ablation began ({change}); choose another folder"
            )
    if old.split != new.split:
        raise InputError(f"this ablation is measured on the {old.split} split, not on {new.split}")
    if old.catalog["fingerprint"] != new.catalog["fingerprint"]:
        raise InputError("this ablation was made on another catalog; choose another folder")
    knobs = {k.key: k for k in old.knobs}
    for knob in new.knobs:
        known = knobs.get(knob.key, replace(knob, values=()))
        knobs[knob.key] = replace(known, values=(*known.values, *(v for v in knob.values if v not in known.values)))
    return Plan(
        split=old.split,
        seeds=max(old.seeds, new.seeds),
        base=old.base,
        knobs=tuple(knobs.values()),
        cells=_unlike([*old.cells, *new.cells]),
        skipped=(*old.skipped, *(s for s in new.skipped if s not in old.skipped)),
        catalog=new.catalog,
        commands=(*old.commands, *(c for c in new.commands if c not in old.commands)),
    )


def split_values(text: str) -> list[str]:
    """`.15,.2` → [.15, .2]; commas inside quotes and brackets do not separate."""
    values, start, depth, quote = [], 0, 0, ""
    for i, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{(":
            depth += 1
        elif character in ")}]":
            depth -= 1
        elif character == "," and depth == 0:
            values.append(text[start:i])
            start = i + 1
    values = [v.strip() for v in [*values, text[start:]]]
    if quote or depth or not all(values):
        raise InputError(f"{text!r} is not a list of values; separate them by commas, and quote a value that has one")
    return [v[1:-1] if v[0] == v[-1] == "'" and len(v) > 1 else v for v in values]


def value_at(recipe: Mapping[str, Any], key: str) -> Any:
    """The value under a dotted key of a recipe's dictionary."""
    place: Any = recipe
    for part in key.split("."):
        place = place[part]
    return place


def _knobs(base: Recipe, recipes: Sequence[str], vary: Sequence[str]) -> tuple[Knob, ...]:
    knobs = [Knob(RECIPE, recipes[0], tuple(dict.fromkeys(recipes)))] if len(set(recipes)) > 1 else []
    for one in vary:
        key, equals, text = (part.strip() for part in one.partition("="))
        if not equals or not text:
            raise InputError(f"{one!r} varies nothing; write KEY=VALUE,VALUE, for example mask.ratio=.15,.2,.4")
        if key in _NOT_KNOBS:
            raise InputError(f"{key} is not a knob: {_NOT_KNOBS[key]}")
        if key == RECIPE:
            raise InputError("recipes are compared with --recipe NAME,NAME, not with --vary")
        if any(k.key == key for k in knobs):
            raise InputError(f"{key} is varied twice; give all its values at once")
        if key not in base.keys():  # noqa: SIM118 — a method of ours, with the sentence that lists them
            raise InputError(f"{key!r} is not a recipe key; {did_you_mean(key, base.keys())}")
        texts = split_values(text)
        if len(texts) > MOST_CELLS:
            raise InputError(f"{key} has {len(texts)} values, and more than {MOST_CELLS} is more than anyone can read")
        knobs.append(Knob(key, _plain(value_at(base.to_dict(), key)), _values(base, key, texts)))
    return tuple(knobs)


def _values(base: Recipe, key: str, texts: Iterable[str]) -> tuple[Any, ...]:
    """As a recipe reads them, 1 as 1.0 where it wants a share."""
    values = [_read(base, key, text) for text in texts]
    return tuple(v for i, v in enumerate(values) if v not in values[:i])


def _read(base: Recipe, key: str, text: str) -> Any:
    """A value that does not go with the base may go with another cell; then it stays as it was written."""
    try:
        return _plain(value_at(base.with_settings([f"{key}={text}"]).to_dict(), key))
    except InputError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def _one_at_a_time(knobs: Sequence[Knob]) -> list[dict[str, Any]]:
    return [{k.key: v} for k in knobs for v in k.values]


def _product(knobs: Sequence[Knob]) -> list[dict[str, Any]]:
    keys = [k.key for k in knobs]
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*(k.values for k in knobs))]


def _cell(base: Recipe, base_name: str, settings: Sequence[str], changes: Mapping[str, Any]) -> Cell:
    name = changes.get(RECIPE, base_name)
    settings = [*settings, *(f"{k}={_text(v)}" for k, v in changes.items() if k != RECIPE)]
    recipe = preset(name).with_settings(settings).to_dict()
    told = {k: v if k == RECIPE else _plain(value_at(recipe, k)) for k, v in changes.items()}
    if name == base_name:
        told = {k: v for k, v in told.items() if k != RECIPE and v != _plain(value_at(base.to_dict(), k))}
    return Cell(_safe_name(told), told, recipe)


def _safe_name(changes: Mapping[str, Any]) -> str:
    """A name for people and for a folder at once."""
    label = _label(changes)
    name = re.sub(r"[^\w.=,+-]+", "-", label).strip("-.")
    if name == label and len(name) < 100:
        return name
    return f"{name[:90]}-{sha256(label.encode()).hexdigest()[:6]}"


def _label(changes: Mapping[str, Any]) -> str:
    return ",".join(f"{k}={_text(v)}" for k, v in changes.items()) or BASE


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> Any:
    """As JSON would give it back: tuples are lists."""
    return json.loads(json.dumps(value))


def _unlike(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Each recipe once, the first of those that are alike."""
    kept: dict[str, Cell] = {}
    for cell in cells:
        kept.setdefault(_identity(cell.recipe), cell)
    return tuple(kept.values())


def _identity(recipe: Mapping[str, Any]) -> str:
    """The same for two dictionaries of the same recipe, also where one was written before a key was born."""
    return json.dumps(Recipe.from_dict(recipe).to_dict(), sort_keys=True)


def _first_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    old, new = Recipe.from_dict(old).to_dict(), Recipe.from_dict(new).to_dict()
    key = next(k for k in Recipe.keys() if value_at(old, k) != value_at(new, k))  # noqa: SIM118
    return f"{key} is {_text(_plain(value_at(old, key)))} there and {_text(_plain(value_at(new, key)))} here"
