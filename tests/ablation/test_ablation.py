"""Ablations: what is planned, what is trained and kept, and whether the words of the table can be believed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from msgspec.structs import replace

from msm import cli
from msm.ablation import statistics
from msm.ablation.ablation import Request, budget_of, left_to_do, plan_of, run
from msm.ablation.plan import Plan, make_plan, merged, run_name, split_values
from msm.ablation.progress import RUNS, last_step, read_progress, trainings
from msm.ablation.report import as_csv, as_markdown
from msm.ablation.runner import only_ablation
from msm.ablation.table import read_table
from msm.errors import InputError
from msm.evaluation.report import report
from msm.evaluation.scoring import score_titles
from msm.inference.run import Run

TINY = ("steps=6", "batch_windows=4", "validate_every=3", "model.width=16", "model.depth=1", "model.heads=2")


@pytest.fixture(autouse=True)
def few_steps_are_timed(monkeypatch):
    monkeypatch.setattr("msm.training.timing.MAX_STEPS", 2)


def msm(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(w) for w in words])
    return int(ended.value.code or 0)


def names(plan: Plan) -> list[str]:
    return [cell.name for cell in plan.cells]


# --- plans ---


def test_a_product_has_every_combination_and_the_base_once():
    plan = make_plan(vary=["mask.ratio=.15,.2", "model.depth=2,4"])
    assert names(plan) == ["base", "mask.ratio=0.15,model.depth=2", "mask.ratio=0.15", "model.depth=2"]
    assert [(k.key, k.reference) for k in plan.hyperparameters] == [("mask.ratio", 0.2), ("model.depth", 4)]


def test_one_at_a_time_changes_one_knob_in_each_cell():
    plan = make_plan(vary=["mask.ratio=.15,.4", "model.depth=2"], each=True)
    assert names(plan) == ["base", "mask.ratio=0.15", "mask.ratio=0.4", "model.depth=2"]
    assert [len(cell.changes) for cell in plan.cells] == [0, 1, 1, 1]


def test_a_preset_that_has_changed_since_is_refused_and_not_added_under_the_same_name():
    old = make_plan(recipes=["mediafm", "neighbour"])
    cells = tuple(
        replace(c, recipe={**c.recipe, "mask": {**c.recipe["mask"], "parts": 0.0}}) if c.changes else c
        for c in old.cells
    )
    old = replace(old, cells=cells, catalog={"fingerprint": "f"})
    with pytest.raises(
        InputError, match=r"recipe=neighbour was another recipe .*mask.parts is 0.* choose another folder"
    ):
        merged(old, replace(make_plan(recipes=["mediafm", "neighbour"]), catalog={"fingerprint": "f"}))
    assert names(merged(old, replace(old, seeds=5))) == ["base", "recipe=neighbour"]


def test_what_is_set_holds_in_every_cell_and_may_be_varied_around():
    plan = make_plan(settings=["steps=7", "optim.lr=0.01"], vary=["optim.lr=.01,.1"], each=True)
    assert [cell.recipe["steps"] for cell in plan.cells] == [7, 7]
    assert [cell.recipe["optim"]["lr"] for cell in plan.cells] == [0.01, 0.1]


def test_seeds_count_on_from_the_base_and_go_seed_by_seed():
    plan = make_plan(settings=["seed=10"], vary=["mask.ratio=.4"], seeds=2)
    assert [run_name(*job) for job in plan.jobs] == [
        "base,seed=10",
        "mask.ratio=0.4,seed=10",
        "base,seed=11",
        "mask.ratio=0.4,seed=11",
    ]
    assert plan.cells[1].with_seed(1).seed == 11


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (".15,.2", [".15", ".2"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ("'40-44,60',7", ["40-44,60", "7"]),
        ("[1, 2],[3]", ["[1, 2]", "[3]"]),
    ],
)
def test_commas_inside_quotes_and_brackets_belong_to_the_value(text, values):
    assert split_values(text) == values


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"vary": ["mask.ratio"]}, "varies nothing"),
        ({"vary": ["mask.ratio=.2,,.4"]}, "is not a list of values"),
        ({"vary": ["mask.colour=red"]}, "'mask.colour' is not a recipe key"),
        ({"vary": ["mask.ratio=.2,2"]}, "mask.ratio=2.* is impossible: mask.ratio is 2"),
        ({"vary": ["model.width=32,33", "model.depth=2"], "each": True}, "model.width=33 is impossible"),
        ({"vary": ["seed=1,2"]}, "--seeds says how many"),
        ({"vary": ["mask.ratio=.2", "mask.ratio=.3"]}, "varied twice"),
        ({"recipes": ["mediafm", "best"]}, "there is no recipe 'best'"),
        ({"vary": ["mask.ratio=.2"], "seeds": 0}, "must be 1 to 1000"),
    ],
)
def test_an_impossible_plan_is_refused_in_one_sentence(how, sentence):
    with pytest.raises(InputError, match=sentence):
        make_plan(**how)


def test_an_impossible_cell_of_a_product_is_listed_and_the_others_stay():
    plan = make_plan(vary=["model.width=48,64", "model.heads=3,4"])
    assert names(plan) == ["base", "model.width=48,model.heads=3", "model.width=48", "model.width=64"]
    assert [s["changes"] for s in plan.skipped] == [{"model.width": 64, "model.heads": 3}]
    assert "must be a multiple" in plan.skipped[0]["sentence"]


def test_a_plan_grows_by_values_and_seeds_and_refuses_another_base():
    facts = {"fingerprint": "a"}
    old = replace(make_plan(vary=["mask.ratio=.15"], seeds=1), catalog=facts)
    new = replace(make_plan(vary=["mask.ratio=.4,.15"], seeds=2), catalog=facts)
    both = merged(old, new)
    assert names(both) == ["base", "mask.ratio=0.15", "mask.ratio=0.4"] and both.seeds == 2
    other = replace(make_plan(settings=["steps=9"], vary=["mask.ratio=.4"]), catalog=facts)
    with pytest.raises(InputError, match="steps is 800 there and 9 here"):
        merged(old, other)
    with pytest.raises(InputError, match="another catalog"):
        merged(old, replace(new, catalog={"fingerprint": "b"}))


# --- statistics ---


def simulated(rng, effect: float, cells: int = 6, seeds: int = 3, titles: int = 12) -> tuple[list[str], list]:
    """Scores of a base and some cells with noise of titles, of seeds and of both; the first cell has the effect."""
    weights = rng.integers(20, 200, titles).astype(float)
    scores = rng.normal(0, 0.1, titles) + rng.normal(0, 0.003, (cells + 1, seeds, 1))
    scores = scores + rng.normal(0, 0.006, (cells + 1, 1, titles)) + rng.normal(0, 0.006, (cells + 1, seeds, titles))
    scores[1] += effect
    noise = statistics.seed_noise(scores @ (weights / weights.sum()))
    found = [statistics.estimate(scores[c] - scores[0], weights, noise.of(c, 0)) for c in range(1, cells + 1)]
    adjusted = statistics.holm([e.p for e in found])
    return [statistics.verdict(e.difference, p) for e, p in zip(found, adjusted, strict=True)], found


def test_without_a_difference_nine_of_ten_ablations_say_so_of_every_cell():
    rng = np.random.default_rng(0)
    silent = [set(simulated(rng, 0.0)[0]) == {"no difference seen"} for _ in range(200)]
    assert np.mean(silent) >= 0.9


def test_a_clear_difference_is_found_and_its_interval_keeps_its_promise():
    rng = np.random.default_rng(1)
    trials = [simulated(rng, 0.02) for _ in range(200)]
    assert np.mean([words[0] == "better" for words, _ in trials]) > 0.9
    assert np.mean([e[0].low <= 0.02 <= e[0].high for _, e in trials]) >= 0.93
    assert np.mean([simulated(rng, -0.02)[0][0] == "worse" for _ in range(50)]) > 0.9


def test_one_seed_speaks_for_titles_alone_and_one_title_for_seeds_alone():
    rng = np.random.default_rng(2)
    one_seed = statistics.estimate(rng.normal(size=(1, 9)), np.ones(9), (float("nan"), 0.0))
    one_title = statistics.estimate(rng.normal(size=(3, 1)), np.ones(1), (0.1, 2.0))
    neither = statistics.estimate(rng.normal(size=(1, 1)), np.ones(1), (float("nan"), 0.0))
    assert (one_seed.covers, one_title.covers, neither.covers) == ("titles", "seeds", "nothing")
    assert neither.low is None and statistics.verdict(1.0, neither.p) == "not known yet"


@pytest.mark.parametrize("cells", [2, 3, 5])
def test_cells_without_any_noise_between_seeds_are_equal_or_different_for_certain(cells):
    means = np.tile(np.linspace(0.25, 0.5, cells)[:, None], (1, 3))  # every seed of a cell scores the same
    noise = statistics.seed_noise(means)
    assert noise.of(0, 1) == (0.0, noise.df_in_all)
    same, other = (statistics.estimate(np.full((3, 4), d), np.ones(4), noise.of(0, 1)) for d in (0.0, 0.25))
    assert (same.low, same.high, same.p) == (0.0, 0.0, 1.0) and (other.low, other.high, other.p) == (0.25, 0.25, 0.0)


def test_what_a_seed_does_to_all_cells_alike_is_no_noise():
    rng = np.random.default_rng(3)
    own = rng.normal(0, 0.001, (5, 3))
    calm, shaken = (statistics.seed_noise(own + shift) for shift in (np.zeros(3), np.array([0.5, 0, -0.5])))
    np.testing.assert_allclose(calm.variance, shaken.variance, rtol=1e-6)


def test_two_cells_of_three_seeds_give_students_paired_t():
    from scipy import stats

    a, b = np.random.default_rng(4).normal(size=(2, 3))
    noise = statistics.seed_noise(np.stack([a, b]))
    found = statistics.estimate((a - b)[:, None], np.ones(1), noise.of(0, 1))
    assert found.p == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert found.same_titles == pytest.approx(tuple(stats.ttest_rel(a, b).confidence_interval()))


def test_holm_keeps_order_and_never_passes_one():
    assert statistics.holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert statistics.holm([0.9, 0.8]) == [1.0, 1.0]


# --- a whole one ---


@pytest.fixture(scope="module")
def done(talks, tmp_path_factory):
    """Two seeds of a base and two cells, one of which cannot be trained."""
    request = Request(
        catalog=talks.path,
        out=tmp_path_factory.mktemp("ablate") / "out",
        vary=("mask.ratio=.4", "model.dropout=.0"),
        settings=TINY,
        seeds=2,
        each=True,
        keep="weights",
        workers=1,
    )
    plan = plan_of(request)
    said: list[dict] = []
    ended, table = run(request, plan, {}, said.append)
    assert ended == "done"
    return request, plan, table, said


def test_the_table_says_what_the_runs_say(talks, done):
    request, plan, table, _ = done
    base = table["cells"][0]
    assert table["trainings"] == {"planned": 6, "done": 6, "failed": 0}
    for seed, cosine in enumerate(base["test"]["by_seed"]):
        trained = Run.open(request.out / RUNS / run_name(plan.cells[0], seed))
        measured = report(score_titles(trained.predict, talks.split("test"), trained.space), "test")
        assert cosine == pytest.approx(measured["centred_cosine"], abs=1e-6)  # a worker's sums have more threads
    best = base["test"]["best_baseline"]
    assert base["vs_baseline"]["difference"] == pytest.approx(
        base["test"]["centred_cosine"] - best["centred_cosine"], abs=1e-6
    )
    other = next(c for c in table["cells"] if c["name"] == "mask.ratio=0.4")
    gap = np.subtract(other["test"]["by_seed"], base["test"]["by_seed"])
    np.testing.assert_allclose(other["vs_base"]["by_seed"], gap, atol=1e-6)
    assert other["vs_base"]["low"] < other["vs_base"]["difference"] < other["vs_base"]["high"]


def test_an_effect_of_one_knob_at_a_time_is_its_cell_against_the_base(done):
    _, _, table, _ = done
    effects = {k["key"]: k["effects"][0] for k in table["knobs"]}
    for key, name in (("mask.ratio", "mask.ratio=0.4"), ("model.dropout", "model.dropout=0.0")):
        cell = next(c for c in table["cells"] if c["name"] == name)
        assert effects[key]["difference"] == cell["vs_base"]["difference"]
        assert effects[key]["p_holm"] == cell["vs_base"]["p_holm"]


def test_the_tables_are_files_that_need_nothing_else(done, tmp_path):
    request, _, table, _ = done
    (tmp_path / "table.json").write_text((request.out / "table.json").read_text())
    alone = read_table(tmp_path / "table.json")
    assert alone == json.loads(json.dumps(table))
    markdown = (request.out / "table.md").read_text()
    assert markdown == as_markdown(alone) and markdown.startswith("    msm ablate ")
    (tmp_path / "table.csv").write_text(as_csv(alone))
    rows = pd.read_csv(tmp_path / "table.csv")
    assert list(rows["cell"]) == [c["name"] for c in table["cells"]] and rows["lead"].notna().all()


def test_the_folder_tells_how_far_it_is(done):
    request, plan, _, said = done
    assert {row["state"] for row in trainings(request.out, plan)} == {"done"}
    progress = read_progress(request.out)
    assert (progress["state"], progress["done"], progress["running"]) == ("done", 6, False)
    shares = [s["share"] for s in said]
    assert shares == sorted(shares)


def test_asked_again_finished_trainings_are_kept_and_new_values_join(done, tmp_path):
    request, _, _, _ = done
    before = {p.name: p.stat().st_mtime_ns for p in (request.out / RUNS).glob("*/result.json")}
    again = Request(catalog=request.catalog, out=request.out)
    assert left_to_do(again, plan_of(again)) == []
    more = Request(catalog=request.catalog, out=request.out, vary=("mask.ratio=.6",), settings=TINY, seeds=2)
    grown = plan_of(more)
    assert [name for name, _ in left_to_do(more, grown)] == ["mask.ratio=0.6"] * 2 and len(grown.commands) == 2
    assert before == {p.name: p.stat().st_mtime_ns for p in (request.out / RUNS).glob("*/result.json")}


def test_another_catalog_is_refused(done, tiny_catalog):
    request, _, _, _ = done
    with pytest.raises(InputError, match="another catalog"):
        plan_of(Request(catalog=tiny_catalog.path, out=request.out))


def test_a_second_ablation_in_the_same_folder_is_refused(done):
    request, _, _, _ = done
    with only_ablation(request.out), pytest.raises(InputError, match="being worked on by another process"):
        plan_of(Request(catalog=request.catalog, out=request.out))


def test_a_folder_of_something_else_is_refused(talks, tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match="holds something else"):
        plan_of(Request(catalog=talks.path, out=tmp_path, vary=("mask.ratio=.4",)))


def test_the_budget_counts_what_is_left_and_trains_nothing(talks, tmp_path):
    request = Request(catalog=talks.path, out=tmp_path / "out", vary=("mask.ratio=.4,.6",), settings=TINY, workers=1)
    found = budget_of(request, plan_of(request))
    assert (found.cells, found.seeds, found.trainings) == (3, 3, 9)
    assert found.seconds >= sum(found.per_cell.values()) * 3  # and what they share
    assert not (tmp_path / "out").exists()
    assert "3 cells × 3 seeds, 9 trainings to do" in found.as_text()


def test_only_a_budget_that_is_followed_by_trainings_keeps_what_it_estimated_of_the_catalog(talks, tmp_path):
    catalog = tmp_path / "catalog"
    shutil.copytree(talks.path, catalog, ignore=shutil.ignore_patterns("statistics"))
    request = Request(catalog=catalog, out=tmp_path / "out", vary=("mask.ratio=.4",), settings=TINY, seeds=1)
    kept = lambda: [p.name for p in catalog.glob("statistics/space-*")]  # noqa: E731
    budget_of(request, plan_of(request))
    assert not kept()
    budget_of(request, plan_of(request), keep=True)
    assert kept() == ["space-joint.safetensors"]


def test_a_cell_that_fails_is_recorded_and_the_others_go_on(talks, tmp_path, capfd):
    words = ["ablate", talks.path, tmp_path / "out", "--workers", 1]
    plan = plan_of(Request(catalog=talks.path, out=tmp_path / "out", vary=("mask.ratio=.4",), settings=TINY, seeds=1))
    broken = tmp_path / "out" / RUNS / run_name(plan.cells[1], 0)
    broken.mkdir(parents=True)
    (broken / "run.json").write_text("{")  # what a full disk leaves
    plan.save(tmp_path / "out")
    assert msm(*words) == 0
    printed = capfd.readouterr()
    table = read_table(tmp_path / "out" / "table.json")
    failed = next(c for c in table["cells"] if c["name"] == "mask.ratio=0.4")
    assert table["trainings"] == {"planned": 2, "done": 1, "failed": 1}
    assert "recipe.json is missing" in failed["failures"]["0"] and "What failed" in printed.out
    assert "not known yet" in printed.out
    assert not list((tmp_path / "out" / RUNS).glob("*/*.safetensors"))

    assert msm(*words, "--retry") == 0
    assert read_table(tmp_path / "out" / "table.json")["trainings"]["done"] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["CATALOG", "OUT"], "nothing is varied"),
        (["CATALOG"], "the folder to write to is missing"),
        (["CATALOG", "OUT", "--vary", "mask.ratio=7"], "impossible"),
        (["CATALOG", "OUT", "--vary", "mask.ratio=.4", "--keep", "all"], "--keep is 'all'"),
        (["CATALOG", "OUT", "--vary", "mask.ratio=.4", "--split", "train"], "--split is 'train'"),
        (["NOWHERE", "OUT", "--vary", "mask.ratio=.4"], "is not a catalog"),
        (["--table-only", "NOWHERE"], "is not an ablation"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence_and_writes_nothing(talks, tmp_path, capsys, words, sentence):
    places = {"CATALOG": talks.path, "OUT": tmp_path / "out", "NOWHERE": "nowhere"}
    assert msm("ablate", *[places.get(w, w) for w in words]) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_ray_the_sentence_says_what_to_install(talks, tmp_path, monkeypatch):
    from msm.runner import RayPool

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"Ray is not installed here; pip install 'msm-workbench\[scale\]'"):
        RayPool(print, "local")


def test_the_last_step_is_read_from_a_file_that_is_being_written(tmp_path):
    assert last_step(tmp_path / "metrics.jsonl") is None
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert last_step(tmp_path / "metrics.jsonl") == 2


@pytest.fixture
def long_one(talks, tmp_path):
    """`msm ablate` in a process of its own, on trainings that would take an hour."""
    settings = ("steps=50000", *TINY[1:])
    words = ["ablate", str(talks.path), str(tmp_path / "out"), "--vary", "mask.ratio=.4", "--seeds", "1"]
    words += [w for s in settings for w in ("--set", s)]
    command = [sys.executable, "-m", "msm", *words]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    begun = wait_for(lambda: len(list((tmp_path / "out").glob("runs/*/checkpoint/last.pt"))) >= 1, process)
    assert begun, process.communicate()
    yield process, tmp_path / "out"
    process.kill()


def wait_for(what, process=None, seconds=90.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        if what():
            return True
        time.sleep(0.1)
    return bool(what())


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_next_call_goes_on(long_one):
    process, out = long_one
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped; msm ablate" in said
    plan = Plan.load(out)
    assert plan is not None
    rows = trainings(out, plan)
    assert {r["state"] for r in rows} <= {"begun", "waiting"} and any(r["step"] for r in rows)
    assert not (out / "stop").exists() and read_progress(out)["state"] == "stopped"
    with only_ablation(out):
        pass


@pytest.mark.fault
def test_when_the_runner_is_killed_its_workers_go_and_the_folder_is_free(long_one):
    process, out = long_one
    process.kill()
    process.wait()
    run = next(out.glob("runs/*/checkpoint")).parent
    time.sleep(1.5)
    before = last_step(run / "metrics.jsonl")
    time.sleep(1.0)
    assert last_step(run / "metrics.jsonl") == before
    with only_ablation(out):
        pass


@pytest.mark.fault
@pytest.mark.alone
def test_a_worker_that_is_killed_costs_one_training(talks, tmp_path):
    settings = ("steps=200", *TINY[1:], "validate_every=100")
    words = [str(talks.path), str(tmp_path / "out"), "--vary", "mask.ratio=.4", "--seeds", "1", "--workers", "1"]
    words += [w for s in settings for w in ("--set", s)]
    process = subprocess.Popen([sys.executable, "-m", "msm", "ablate", *words], stdout=subprocess.DEVNULL)
    assert wait_for(lambda: list((tmp_path / "out").glob("runs/base*/metrics.jsonl")), process)
    started = psutil.Process(process.pid).children()
    forked = [worker for server in started for worker in server.children()]  # on Linux
    (forked or [p for p in started if "spawn_main" in " ".join(p.cmdline())])[0].kill()
    process.wait(timeout=300)
    plan = Plan.load(tmp_path / "out")
    assert plan is not None
    rows = {r["cell"]: r for r in trainings(tmp_path / "out", plan)}
    assert rows["base"]["state"] == "failed" and "killed" in rows["base"]["sentence"]
    assert rows["mask.ratio=0.4"]["state"] == "done"
