"""What an ablation trains: hyperparameters and their values become cells, each a whole recipe; kept as ablation.json."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, field, to_builtins
from msgspec.structs import replace

from msm.config.schema import check
from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.recipes.presets import preset
from msm.recipes.recipe import Recipe

FORMAT = "msm-ablation/1"
PLAN = "ablation.json"
RECIPE = "recipe"  # the hyperparameter whose values are names of presets
BASE = "base"
MOST_CELLS, MOST_SEEDS = 1000, 1000
_NOT_VARIED = {"seed": "--seeds says how many seeds there are", "name": "it changes nothing in a training"}


CellName = Annotated[str, Meta(pattern=r"^[\w=,+-][\w.=,+-]*\Z", description="the name of a folder")]
SeedCount = Annotated[int, Meta(ge=1, le=MOST_SEEDS, description=f"a whole number from 1 to {MOST_SEEDS}")]
Cells = Annotated[
    tuple["Cell", ...], Meta(max_length=MOST_CELLS + 1, description=f"a list of at most {MOST_CELLS} cells")
]


class Hyperparameter(Struct, frozen=True):
    """One hyperparameter that is varied: its dotted key, the base recipe's value, the values tried."""

    key: str
    reference: Any
    values: tuple[Any, ...]


class Cell(Struct, frozen=True, forbid_unknown_fields=True):
    """One recipe of the grid; its seed is the base recipe's, and each training adds its number to it."""

    name: CellName
    changes: dict[str, Any]  # key → value, of what differs from the base
    recipe: dict[str, Any]

    def with_seed(self, offset: int) -> Recipe:
        """The recipe of one training of this cell."""
        first = Recipe.from_dict(self.recipe)
        return first.with_settings([f"seed={first.seed + offset}"])


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a table of results is about: the content of ablation.json."""

    split: str
    seeds: SeedCount
    base: dict[str, Any]  # recipe (name), settings (list of key=value)
    hyperparameters: tuple[Hyperparameter, ...] = field(name="knobs")
    cells: Cells  # the base first
    skipped: tuple[dict[str, Any], ...] = ()  # changes, sentence
    catalog: dict[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    search: dict[str, Any] | None = None  # library, budget, space; None for a grid

    def save(self, out: Path) -> None:
        files.write_json(out / PLAN, {"format": FORMAT, **to_builtins(self)})

    @classmethod
    def load(cls, out: Path) -> Plan | None:
        """Read the plan of a folder; None where it has none. InputError for one that cannot be read."""
        if not (out / PLAN).exists():
            return None
        values = files.read_json(out / PLAN)
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            raise InputError(f"{out / PLAN} is not of the format {FORMAT}")
        where = f"{out / PLAN} is not a plan of an ablation"
        plan = check(cls, values, where)
        for number, cell in enumerate(plan.cells):
            check(_Steps, cell.recipe, f"{where}: cells[{number}].recipe")
        return plan

    @property
    def jobs(self) -> list[tuple[Cell, int]]:
        """Every training, seed by seed, so that all cells can be compared early."""
        return [(cell, seed) for seed in range(self.seeds) for cell in self.cells]


class _Steps(Struct):
    """What a training's progress needs to know of a recipe."""

    steps: Annotated[int, Meta(ge=1, description="a whole number from 1 on")]


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
    """Lay out cells: the full product of the hyperparameters' values, or with `each` one varied at a time around the base.

    recipes   names of presets; the first is the base, several are a hyperparameter of their own
    settings  key=value, for every cell
    vary      key=value,value,…; a value with commas stands in quotes or brackets
    raises    InputError where nothing can be laid out; in a product, an impossible cell is skipped and listed
    """
    if not 0 < seeds <= MOST_SEEDS:
        raise InputError(f"--seeds must be 1 to {MOST_SEEDS}")
    base = preset(recipes[0]).with_settings(settings)
    varied = varied_hyperparameters(base, recipes, vary)
    counts = [len(h.values) for h in varied]
    if (many := sum(counts) if each else math.prod(counts)) > MOST_CELLS:
        raise InputError(f"that makes {many} cells, and more than {MOST_CELLS} is more than anyone can read; vary less")
    wanted = _one_at_a_time(varied) if each else _product(varied)
    cells, skipped = [Cell(BASE, {}, base.to_dict())], []
    for changes in wanted:
        try:
            cells.append(_cell(base, recipes[0], settings, changes))
        except InputError as error:
            if each or len(varied) == 1:
                raise InputError(f"{_label(changes)} is impossible: {error}") from None
            skipped.append({"changes": changes, "sentence": str(error)})
    how = {"recipe": recipes[0], "settings": list(settings)}
    return Plan(split, seeds, how, varied, _distinct(cells), tuple(skipped))


def merged(old: Plan, new: Plan) -> Plan:
    """Join two plans: the old cells, then those that are new. InputError where the two do not fit together."""
    if recipe_identity(old.cells[0].recipe) != recipe_identity(new.cells[0].recipe):
        change = _first_difference(old.cells[0].recipe, new.cells[0].recipe)
        raise InputError(f"this ablation stands around another base recipe ({change}); choose another folder")
    before = {cell.name: cell.recipe for cell in old.cells}
    for cell in new.cells:
        if cell.name in before and recipe_identity(before[cell.name]) != recipe_identity(cell.recipe):
            change = _first_difference(before[cell.name], cell.recipe)
            raise InputError(
                f"{cell.name} was another recipe when this ablation began ({change}); choose another folder"
            )
    if old.split != new.split:
        raise InputError(f"this ablation is measured on the {old.split} split, not on {new.split}")
    if old.catalog["fingerprint"] != new.catalog["fingerprint"]:
        raise InputError("this ablation was made on another catalog; choose another folder")
    if (old.search is None) != (new.search is None):
        raise InputError("a search and a grid need folders of their own; choose another folder")
    if old.search is not None and new.search is not None and old.search["space"] != new.search["space"]:
        raise InputError("this search has another space (--vary); choose another folder")
    varied = {h.key: h for h in old.hyperparameters}
    for one in new.hyperparameters:
        known = varied.get(one.key, replace(one, values=()))
        varied[one.key] = replace(known, values=(*known.values, *(v for v in one.values if v not in known.values)))
    return Plan(
        split=old.split,
        seeds=max(old.seeds, new.seeds),
        base=old.base,
        hyperparameters=tuple(varied.values()),
        cells=_distinct([*old.cells, *new.cells]),
        skipped=(*old.skipped, *(s for s in new.skipped if s not in old.skipped)),
        catalog=new.catalog,
        commands=(*old.commands, *(c for c in new.commands if c not in old.commands)),
        search=new.search,
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


def varied_hyperparameters(base: Recipe, recipes: Sequence[str], vary: Sequence[str]) -> tuple[Hyperparameter, ...]:
    """What KEY=VALUE,VALUE… and several recipes vary. InputError for a key or a list that is none."""
    several = len(set(recipes)) > 1
    varied = [Hyperparameter(RECIPE, recipes[0], tuple(dict.fromkeys(recipes)))] if several else []
    for one in vary:
        key, equals, text = (part.strip() for part in one.partition("="))
        if not equals or not text:
            raise InputError(f"{one!r} varies nothing; write KEY=VALUE,VALUE, for example mask.ratio=.15,.2,.4")
        if key in _NOT_VARIED:
            raise InputError(f"{key} cannot be varied: {_NOT_VARIED[key]}")
        if key == RECIPE:
            raise InputError("recipes are compared with --recipe NAME,NAME, not with --vary")
        if any(h.key == key for h in varied):
            raise InputError(f"{key} is varied twice; give all its values at once")
        if key not in base.keys():  # noqa: SIM118 — a method of ours, with the sentence that lists them
            raise InputError(f"{key!r} is not a recipe key; {did_you_mean(key, base.keys())}")
        texts = split_values(text)
        if len(texts) > MOST_CELLS:
            raise InputError(f"{key} has {len(texts)} values, and more than {MOST_CELLS} is more than anyone can read")
        varied.append(Hyperparameter(key, _plain(value_at(base.to_dict(), key)), _values(base, key, texts)))
    return tuple(varied)


def _values(base: Recipe, key: str, texts: Iterable[str]) -> tuple[Any, ...]:
    """Values as a recipe reads them, for instance 1 as 1.0."""
    values = [_read(base, key, text) for text in texts]
    return tuple(v for i, v in enumerate(values) if v not in values[:i])


def _read(base: Recipe, key: str, text: str) -> Any:
    """A value that is invalid with the base may be valid in another cell; then it is kept as it was written."""
    try:
        return _plain(value_at(base.with_settings([f"{key}={text}"]).to_dict(), key))
    except InputError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def _one_at_a_time(varied: Sequence[Hyperparameter]) -> list[dict[str, Any]]:
    return [{h.key: v} for h in varied for v in h.values]


def _product(varied: Sequence[Hyperparameter]) -> list[dict[str, Any]]:
    keys = [h.key for h in varied]
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*(h.values for h in varied))]


def _cell(base: Recipe, base_name: str, settings: Sequence[str], changes: Mapping[str, Any]) -> Cell:
    name = changes.get(RECIPE, base_name)
    settings = [*settings, *(f"{k}={_text(v)}" for k, v in changes.items() if k != RECIPE)]
    recipe = preset(name).with_settings(settings).to_dict()
    differing = {k: v if k == RECIPE else _plain(value_at(recipe, k)) for k, v in changes.items()}
    if name == base_name:
        differing = {k: v for k, v in differing.items() if k != RECIPE and v != _plain(value_at(base.to_dict(), k))}
    return Cell(_safe_name(differing), differing, recipe)


def cell_of(plan: Plan, changes: Mapping[str, Any]) -> Cell:
    """The cell with these values around a plan's base. InputError where they make no recipe."""
    name, settings = plan.base["recipe"], plan.base["settings"]
    return _cell(preset(name).with_settings(settings), name, settings, changes)


def _safe_name(changes: Mapping[str, Any]) -> str:
    """A readable name that is also a valid name of a folder."""
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
    """The value as JSON returns it: tuples become lists."""
    return json.loads(json.dumps(value))


def _distinct(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Each recipe once: of equal ones the first cell."""
    kept: dict[str, Cell] = {}
    for cell in cells:
        kept.setdefault(recipe_identity(cell.recipe), cell)
    return tuple(kept.values())


def recipe_identity(recipe: Mapping[str, Any]) -> str:
    """Equal for two dictionaries of the same recipe, also where one was written before a key was added."""
    return json.dumps(Recipe.from_dict(recipe).to_dict(), sort_keys=True)


def _first_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    old, new = Recipe.from_dict(old).to_dict(), Recipe.from_dict(new).to_dict()
    key = next(k for k in Recipe.keys() if value_at(old, k) != value_at(new, k))  # noqa: SIM118
    return f"{key} is {_text(_plain(value_at(old, key)))} there and {_text(_plain(value_at(new, key)))} here"
