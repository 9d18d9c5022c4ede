"""Searches: what a space is, that Optuna's proposals lead to good cells, and that a search goes on where it stopped."""

from __future__ import annotations

import itertools
import json
import math

import pytest

from msm import cli
from msm.ablation.ablation import Request, budget_of, plan_of, run
from msm.ablation.cell import PRUNE
from msm.ablation.progress import RUNS, read_progress
from msm.ablation.report import as_csv, as_markdown
from msm.ablation.search import Search
from msm.ablation.space import Dimension, search_space
from msm.ablation.table import read_table
from msm.errors import InputError
from msm.io import files
from tests.small_runs import metrics_line
from workbench.views.ablation.figures import cells_table, search_figure
from workbench.views.ablation.sentences import headline

optuna = pytest.importorskip("optuna")
TINY = ("steps=6", "batch_windows=4", "validate_every=3", "model.width=16", "model.depth=1", "model.heads=2")
SPACE = ("optim.lr=1e-4..1e-1:log", "mask.ratio=.1..0.5", "model.positions=rotary,learned")


@pytest.fixture(autouse=True)
def few_steps_are_timed(monkeypatch):
    monkeypatch.setattr("msm.training.timing.MAX_STEPS", 2)


@pytest.fixture
def request_of(talks, tmp_path):
    catalog = talks if not hasattr(talks, "path") else talks.path

    def make(**more: object) -> Request:
        usual = {"settings": TINY, "vary": SPACE, "search": "optuna", "trials": 3, "workers": 1}
        return Request(catalog=catalog, out=tmp_path / "found", **(usual | more))  # type: ignore[arg-type]

    return make


def test_a_space_has_ranges_and_choices_of_the_recipes_own_kinds():
    space = search_space("mediafm", (), (*SPACE, "model.depth=2..6"))

    assert [d.key for d in space] == ["optim.lr", "mask.ratio", "model.positions", "model.depth"]
    assert (space[0].low, space[0].high, space[0].log, space[0].whole) == (1e-4, 1e-1, True, False)
    assert space[2].values == ("rotary", "learned") and space[3].whole
    assert [Dimension.from_dict(json.loads(json.dumps(d.as_dict()))) for d in space] == list(space)


@pytest.mark.parametrize(
    ("vary", "sentence"),
    [
        ("optim.lr=1e-2..1e-4", "LOW must be below HIGH"),
        ("optim.lr=0..1:log", "above 0 with :log"),
        ("optim.lr=.01", "leaves no choice"),
        ("optim.rate=0..1", "not a recipe key"),
        ("model.positions=1..2", "no range of numbers"),
        ("seed=1..5", "seed cannot be varied"),
    ],
)
def test_a_space_that_is_none_is_refused_in_one_sentence(vary, sentence):
    with pytest.raises(InputError, match=sentence):
        search_space("mediafm", (), (vary,))


def trained(search: Search, score) -> list[dict]:
    """Run a search whose trainings are a formula of their recipe."""
    recipes = []
    for job in search.jobs():
        recipes.append(job.recipe)
        value = score(job.recipe)
        path = search.out / RUNS / job.name
        path.mkdir(parents=True)
        result = {"state": "failed", "sentence": "as planned"}
        if value is not None:
            result = {"state": "done", "reports": {"validation": {"centred_cosine": value}}}
        files.write_json(path / "result.json", result)
        search.note(job)
    return recipes


def test_a_search_finds_the_best_values_and_knows_which_hyperparameter_mattered(request_of):
    request = request_of(trials=30)
    plan = plan_of(request)
    request.out.mkdir()
    search = Search(request.out, plan, "cpu", keep_weights=False)
    recipes = trained(search, lambda r: -((math.log10(r["optim"]["lr"]) + 2.5) ** 2) + 0.01 * r["mask"]["ratio"])
    search.save()
    found = files.read_json(request.out / "search.json")
    best = max((t for t in found["trials"] if t["state"] == "complete"), key=lambda t: t["score"])

    assert len(found["trials"]) == 30 and len(recipes) <= 31
    assert next(iter(found["importance"])) == "optim.lr" and found["importance"]["optim.lr"] > 0.5
    assert best["score"] > -0.05  # within a factor of 1.7 of the best learning rate, over three decades
    late = [abs(math.log10(r["optim"]["lr"]) + 2.5) for r in recipes[-10:]]
    early = [abs(math.log10(r["optim"]["lr"]) + 2.5) for r in recipes[1:11]]
    assert sum(late) < sum(early)


def test_trainings_that_fail_count_and_are_not_proposed_as_the_best(request_of):
    request = request_of(trials=6)
    request.out.mkdir()
    search = Search(request.out, plan_of(request), "cpu", keep_weights=False)
    trained(search, lambda r: None if r["mask"]["ratio"] > 0.3 else r["mask"]["ratio"])
    search.save()
    states = [t["state"] for t in files.read_json(request.out / "search.json")["trials"]]

    assert len(states) == 6 and {"complete", "fail"} == set(states)
    assert search.study.best_value <= 0.3


def trained_step_by_step(search: Search, curve, most: int = 100) -> dict[str, int]:
    """Run a search whose validations are a formula of recipe and step, every tenth step; cell → the last step that was trained."""
    ended = {}
    for job in itertools.islice(search.jobs(), most):
        path = search.out / RUNS / job.name
        path.mkdir(parents=True, exist_ok=True)
        for step in range(10, 41, 10):
            with open(path / "metrics.jsonl", "a") as file:
                file.write(json.dumps(metrics_line(step, curve(job.recipe, step))) + "\n")
            search.look()
            if (path / PRUNE).exists():
                break
        done = {"state": "done", "reports": {"validation": {"centred_cosine": curve(job.recipe, step)}}}
        files.write_json(path / "result.json", {"state": "pruned", "step": step} if (path / PRUNE).exists() else done)
        search.note(job)
        ended[job.name] = step
    return ended


def grows(recipe, step: int) -> float:
    """A score that grows with the steps, up to the mask ratio."""
    return recipe["mask"]["ratio"] * step / 40


@pytest.mark.parametrize("name", ["median", "hyperband"])
def test_bad_trials_are_stopped_early_and_the_best_one_is_not(request_of, name):
    request = request_of(
        trials=14, vary=("mask.ratio=.05..0.9",), settings=(*TINY, "steps=40", "validate_every=10"), prune=name
    )
    request.out.mkdir()
    search = Search(request.out, plan_of(request), "cpu", keep_weights=False)
    ended = trained_step_by_step(search, grows)
    search.save()
    found = files.read_json(request.out / "search.json")
    by_state = {state: [t for t in found["trials"] if t["state"] == state] for state in ("complete", "pruned")}
    best = max(by_state["complete"], key=lambda t: t["score"])

    assert found["prune"] == name and len(found["trials"]) == 14
    assert not (request.out / RUNS / "base-s0" / PRUNE).exists()
    assert by_state["pruned"] and sum(ended.values()) < 40 * len(ended)
    assert best["score"] > 0.6 and best["score"] == max(t["score"] for t in found["trials"])
    assert all(t["state"] == "complete" for t in found["trials"][:5]) or name == "hyperband"
    assert all(t["step"] < 40 for t in by_state["pruned"])


def test_a_search_that_goes_on_prunes_by_what_was_seen_before(request_of):
    request = request_of(trials=14, vary=("mask.ratio=.05..0.9",), settings=(*TINY, "steps=40", "validate_every=10"))
    request.out.mkdir()
    first = Search(request.out, plan_of(request), "cpu", keep_weights=False)
    first.plan.save(request.out)
    trained_step_by_step(first, grows, most=8)
    again = Search(request.out, plan_of(request), "cpu", keep_weights=False)
    trained_step_by_step(again, lambda recipe, step: 0.0)
    states = [t.state.name for t in again.study.get_trials()]

    assert states[-5:] == ["PRUNED"] * 5 and "RUNNING" not in states
    assert again.study.best_value > 0


def test_an_impossible_combination_is_a_failed_trial_with_its_reason(request_of):
    request = request_of(trials=8, vary=("model.heads=1..3", "mask.ratio=.1..0.5"))
    request.out.mkdir()
    search = Search(request.out, plan_of(request), "cpu", keep_weights=False)
    trained(search, lambda r: 0.5)

    assert search.num_trials == 8
    assert search.plan.skipped and all(s["changes"]["model.heads"] == 3 for s in search.plan.skipped)


@pytest.mark.slow
def test_a_search_is_stopped_goes_on_and_ends_in_the_tables_of_a_grid(request_of, capsys):
    request = request_of()
    plan = plan_of(request)
    assert budget_of(request, plan).trainings == 4  # the base, and three trials
    looks = 0

    def stop_in_the_second_trial() -> bool:
        nonlocal looks
        done = len(list((request.out / RUNS).glob("*/result.json")))
        looks += done >= 2
        return looks > 0

    ended, _ = run(request, plan, {}, should_stop=stop_in_the_second_trial)
    assert ended == "stopped"
    begun = {p.parent.name for p in (request.out / RUNS).glob("*/result.json")}
    with pytest.raises(SystemExit) as left:
        cli.main(["ablate", str(request.catalog), str(request.out), "--json", "--workers", "1"])
    table = json.loads(capsys.readouterr().out)
    trials = table["search"]["trials"]

    assert left.value.code == 0 and read_progress(request.out)["state"] == "done"
    assert [t["state"] for t in trials] == ["complete"] * 3
    assert begun < {p.parent.name for p in (request.out / RUNS).glob("*/result.json")}
    assert trials[0]["cell"] == "base"  # its values lie in the space, so it is the first trial
    by_name = {c["name"]: c for c in table["cells"]}
    assert all(t["score"] == pytest.approx(by_name[t["cell"]]["validation"]["centred_cosine"]) for t in trials)
    assert table["picked_by_validation"] in by_name
    words = as_markdown(table)
    assert "the 95 % intervals cover other titles" in words
    assert "A search of 3 trials by Optuna: 3 done." in words and "was best on validation titles" in words
    assert as_csv(table).splitlines()[0].startswith("cell,optim.lr,mask.ratio,model.positions,")
    assert len(search_figure(table).data[0].x) == 3 and "search" in headline(table)
    assert read_table(request.out / "table.json")["search"]["budget"] == 3
    loaded = optuna.load_study(study_name="msm", storage=f"sqlite:///{request.out / 'study.db'}")
    assert loaded.best_value == pytest.approx(max(t["score"] for t in trials))

    more = plan_of(request_of(trials=5, settings=(), vary=(), search=None))
    assert more.search is not None and more.search["budget"] == 5 and more.cells == plan_of(request).cells
    with pytest.raises(InputError, match="another space"):
        plan_of(request_of(vary=("optim.lr=1e-4..1e-2:log",)))
    with pytest.raises(InputError, match="folders of their own"):
        plan_of(request_of(search=None, trials=None, vary=("mask.ratio=.1,.2",)))


@pytest.mark.slow
def test_a_trial_that_learns_nothing_ends_early_and_table_csv_and_figure_say_so(request_of, monkeypatch):
    """Real trainings in a worker process; the base is far ahead of a learning rate at which nothing moves."""
    monkeypatch.setattr("msm.ablation.search.FULL_TRIALS", 1)
    settings = (*TINY, "steps=300", "validate_every=10", "optim.lr=.01")
    request = request_of(trials=3, settings=settings, vary=("optim.lr=1e-9,.01",))
    plan = plan_of(request)
    ended, table = run(request, plan, {})
    assert ended == "done" and table is not None
    (slow,) = [c for c in table["cells"] if c["changes"]]
    rows = {line.split(",")[0]: line.split(",")[-1] for line in as_csv(table).splitlines()}
    step = slow["pruned"]["0"]

    assert 75 <= step < 300 and table["trainings"]["pruned"] == 1
    assert not list((request.out / RUNS).glob(f"{slow['name']}*/scores.parquet"))
    assert {t["state"] for t in table["search"]["trials"]} == {"complete", "pruned"}
    assert "stopped early (median pruner)" in as_markdown(table)
    assert f"| stopped early at step {step} |" in as_markdown(table)
    assert rows["cell"] == "pruned_at_step" and rows[slow["name"]] == str(step) and rows["base"] == ""
    assert "circle-open" in search_figure(table).data[0].marker.symbol
    assert f"stopped early at step {step}" in set(cells_table(table)["Answer"])
    assert read_progress(request.out)["pruned"] == 1 and table["picked_by_validation"] == "base"
    assert plan_of(request_of(settings=(), vary=(), search=None, trials=4)).search["prune"] == "median"


def test_a_pruner_that_is_none_is_refused_in_one_sentence(request_of):
    with pytest.raises(InputError, match="there is no pruner 'medain'; did you mean 'median'"):
        request_of(prune="medain")
    with pytest.raises(InputError, match="--budget and --prune are for a search"):
        plan_of(request_of(search=None, trials=None, prune="median"))
