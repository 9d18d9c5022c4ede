"""The Training page: its default run, sentences and curves, processes, and the form of the recipe's fields."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog, InputError
from msm.data.catalog import modalities_of
from msm.recipes.presets import preset
from msm.runs import monitor
from msm.runs.annotation import annotate
from msm.runs.folder import RunFolder
from msm.runs.monitor import Tail
from msm.runs.table import runs_table
from tests.conftest import tiny_titles
from tests.pages.test_pages import TIMEOUT_S, text_of
from tests.small_runs import metrics_line, rising, write_run
from workbench.app_pages.training import processes
from workbench.server import jobs
from workbench.views import palette
from workbench.views.notebook_code import training_code
from workbench.views.run_colors import run_colors
from workbench.views.training import sentences as words
from workbench.views.training.curves import MOST_POINTS, gauge_curve, loss_curve, progress_curve, step_curve, thinned
from workbench.views.training.runs_table import column_label, parallel_figure

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "workbench" / "app_pages" / "training" / "page.py"
CATALOG = ROOT / "sample_data" / "catalog"


# ---- views ----


@pytest.fixture
def two(tmp_path) -> dict:
    """A run that goes ahead at step 40, and one that stays behind and is shorter."""
    ahead = write_run(tmp_path, "ahead", rising(40, to=0.6))
    behind = write_run(tmp_path, "behind", rising(20, to=0.3))
    return {"ahead": Tail(ahead).read(), "behind": Tail(behind).read()}


def test_the_curve_stands_against_the_best_way_to_copy_and_each_line_is_named_where_it_ends(two):
    figure = progress_curve(two)
    assert [list(t.x) for t in figure.data] == [[10, 20, 30, 40], [10, 20]]
    assert [shape.y0 for shape in figure.layout.shapes] == [0.5]
    named = {a.text.strip(): a for a in figure.layout.annotations}
    assert set(named) == {"ahead", "behind", "◆ best baseline"}
    assert named["behind"].x == 20 and named["ahead"].xref == "paper"
    drawn = {t.name: t.line for t in figure.data}
    assert {line.dash for line in drawn.values()} == {"solid"} and drawn["ahead"].color != drawn["behind"].color
    assert all(named[name].font.color == line.color for name, line in drawn.items())


def test_compared_runs_have_the_colours_of_the_table_and_one_run_is_the_models_blue(two):
    colors = {"ahead": "#112233", "behind": "#112233"}
    for draw in (
        progress_curve,
        lambda runs, **c: step_curve(runs, "loss", smooth=5, **c),
        lambda r, **c: gauge_curve(r, "rankme", 2.0, **c),
    ):
        lines = [t.line for t in draw(two, colors=colors).data if t.name]
        assert [line.color for line in lines] == ["#112233", "#112233"]
        assert lines[0].dash != lines[1].dash  # of one colour, so told apart otherwise
        assert {t.line.color for t in draw({"ahead": two["ahead"]}, colors=colors).data} == {palette.MODEL}
    assert run_colors(["a", "b"], {"b": "#112233"}) == {"a": palette.RUNS[0], "b": "#112233"}


def test_the_best_baselines_of_different_runs_are_told_apart(tmp_path, two):
    lines = [{**line} for line in rising(40, to=0.6)]
    for line in lines:
        if "validation" in line:
            line["validation"] = {**line["validation"], "baselines": {"linear": {"centred_cosine": 0.4}}}
    figure = progress_curve({**two, "other": Tail(write_run(tmp_path, "other", lines)).read()})
    assert [(shape.y0, shape.line.dash) for shape in figure.layout.shapes] == [(0.5, "solid"), (0.4, "dash")]
    labels = [re.sub("<[^>]*>", "", a.text).strip() for a in figure.layout.annotations]
    assert {"◆ best baseline of ahead and 1 more", "◆ best baseline of other"} <= {*labels}


def test_names_at_the_right_do_not_cover_one_another(tmp_path):
    runs = {n: Tail(write_run(tmp_path, n, rising(20, to=0.5 + i / 1e4))).read() for i, n in enumerate("abc")}
    places = sorted(a.y for a in progress_curve(runs).layout.annotations)
    assert len(places) == 4 and min(np.diff(places)) > 0.01


def test_pictures_are_the_same_twice_and_keep_a_viewers_zoom_while_they_grow(two):
    draws = [
        lambda: progress_curve(two), lambda: loss_curve(two, smooth=5), lambda: step_curve(two, "lr"),
        lambda: gauge_curve(two, "rankme", 2.0), lambda: gauge_curve(two, "pair_cosine", 0.97),
    ]  # fmt: skip
    for draw in draws:
        assert draw().to_json() == draw().to_json() and draw().layout.uirevision == "training"
    empty = {"new": Tail(Path("/nowhere")).read()}
    for figure in (progress_curve(empty), loss_curve(empty), gauge_curve(empty, "rankme", 2.0)):
        assert isinstance(figure, go.Figure) and not figure.data


def test_a_gauge_of_one_validation_is_a_point_and_not_a_line_that_nobody_sees(tmp_path):
    for every, mode in ((40, "markers"), (10, "lines")):
        run = Tail(write_run(tmp_path, mode, rising(every=every))).read()
        (trace,) = gauge_curve({"run": run}, "rankme", 2.0).data
        assert trace.mode == mode


def test_a_long_training_is_drawn_with_few_points_that_keep_its_mean_and_its_end(tmp_path):
    lines = [metrics_line(s) for s in range(1, 5001)]
    steps = Tail(write_run(tmp_path, "long", lines)).read().steps[["step", "loss"]]
    few = thinned(steps, MOST_POINTS)
    assert len(few) <= MOST_POINTS and few.iloc[-1]["step"] == 5000
    assert few["loss"].iloc[:-1].mean() == pytest.approx(steps["loss"].mean(), rel=0.01)
    assert (
        sum(len(t.x) for t in loss_curve({"long": Tail(tmp_path / "long").read()}, smooth=10).data) <= 2 * MOST_POINTS
    )


@pytest.mark.parametrize(
    ("cosines", "sentence"),
    [
        ([0.4, 0.52, 0.6], "is ahead of blending the visible shots on either side, the best baseline, since step 20"),
        ([0.6, 0.61], "since its first validation at step 10: 0.61 against 0.50"),
        ([0.2, 0.4], "is still behind"),
        ([0.2, 0.501], "is level with"),
        ([0.6, 0.45], "was ahead of blending the visible shots on either side at step 10 (0.60 against 0.50), but is no longer"),
        ([], "has not been validated yet"),
    ],
)  # fmt: skip
def test_the_sentence_says_who_is_ahead_since_when_and_by_what(tmp_path, cosines, sentence):
    lines = [metrics_line(10 * (i + 1), c) for i, c in enumerate(cosines)]
    assert sentence in words.lead_sentence("run", Tail(write_run(tmp_path, "run", lines)).read())


def test_overtraining_is_said(tmp_path):
    lines = [metrics_line(10 * (i + 1), c) for i, c in enumerate([0.5, 0.6, 0.58, 0.57, 0.55])]
    sentence = words.overtraining_sentence(Tail(write_run(tmp_path, "run", lines)).read())
    assert "best at step 20 and has lost 0.050" in sentence


def test_only_what_differs_between_recipes_is_in_the_table():
    table = words.differences_table({"a": preset("mediafm"), "b": preset("spanbert")})
    assert list(table["Key"]) == ["mask.ratio", "mask.policy", "model.head", "objective.span_boundary"]
    assert list(table.iloc[0]) == ["Mask ratio", "mask.ratio", "20 %", "15 %"]


def test_copied_code_draws_the_curves(tmp_path, two):
    for call in (
        "progress_curve(runs, colors={'ahead': '#112233', 'behind': '#445566'})",
        "step_curve(runs, 'loss', smooth=5)",
        "gauge_curve(runs, 'rankme', 2.0)",
    ):
        runs = {name: tmp_path / name for name in ("ahead", "behind")}
        *before, last = training_code(runs, call).strip().split("\n")
        names: dict = {}
        exec("\n".join(before), names)
        assert isinstance(eval(last, names), go.Figure)  # noqa: S307 — our own cell, as a notebook runs it


# ---- the page ----


def visit(monkeypatch, runs: Path, catalog: Path = CATALOG, **url: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(PAGE), default_timeout=TIMEOUT_S)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def test_the_page_opens_on_the_latest_run_and_its_sentence(monkeypatch):
    app = visit(monkeypatch, ROOT / "sample_data" / "runs")
    name = monitor.listed(ROOT / "sample_data" / "runs")[0].name
    assert app.subheader[0].value.startswith(f"{name} is ")
    assert len(app.get("bidi_component")) == 7 and not app.error
    assert {"Masking lab", "Evaluation", "Start"} <= set(labels(app)) and "Stop" not in labels(app)


def test_the_run_that_is_trained_now_comes_before_later_ones_and_can_be_stopped(monkeypatch, tmp_path):
    now = write_run(tmp_path, "now", rising(40), state="running", heartbeat=time.time() - 60)
    write_run(tmp_path, "later", rising(40))
    with RunFolder.open(now).only_trainer():
        app = visit(monkeypatch, tmp_path)
        assert app.query_params["training"] in ("now", ["now"]) and "Delete it for good" not in labels(app)
        next(b for b in app.button if b.label == "Stop").click().run()
        assert (now / "stop").exists()
        assert next(b for b in app.button if b.label == "Stop").disabled


def test_a_run_whose_process_died_says_so_and_can_be_resumed(monkeypatch, tmp_path):
    path = write_run(tmp_path, "lost", rising(40), state="running", heartbeat=time.time() - 4000)
    os.utime(path / "metrics.jsonl", (time.time() - 4000,) * 2)
    app = visit(monkeypatch, tmp_path)
    assert "no sign of life for 66 min" in text_of(app) and "Resume" in labels(app)


def test_a_failed_run_says_why_in_its_own_sentence(monkeypatch, tmp_path):
    write_run(tmp_path, "bad", rising(20), state="failed", reason="the loss is no longer a number")
    app = visit(monkeypatch, tmp_path)
    assert "failed at step 20: the loss is no longer a number" in text_of(app)


def test_a_broken_line_of_metrics_and_a_collapse_are_said(monkeypatch, tmp_path):
    path = write_run(tmp_path, "sunk", [*rising(20), metrics_line(30, 0.1, alarm="collapse: all alike")])
    with open(path / "metrics.jsonl", "a") as file:
        file.write("{broken\n")
    app = visit(monkeypatch, tmp_path)
    assert "1 line of metrics.jsonl cannot be read" in text_of(app)
    assert "collapse: all alike" in app.error[0].value


def test_before_the_first_validation_a_sentence_stands_where_its_curve_will_be(monkeypatch, tmp_path):
    write_run(tmp_path, "young", [metrics_line(step) for step in (1, 2, 3)])
    app = visit(monkeypatch, tmp_path)
    assert "Nothing has been validated yet" in text_of(app)
    assert len(app.get("bidi_component")) == 4  # loss, rate, norm, throughput


def test_a_folder_that_is_no_sound_run_gets_its_sentence(monkeypatch, tmp_path):
    path = write_run(tmp_path, "odd", [])
    (path / "recipe.json").write_text("{")
    assert "recipe.json is not readable as JSON" in text_of(visit(monkeypatch, tmp_path))


def test_runs_beside_one_another_share_the_figures_and_a_table_of_what_differs(monkeypatch, tmp_path):
    write_run(tmp_path, "one", rising(40))
    write_run(tmp_path, "two", rising(20), preset("bert"))
    app = visit(monkeypatch, tmp_path, training="one")
    app.multiselect[0].set_value(["two"]).run()
    assert not app.exception and list(app.dataframe[0].value.columns[2:]) == ["one", "two"]


@pytest.fixture
def many(tmp_path) -> Path:
    """Runs of two kinds, one of them archived, and one inside a sweep."""
    write_run(tmp_path, "one", rising(40, to=0.7))
    write_run(tmp_path, "two", rising(20), preset("bert"))
    write_run(tmp_path, "old", rising(20))
    write_run(tmp_path / "widths" / "runs", "base-0", rising(20), preset("mediafm").with_values({"model.width": 96}))
    annotate(tmp_path / "old", archived=True)
    return tmp_path


def table_on(app: AppTest):
    return app.dataframe[0].value


def test_the_table_of_runs_is_filtered_sorted_and_left_with_chosen_columns(monkeypatch, many):
    app = visit(monkeypatch, many, all_runs="yes")
    assert list(table_on(app)["Run"]) == ["one", "two", "widths/base-0"] and "1 archived run not shown" in text_of(app)
    app = visit(monkeypatch, many, all_runs="yes", where="mask.ratio<0.2", columns="name,skill,mask.ratio")
    assert table_on(app).to_numpy().tolist() == [["●", "two", pytest.approx(20), 0.15]]
    sorted_by_name = table_on(visit(monkeypatch, many, all_runs="yes", sort="name", archived="yes"))
    assert list(sorted_by_name["Run"]) == ["old", "one", "two", "widths/base-0"]
    assert "no column 'x'" in visit(monkeypatch, many, all_runs="yes", where="x>1").error[0].value


def test_the_table_groups_sweeps_and_draws_hyperparameters_against_skill(monkeypatch, many):
    app = visit(monkeypatch, many, all_runs="yes")
    assert list(app.dataframe[1].value["Best run"]) == ["widths/base-0"] and "A line is a run" in text_of(app)
    figure = parallel_figure(runs_table(many))
    assert [d.label for d in figure.data[0].dimensions] == [
        "Mask ratio", "mask.other", "mask.unchanged", "Encoder width", "Head", "Skill, %",
    ]  # fmt: skip
    assert sorted(figure.data[0].dimensions[-1]["values"]) == [20, 20, 40]


@pytest.mark.parametrize("columns", ["", "name,loss", "recipe,mask.ratio,skill,name"])
@pytest.mark.parametrize("state", [{}, {"where": "skill>0.3"}, {"archived": "yes", "sort": "name"}])
def test_the_cell_of_the_table_makes_the_table_that_is_shown(monkeypatch, many, columns, state):
    app = visit(monkeypatch, many, all_runs="yes", **state, **({"columns": columns} if columns else {}))
    cell = next(code.value for code in app.code if "runs_table" in code.value)
    *before, last = cell.strip().split("\n")
    names: dict = {}
    exec("\n".join(before), names)
    made, drawn = eval(last, names), table_on(app)  # noqa: S307 — our own cell
    assert [column_label(c) for c in made.columns] == list(drawn.columns)[1:]
    assert list(made["name"]) == list(drawn["Run"])


def test_a_run_of_a_sweep_is_shown_and_compared_under_the_sweeps_name(monkeypatch, many):
    app = visit(monkeypatch, many, training="widths/base-0", beside="one")
    assert app.subheader[0].value.startswith("widths/base-0 is ") and len(app.get("bidi_component")) == 7
    assert not {"Delete it for good", "Masking lab"} & {*labels(app)}


def test_without_a_run_the_page_says_what_a_training_is_and_the_form_is_there(monkeypatch, tmp_path):
    app = visit(monkeypatch, tmp_path / "none")
    assert "No training yet" in app.subheader[0].value
    assert app.code[0].value.startswith("msm train") and not (tmp_path / "none").exists()
    assert {"Start", "How long will it take?"} <= set(labels(app))


def test_a_link_to_a_run_that_is_gone_says_so(monkeypatch, tmp_path):
    write_run(tmp_path, "one", rising(20))
    app = visit(monkeypatch, tmp_path, training="gone")
    assert "no run 'gone'" in app.warning[0].value and app.selectbox[0].value == "one"


def test_the_form_shows_its_command_and_refuses_what_is_impossible_in_the_recipes_words(monkeypatch, tmp_path):
    app = visit(monkeypatch, tmp_path / "none")
    field = {n.label: n for n in app.number_input}
    field["Encoder width"].set_value(96)
    field["Mask ratio"].set_value(0.4).run()
    command = app.code[-1].value
    assert command.startswith("msm train") and command.endswith("--set mask.ratio=0.4 --set model.width=96")
    assert any(n.label == "Encoder width :blue[●]" for n in app.number_input)

    next(n for n in app.number_input if n.label.startswith("Encoder width")).set_value(97).run()
    assert "model.width (97) must be a multiple of model.heads (4)" in app.error[0].value
    assert next(b for b in app.button if b.label == "Start").disabled


def test_without_a_catalog_the_runs_are_shown_and_the_form_says_what_is_missing(monkeypatch, tmp_path):
    write_run(tmp_path / "runs", "one", rising(20))
    app = visit(monkeypatch, tmp_path / "runs", tmp_path / "no-catalog")
    assert "one is ahead" in app.subheader[0].value and "no such folder" in app.error[0].value


def test_another_catalog_is_kept_while_a_run_is_watched(monkeypatch, tmp_path):
    for name in ("first", "second"):
        Catalog.write(tmp_path / name, tiny_titles(modalities_of({"video": 7})), modalities=modalities_of({"video": 7}))
    write_run(tmp_path / "runs", "one", rising(20))
    app = visit(monkeypatch, tmp_path / "runs", tmp_path / "first")
    next(s for s in app.selectbox if s.label == "Catalog").set_value("second").run()
    next(n for n in app.number_input if n.label == "Seed").set_value(1).run()
    assert str(tmp_path / "second") in app.code[-1].value and not app.exception
    assert app.query_params["catalog"] in ("second", ["second"]) and app.query_params["training"] in ("one", ["one"])


def test_start_begins_msm_train_with_what_the_form_says(monkeypatch, tmp_path):
    started: list = []
    monkeypatch.setattr(
        jobs, "start", lambda place, title, verb, about=None: started.append((title, list(verb), about))
    )
    app = visit(monkeypatch, tmp_path / "runs")
    next(s for s in app.selectbox if s.label == "Recipe").set_value("neighbour").run()
    next(n for n in app.number_input if n.label == "Seed").set_value(3).run()
    next(b for b in app.button if b.label == "Start").click().run()
    (title, verb, about), run = started[0], str((tmp_path / "runs" / "neighbour").absolute())
    assert title == "Training neighbour" and about == {"run": run}
    assert verb == ["train", str(CATALOG), run, "--recipe", "neighbour", "--set", "seed=3", "--json"]


def test_a_training_that_could_not_begin_is_told_with_its_reason(monkeypatch, tmp_path):
    folder = jobs.jobs_folder(tmp_path / "runs")
    job = processes.start(folder, tmp_path / "no-catalog", tmp_path / "runs" / "one", "mediafm", {})
    while jobs.read(job.folder).state == jobs.RUNNING:
        time.sleep(0.1)
    app = visit(monkeypatch, tmp_path / "runs")
    assert "did not begin" in app.error[0].value and "no-catalog" in app.error[0].value


def test_a_viewer_sees_everything_and_changes_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("workbench.server.roles.role", lambda: "viewer")
    path = write_run(tmp_path, "one", rising(20), state="stopped")
    app = visit(monkeypatch, tmp_path)
    assert "one is ahead" in app.subheader[0].value
    assert {b.label for b in app.button if not b.disabled} <= {"Masking lab", "Evaluation"}
    for deed in (
        lambda: processes.stop(path),
        lambda: processes.delete(tmp_path / ".jobs", path, tmp_path),
        lambda: processes.resume(tmp_path / ".jobs", monitor.look(path), CATALOG),
    ):
        with pytest.raises(InputError):
            deed()
    assert path.exists() and not (path / "stop").exists()
