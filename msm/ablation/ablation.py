"""An ablation from request to table: what `msm ablate` and the workbench call."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from msm.ablation import budget, report, runner, search
from msm.ablation.cell import train_and_score
from msm.ablation.plan import PLAN, Plan, make_plan, merged
from msm.ablation.progress import ENDED, num_ended, trainings
from msm.ablation.space import search_space
from msm.errors import InputError, did_you_mean
from msm.runner import LocalPool, Pool, RayPool, import_ahead, num_cores

DEFAULT_SEEDS = 3
DEFAULT_BUDGET, MOST_TRIALS = 50, 1000
# By a training and its scoring, at their first use.
IMPORTED = (
    "msm.ablation.baseline_scores",
    "msm.inference.run",
    "msm.training.trainer",
    "pyarrow.parquet",
    "torch._dynamo",
)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One call of `msm ablate`."""

    catalog: Path
    out: Path
    vary: tuple[str, ...] = ()  # key=value,value
    recipes: tuple[str, ...] = ()  # names; the first is the base
    settings: tuple[str, ...] = ()  # key=value
    seeds: int | None = None
    each: bool = False
    split: str | None = None
    workers: int = 0  # 0: as many as suit the machine
    ray: str | None = None  # a cluster's address
    device: str = "cpu"
    keep: str = "none"  # or "weights"
    retry: bool = False
    search: str | None = None  # "optuna": a search instead of a grid
    trials: int | None = None  # of a search, in all
    prune: str | None = None  # of a search, how bad trials are stopped early: a name of msm.ablation.search.PRUNERS

    def __post_init__(self) -> None:
        if self.search not in (None, "optuna"):
            raise InputError(f"--search is {self.search!r}, but must be 'optuna'")
        if self.search and (self.each or len(self.recipes) > 1):
            raise InputError(
                "a search has one base recipe and varies all of --vary together: --each and several recipes are for grids"
            )
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise InputError(f"--budget must be 1 to {MOST_TRIALS}")
        if self.prune is not None and self.prune not in search.PRUNERS:
            raise InputError(f"there is no pruner {self.prune!r}; {did_you_mean(self.prune, list(search.PRUNERS))}")
        if self.keep not in ("weights", "none"):
            raise InputError(f"--keep is {self.keep!r}, but must be 'weights' or 'none'")
        if self.split not in (None, "test", "validation"):
            raise InputError(f"--split is {self.split!r}, but must be 'test' or 'validation'")

    @property
    def words(self) -> list[str]:
        """The words after `msm` that ask for the same cells and the same table; what only one machine needs is not there."""
        words = ["ablate", str(self.catalog), str(self.out)]
        words += ["--recipe", ",".join(self.recipes)] if self.recipes else []
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += [word for values in self.vary for word in ("--vary", values)]
        words += ["--each"] if self.each else []
        words += ["--search", self.search] if self.search else []
        words += ["--budget", str(self.trials)] if self.trials is not None else []
        words += ["--prune", self.prune] if self.prune is not None else []
        words += ["--seeds", str(self.seeds)] if self.seeds is not None else []
        return words + (["--split", self.split] if self.split else [])


def plan_of(request: Request) -> Plan:
    """What this request asks for, joined with what its folder holds already; writes nothing.

    Raises InputError where the two do not go together, or where the catalog has nothing to learn from or to measure on.
    """
    from msm.data.catalog import Catalog

    out, catalog = request.out, Catalog.open(request.catalog)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; choose another name for the folder of the ablation")
    if out.exists() and not (out / PLAN).exists() and any(p.name != runner.LOCK for p in out.iterdir()):
        raise InputError(f"{out} holds something else than an ablation; choose another folder")
    runner.refuse_busy(out)
    old = Plan.load(out)
    new = replace(_asked(request, old), catalog=_facts(catalog))
    for split in ("train", new.split):
        if not catalog.split(split):
            raise InputError(f"{catalog.path} has no title in the {split} split")
    return new if old is None else merged(old, new)


def _asked(request: Request, old: Plan | None) -> Plan:
    """A request that says nothing of recipes goes on with the plan that is there."""
    if old is not None and not (request.vary or request.recipes or request.settings):
        if (request.search or request.trials or request.prune) and old.search is None:
            raise InputError("this folder holds a grid; a search needs a folder of its own, and --vary")
        searched = old.search and {
            **old.search,
            "budget": request.trials or old.search["budget"],
            "prune": request.prune or old.search.get("prune", "none"),
        }
        changes = {"seeds": request.seeds or old.seeds, "split": request.split or old.split, "search": searched}
        return replace(old, **changes, commands=())
    if request.search or request.trials or request.prune:
        return _asked_search(request, old)
    if not request.vary and len(request.recipes) < 2:
        raise InputError("nothing is varied; say what to compare, for example --vary mask.ratio=.15,.2,.4")
    plan = make_plan(
        recipes=request.recipes or ("mediafm",),
        settings=request.settings,
        vary=request.vary,
        seeds=DEFAULT_SEEDS if request.seeds is None else request.seeds,
        each=request.each,
        split=request.split or (old.split if old else "test"),
    )
    return replace(plan, commands=(shlex.join(["msm", *request.words]),))


def _asked_search(request: Request, old: Plan | None) -> Plan:
    """The base alone; the search adds the other cells."""
    if not request.search:
        raise InputError("--budget and --prune are for a search; say which with --search optuna")
    if not request.vary:
        raise InputError("nothing is searched; give ranges, for example --vary optim.lr=1e-4..1e-2:log")
    recipe = (request.recipes or ("mediafm",))[0]
    space = search_space(recipe, request.settings, request.vary)
    plan = make_plan(
        recipes=(recipe,),
        settings=request.settings,
        seeds=request.seeds or 1,
        split=request.split or (old.split if old else "test"),
    )
    facts: dict[str, Any] = {"library": request.search, "budget": request.trials or DEFAULT_BUDGET}
    before = old.search.get("prune", "none") if old is not None and old.search is not None else search.DEFAULT_PRUNER
    facts["prune"] = request.prune or before
    facts["space"] = [dimension.as_dict() for dimension in space]
    return replace(plan, search=facts, commands=(shlex.join(["msm", *request.words]),))


def _facts(catalog: Any) -> dict[str, Any]:
    train = catalog.split("train")
    return {
        "name": catalog.path.resolve().name,
        "path": str(catalog.path),
        "fingerprint": catalog.fingerprint,
        "train_titles": len(train),
        "train_shots": sum(t.num_shots for t in train),
    }


def left_to_do(request: Request, plan: Plan) -> list[tuple[str, float]]:
    """Each training that is not finished: its cell's name, and the share of its steps that is left."""
    ended = {"done", "pruned"} if request.retry else set(ENDED)
    rows = trainings(request.out, plan)
    left = [(r["cell"], 1 - r["step"] / r["steps"]) for r in rows if r["state"] not in ended]
    if (
        plan.search is not None
    ):  # trials that are still to be proposed; how long each takes is not known, so as the base
        to_come = plan.search["budget"] - (len(plan.cells) - 1)
        left += [(plan.cells[0].name, 1.0)] * max(0, to_come * plan.seeds)
    return left


def budget_of(
    request: Request,
    plan: Plan,
    on_cell: Callable[[int, int], None] = lambda done, total: None,
    *,
    keep: bool = False,
) -> budget.Budget:
    """What is left to do, timed on this machine.

    keep  write what was estimated of the catalog on the way beside it, so that the trainings that follow need not do so again
    """
    left = left_to_do(request, plan)
    workers = runner.num_workers(request.workers, len(left), request.device)
    return budget.estimate(
        plan,
        left,
        workers=workers,
        threads=max(1, num_cores() // workers),
        device=request.device,
        keep_weights=request.keep == "weights",
        keep=keep,
        on_cell=on_cell,
    )


def run(
    request: Request,
    plan: Plan,
    seconds: dict[str, float],
    on_look: Callable[[dict[str, Any]], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[str, dict[str, Any] | None]:
    """Train what is left and write the tables.

    seconds  expected for each cell's training, by name (`Budget.per_cell`)
    on_look  called twice a second with the content of progress.json
    returns  "done" or "stopped", and the content of table.json, None where a stop came before the base was done
    """
    with runner.only_ablation(request.out):
        plan.save(request.out)
        searched = None
        if plan.search is not None:
            searched = search.Search(request.out, plan, request.device, keep_weights=request.keep == "weights")
        tables = GrowingTables(request.out, plan, searched)

        def look(said: dict[str, Any]) -> None:
            tables.look(said)
            on_look(said)

        ended = runner.run_jobs(
            request.out,
            plan,
            _pool(request, plan),
            device=request.device,
            keep_weights=request.keep == "weights",
            retry=request.retry,
            seconds=seconds,
            on_look=look,
            should_stop=should_stop,
            search=searched,
        )
        try:
            return ended, tables.write()
        except InputError:
            if ended == "done":
                raise
            return ended, None


class GrowingTables:
    """Writes the tables again when a training has ended, for whoever watches; at most a tenth of the time goes into it."""

    def __init__(self, out: Path, plan: Plan, searched: search.Search | None = None):
        self.out, self.plan, self.searched, self.ended, self.next = out, plan, searched, 0, 0.0

    def look(self, said: dict[str, Any]) -> None:
        """Called with each progress report: writes the tables again where a training ended."""
        ended, now = num_ended(said), time.monotonic()
        if ended == self.ended or now < self.next:
            return
        with suppress(InputError):  # the base is not trained yet
            self.write()
        self.ended, self.next = ended, time.monotonic() + 10 * (time.monotonic() - now)

    def write(self) -> dict[str, Any]:
        """Write the tables of what is finished, of a search with its trials; InputError where the base is not."""
        if self.searched is None:
            return report.write_tables(self.out, self.plan)
        self.searched.save()
        return report.write_tables(self.out, self.searched.plan)


def begin_imports(request: Request) -> None:
    """Have what trainings import be imported for the workers here, beside what is done before they begin."""
    if request.ray is None:
        import_ahead(*IMPORTED)


def _pool(request: Request, plan: Plan) -> Pool:
    if request.ray is not None:
        return RayPool(train_and_score, request.ray, request.workers or None, use_gpus=True)
    return LocalPool(
        train_and_score, runner.num_workers(request.workers, len(left_to_do(request, plan)), request.device)
    )


def tables_only(out: Path) -> dict[str, Any]:
    """Make the tables again from what is finished; InputError where OUT is no ablation or nothing is."""
    plan = Plan.load(out)
    if plan is None:
        raise InputError(f"{out} is not an ablation: {PLAN} is missing")
    return report.write_tables(out, plan)
