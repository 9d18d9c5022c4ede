"""The runs of a folder as a table: progress, scores, hyperparameters and annotations, to sort, filter and group.

Reads run folders without importing torch. `msm runs` prints the table and the Training page shows it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from msm.errors import InputError
from msm.io import files
from msm.recipes.hyperparameters import hyperparameters, value_of
from msm.runs import monitor
from msm.runs.annotation import Annotation, read_annotation
from msm.runs.monitor import Tail

MEASURES = [
    "step",
    "loss",
    "skill",
    "centred_cosine",
    "baseline",
    "best_baseline",
    "best_step",
    "rankme",
    "pair_cosine",
]
COLUMNS = [
    "name", "sweep", "recipe", "state", "steps", *MEASURES, "test_skill", "updated", "tags", "note", "color", "archived",
    "problem", "path",
]  # fmt: skip
USUAL = ["name", "recipe", "state", "steps", "skill", "centred_cosine", "best_step", "test_skill", "tags"]
_MOST_VARIED = 6  # hyperparameters among the columns that are shown unless others are asked for
_CONDITION = re.compile(r"([\w.]+)\s*(>=|<=|!=|=|>|<|~)\s*(.*)", re.DOTALL)
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}
Measures = Mapping[str, Any]


def runs_table(
    folder: str | Path, *, archived: bool = False, measure: Callable[[Path], Measures] | None = None
) -> pd.DataFrame:
    """A row a run of a folder and of the sweeps inside it, the latest first.

    archived  also runs that are archived
    measure   the measures of a run folder, `measures` by default; a caller that keeps them passes its own

    Columns: `name`; `sweep`, the ablation or study that the run belongs to (empty where there is none); `recipe`; `state`; `steps` in
    all; `step` and `loss` reached; `skill`, `centred_cosine`, `baseline` (of `best_baseline`), `rankme` and `pair_cosine` of the best
    validation at `best_step`; `test_skill` of the last evaluation; `updated`, the time of the last sign of life; `tags` (a tuple), `note`,
    `color`, `archived`; `problem`, why the folder cannot be read; `path`; then a column for each hyperparameter by its dotted key.
    A number that is not known is NaN.
    """
    folder = Path(folder)
    rows = [_row(path, name, measure or measures) for name, path in run_folders(folder).items()]
    keys = [parameter.key for parameter in hyperparameters() if parameter.key not in COLUMNS]  # `steps` is among these
    table = pd.DataFrame(rows, columns=[*COLUMNS, *keys])
    table = table.astype({"archived": bool, **dict.fromkeys([m for m in MEASURES if m != "best_baseline"], float)})
    return table if archived else table[~table["archived"]].reset_index(drop=True)


def run_folders(folder: Path) -> dict[str, Path]:
    """Name → folder of every run: those of the folder, the latest first, then `SWEEP/NAME` for the runs of sweeps inside it."""
    named = {path.name: path for path in monitor.listed(folder)}
    inside = [p.parent for depth in ("*", "*/*") for p in folder.glob(f"{depth}/runs/*/run.json")]
    return named | {f"{sweep_of(p, folder)}/{p.name}": p for p in sorted(inside) if not p.name.startswith(".")}


def sweep_of(path: Path, folder: Path) -> str:
    """The sweep that a run folder belongs to: the folder above its `runs`, relative to `folder`; empty for a run by itself."""
    above = path.parent
    return above.parent.relative_to(folder).as_posix() if above != folder and above.name == "runs" else ""


def measures(path: Path) -> dict[str, Any]:
    """MEASURES of a run: at the last step, and at the best validation."""
    measured = Tail(path).read()
    found: dict[str, Any] = dict.fromkeys(MEASURES, math.nan) | {"best_baseline": ""}
    if len(measured.steps):
        found |= {"step": measured.steps["step"].iloc[-1], "loss": measured.steps["loss"].iloc[-1]}
    if len(rows := measured.validations):
        best = rows.loc[rows["centred_cosine"].idxmax()]
        found |= {"best_step": best["step"], "best_baseline": best["baseline_name"]}
        found |= {key: best[key] for key in ("skill", "centred_cosine", "baseline", "rankme", "pair_cosine")}
    return found


def _row(path: Path, name: str, measure: Callable[[Path], Measures]) -> dict[str, Any]:
    measured = measure(path)
    run = monitor.look(path, step=int(measured["step"]) if measured["step"] == measured["step"] else 0)
    problem, notes = run.problem, Annotation()
    try:
        notes = read_annotation(path)
    except InputError as error:
        problem = problem or str(error)
    values = {p.key: value_of(run.recipe, p.key) for p in hyperparameters()} if run.recipe else {}
    return {
        **values,
        **measured,
        **asdict(notes),
        "name": name,
        "sweep": name.rpartition("/")[0],
        "recipe": run.recipe.name if run.recipe else "",
        "state": "" if run.problem else run.state,
        "steps": run.steps,
        "test_skill": _test_skill(path),
        "updated": pd.Timestamp(round(run.heard), unit="s", tz="UTC"),
        "problem": problem or "",
        "path": str(path),
    }


def _test_skill(path: Path) -> float:
    try:
        return float(files.read_json(path / "evaluation.json")["skill"])
    except (InputError, OSError, KeyError, TypeError, ValueError):
        return math.nan


def varied(table: pd.DataFrame) -> list[str]:
    """The hyperparameters in which the runs of a table differ: those of masking, model, objective and optimiser first, the seed last."""
    keys = [p.key for p in hyperparameters() if len(set(table[p.key].dropna().astype(str))) > 1]
    return sorted(keys, key=lambda key: (key == "seed", "." not in key))


def usual_columns(table: pd.DataFrame) -> list[str]:
    """The columns that are shown unless others are asked for: scores, then what differs between the recipes."""
    given = [c for c in USUAL if c != "tags" or table["tags"].astype(bool).any()]
    return [*given, *[key for key in varied(table) if key not in given][:_MOST_VARIED]]


def chosen_columns(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """These columns, in this order. InputError for one that the table does not have."""
    return table[[_column(table, name) for name in names]]


def sort_runs(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sort by a column, ascending, or with a minus sign before its name descending; unknown numbers come last. InputError for a
    column that the table does not have."""
    column = _column(table, by.removeprefix("-"))
    key = (lambda values: values.map(str)) if column == "tags" else None
    return table.sort_values(
        column, ascending=not by.startswith("-"), kind="stable", na_position="last", key=key, ignore_index=True
    )


def filter_runs(table: pd.DataFrame, conditions: Iterable[str]) -> pd.DataFrame:
    """The rows that fulfil every condition.

    conditions  `COLUMN>=NUMBER` (also <=, >, <, =, !=), `COLUMN=WORD`, `COLUMN~PART` for a part of a text, `tags=TAG`; a word by
                itself is looked for in names, recipes, tags and notes

    InputError for a column that the table does not have and for a value that cannot be compared with it.
    """
    for condition in conditions:
        table = table[_fulfils(table, condition.strip())]
    return table.reset_index(drop=True)


def _fulfils(table: pd.DataFrame, condition: str) -> pd.Series:
    if not (parts := _CONDITION.fullmatch(condition)):
        texts = table["name"] + " " + table["recipe"] + " " + table["tags"].map(" ".join) + " " + table["note"]
        return texts.str.contains(condition, case=False, regex=False)
    column, sign, text = _column(table, parts[1]), parts[2], parts[3].strip()
    values = table[column]
    if column == "tags":
        has = values.map(lambda tags: any(text in t if sign == "~" else text == t for t in tags)).astype(bool)
        return ~has if sign == "!=" else has
    if sign == "~":
        return values.astype(str).str.contains(text, case=False, regex=False)
    if (sign in ("=", "!=") and not pd.api.types.is_numeric_dtype(values)) or values.dtype == bool:
        return _COMPARE[sign](values.map(_word), text.lower())
    try:
        return _COMPARE[sign](pd.to_numeric(values), float(text))
    except (ValueError, TypeError):
        raise InputError(f"{condition!r}: {column} cannot be compared with {text!r}") from None


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _column(table: pd.DataFrame, name: str) -> str:
    name = {"tag": "tags", "colour": "color"}.get(name, name)
    if name in table:
        return name
    alike = [c for c in table if str(c).rpartition(".")[2] == name.rpartition(".")[2]]
    hint = f"; is {alike[0]} meant?" if alike else f"; known are {', '.join(COLUMNS[:12])} … and every key of a recipe"
    raise InputError(f"the table of runs has no column {name!r}{hint}")


def by_sweep(table: pd.DataFrame) -> pd.DataFrame:
    """A row a sweep, the best first: sweep, runs, done, best (the name of its best run), skill (the best), mean_skill, lowest_skill."""
    rows = []
    for sweep, runs in table[table["sweep"] != ""].groupby("sweep"):
        skills = runs["skill"].dropna()
        best = runs.loc[skills.idxmax(), "name"] if len(skills) else ""
        done = int((runs["state"] == monitor.DONE).sum())
        scores = {"skill": skills.max(), "mean_skill": skills.mean(), "lowest_skill": skills.min()}
        rows.append({"sweep": sweep, "runs": len(runs), "done": done, "best": best, **scores})
    columns = ["sweep", "runs", "done", "best", "skill", "mean_skill", "lowest_skill"]
    return pd.DataFrame(rows, columns=columns).sort_values("skill", ascending=False, ignore_index=True)
