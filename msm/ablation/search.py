"""A search: Optuna proposes the cells of an ablation, one whenever a worker is free, by their score on the validation titles.

    OUT/study.db     Optuna's study (SQLite), which `optuna-dashboard` opens too; a search goes on from it
    OUT/search.json  its trials, and how much of the score's variance each hyperparameter explains

A trial whose validations fall behind those of earlier trials is stopped early (pruned), by the score of its first seed.
The test titles choose nothing: the table reports the cell that validation picked on titles that it never saw.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from msm.ablation.cell import PRUNE, RESULT, Job, read_result
from msm.ablation.plan import Cell, Plan, cell_of, recipe_identity, run_name, value_at
from msm.ablation.progress import RUNS, SUMMARY
from msm.ablation.runner import job_of
from msm.ablation.space import Dimension
from msm.errors import InputError, did_you_mean
from msm.io import files
from msm.runs.monitor import Tail

STUDY, NAME = "study.db", "msm"
CELL = "cell"  # the attribute of a trial that names its cell
PRUNERS = ("median", "hyperband", "none")
DEFAULT_PRUNER = "median"
FULL_TRIALS = 5  # that are trained to their end before the median prunes any
WARM_UP = 4  # the first quarter of the steps prunes nothing


class Search:
    """A study and the plan that grows with it. `jobs` is what `msm.runner.run_all` trains; `note` is called as they end."""

    def __init__(self, out: Path, plan: Plan, device: str, *, keep_weights: bool):
        if plan.search is None:
            raise InputError(f"{out} holds no search")
        self.out, self.plan, self.device, self.keep_weights = out, plan, device, keep_weights
        self.space = [Dimension.from_dict(facts) for facts in plan.search["space"]]
        self.budget = int(plan.search["budget"])
        self.study = open_study(out, seed=int(plan.cells[0].recipe["seed"]))
        self.study.pruner = pruner(str(plan.search.get("prune", "none")), plan.cells[0].recipe)
        self.pruned: set[str] = set()  # cells that are asked to end
        self.curves: dict[str, Tail] = {}  # by cell, of its first seed
        self.pending: dict[str, list[Any]] = {}  # cell → its trials that wait for a score
        self.under_way: set[str] = set()  # names of trainings

    def jobs(self) -> Iterator[Job]:
        """The base's trainings, those of trials that were begun before, then new trials until the budget is spent."""
        yield from self._trainings(self.plan.cells[0])
        for trial in self._begun():
            cell = next((c for c in self.plan.cells if c.name == trial.user_attrs.get(CELL)), None)
            if cell is None:  # the process ended between two writes
                self._tell(trial.number, None)
            else:
                yield from self._wait_for(cell, trial.number)
        self._propose_base()
        while self.num_trials < self.budget:
            trial = self.study.ask()
            changes = {d.key: d.suggest(trial) for d in self.space}
            try:
                cell = self._cell(changes)
            except InputError as error:
                self._skip(changes, str(error))
                self._tell(trial.number, None)
                continue
            trial.set_user_attr(CELL, cell.name)
            yield from self._wait_for(cell, trial.number)

    def note(self, job: Job) -> None:
        """Tell the study where all trainings of a cell have ended."""
        self.under_way.discard(job.name)
        for cell in self.plan.cells:
            if cell.name in self.pending and not self._missing(cell):
                self._report(cell)
                for number in self.pending.pop(cell.name):
                    self._end(number, cell)

    def look(self) -> None:
        """Stop the trials that fall behind; called while they are trained."""
        base = self.plan.cells[0].name  # the table compares with it
        for cell in [c for c in self.plan.cells if c.name in self.pending and c.name not in {base, *self.pruned}]:
            trials = self._report(cell)
            if any([trial.should_prune() for trial in trials]):
                self.pruned.add(cell.name)
                for seed in self._missing(cell):
                    folder = self.out / RUNS / run_name(cell, seed)
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / PRUNE).touch()

    def _report(self, cell: Cell) -> list[Any]:
        """Send the validations of a cell's first seed to its trials; those that have new ones."""
        curve = self.curves.setdefault(cell.name, Tail(self.out / RUNS / run_name(cell, 0)))
        measured = curve.read().validations
        changed = []
        for number in self.pending[cell.name]:
            frozen = self.study.get_trials(deepcopy=False)[number]
            last = max(frozen.intermediate_values, default=-1)
            new = [
                (int(s), float(v))
                for s, v in zip(measured["step"], measured["centred_cosine"], strict=True)
                if s > last
            ]
            trial = self._trial(frozen)
            for step, value in new:
                trial.report(value, step)
            changed += [trial] if new else []
        return changed

    def _trial(self, frozen: Any) -> Any:
        """The trial object of a trial, also of one that another process began: Optuna has no public way to it."""
        from optuna.trial import Trial

        return Trial(self.study, frozen._trial_id)  # noqa: SLF001

    @property
    def num_trials(self) -> int:
        """Trials that were proposed, also those that failed."""
        return sum(t.state.name != "WAITING" for t in self.study.get_trials(deepcopy=False))

    @property
    def expected(self) -> int:
        """Trainings in all: those planned, and those of trials that are still to be proposed."""
        return (len(self.plan.cells) + max(0, self.budget - self.num_trials)) * self.plan.seeds

    def save(self) -> None:
        """Write search.json."""
        trials = self.study.get_trials(deepcopy=False)
        rows = [
            {
                "number": t.number,
                "cell": t.user_attrs.get(CELL),
                "state": t.state.name.lower(),
                "score": t.value,
                "step": t.last_step,
            }
            for t in trials
            if t.state.name != "WAITING"
        ]
        prune = (self.plan.search or {}).get("prune", "none")
        facts = {"library": "optuna", "budget": self.budget, "prune": prune, "space": [d.as_dict() for d in self.space]}
        files.write_json(self.out / SUMMARY, {**facts, "trials": rows, "importance": importance(self.study)})

    def _trainings(self, cell: Cell) -> Iterator[Job]:
        for seed in self._missing(cell):
            job = job_of(self.out, self.plan, cell, seed, self.device, self.keep_weights)
            if job.name not in self.under_way:
                self.under_way.add(job.name)
                yield job

    def _missing(self, cell: Cell) -> list[int]:
        """Seeds without a result."""
        folders = [self.out / RUNS / run_name(cell, seed) for seed in range(self.plan.seeds)]
        return [seed for seed, folder in enumerate(folders) if not (folder / RESULT).exists()]

    def _wait_for(self, cell: Cell, number: int) -> Iterator[Job]:
        if not self._missing(cell):
            self.pending.setdefault(cell.name, []).append(number)
            self._report(cell)
            self.pending[cell.name].remove(number)
            self._end(number, cell)
            return
        self.pending.setdefault(cell.name, []).append(number)
        yield from self._trainings(cell)

    def _end(self, number: int, cell: Cell) -> None:
        """Tell the study how a trial ended whose trainings have ended."""
        from optuna.trial import TrialState

        states = {read_result(self.out / RUNS / run_name(cell, seed))["state"] for seed in range(self.plan.seeds)}
        if "pruned" in states and "failed" not in states:
            self.study.tell(number, state=TrialState.PRUNED)  # its score is its last validation
        else:
            self._tell(number, self._score(cell))

    def _score(self, cell: Cell) -> float | None:
        """Mean centred cosine on the validation titles over the seeds; None where a training failed."""
        results = [read_result(self.out / RUNS / run_name(cell, seed)) for seed in range(self.plan.seeds)]
        if any(r["state"] != "done" or "validation" not in r["reports"] for r in results):
            return None
        score = float(np.mean([r["reports"]["validation"]["centred_cosine"] for r in results]))
        return score if np.isfinite(score) else None

    def _tell(self, number: int, score: float | None) -> None:
        from optuna.trial import TrialState

        if score is None:
            self.study.tell(number, state=TrialState.FAIL)
        else:
            self.study.tell(number, score)

    def _begun(self) -> list[Any]:
        return [t for t in self.study.get_trials() if t.state.name == "RUNNING"]

    def _propose_base(self) -> None:
        """The base is the first trial, where its values lie in the space."""
        recipe = self.plan.cells[0].recipe
        values = {d.key: d.parameter(value_at(recipe, d.key)) for d in self.space}
        if not self.study.get_trials(deepcopy=False) and None not in values.values():
            self.study.enqueue_trial(values)

    def _cell(self, changes: dict[str, Any]) -> Cell:
        """The cell of these values: one that is planned already, or a new one. InputError for an impossible recipe."""
        cell = cell_of(self.plan, changes)
        identity = recipe_identity(cell.recipe)
        for known in self.plan.cells:
            if recipe_identity(known.recipe) == identity:
                return known
        self._grow(replace(self.plan, cells=(*self.plan.cells, cell)))
        return cell

    def _skip(self, changes: dict[str, Any], sentence: str) -> None:
        one = {"changes": changes, "sentence": sentence}
        if one not in self.plan.skipped:
            self._grow(replace(self.plan, skipped=(*self.plan.skipped, one)))

    def _grow(self, plan: Plan) -> None:
        self.plan = plan
        plan.save(self.out)


def pruner(name: str, recipe: dict[str, Any]) -> Any:
    """Optuna's pruner of a name of `PRUNERS`, for trainings about as long as those of `recipe`. InputError for another name."""
    from optuna import pruners

    steps, every = int(recipe["steps"]), max(1, int(recipe["validate_every"]))
    if name == "median":
        return pruners.MedianPruner(n_startup_trials=FULL_TRIALS, n_warmup_steps=steps // WARM_UP)
    if name == "hyperband":
        return pruners.HyperbandPruner(min_resource=min(every, steps), max_resource=steps, reduction_factor=3)
    if name == "none":
        return pruners.NopPruner()
    raise InputError(f"there is no pruner {name!r}; {did_you_mean(name, list(PRUNERS))}")


def open_study(out: Path, seed: int) -> Any:
    """Optuna's study in OUT/study.db, made where there is none. InputError where optuna is missing, or the file is no study."""
    try:
        import optuna
        from sqlalchemy import URL
    except ImportError:
        raise InputError("a search needs optuna: pip install 'msm-workbench[search]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = out / STUDY
    try:
        url = URL.create("sqlite", database=str(path.absolute())).render_as_string(hide_password=False)
        study = optuna.create_study(storage=url, study_name=NAME, direction="maximize", load_if_exists=True)
    except Exception as error:  # SQLAlchemy's and Optuna's own, of many kinds
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{path} is not a study of Optuna: {reason}") from error
    # another seed after a restart: the same would propose the same values again
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials(deepcopy=False)), constant_liar=True)
    return study


def importance(study: Any) -> dict[str, float]:
    """The share of the score's variance that each hyperparameter explains (fANOVA), the largest first; {} with too few trials."""
    import optuna

    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    with suppress(Exception):  # too few trials, or all alike
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
        if all(np.isfinite(list(found.values()))):
            return {key: round(float(share), 4) for key, share in found.items()}
    return {}
