"""The Ablations page: sentences, figures, the table of cells, progress and the form."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from msm.ablation.plan import make_plan
from msm.ablation.progress import write_progress
from msm.ablation.report import as_csv, as_markdown
from tests.pages.test_pages import TIMEOUT_S, text_of
from workbench.app_pages.ablations import cached
from workbench.views.ablation.figures import axis_reach, cells_table, has_own_scale, hyperparameter_figure
from workbench.views.ablation.sentences import (
    NOTHING_FOUND,
    headline,
    hyperparameter_sentence,
    picked_sentence,
    value_label,
)
from workbench.views.notebook_code import hyperparameter_code

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "workbench" / "app_pages" / "ablations" / "page.py"


def found(difference: float, reach: float, answer: str) -> dict[str, Any]:
    by_seed = [difference - 0.002, difference, difference + 0.002]
    ends = {"low": difference - reach, "high": difference + reach, "p": 0.01, "p_holm": 0.02}
    return {"difference": difference, **ends, "by_seed": by_seed, "covers": "titles and seeds", "answer": answer}


def small_table() -> dict[str, Any]:
    """A base and three cells: hiding more is worse, a head is no different, and one that failed."""
    worse, same = found(-0.013, 0.007, "worse"), found(0.001, 0.004, "no difference seen")
    cells = [cell("base", {}, 0.50, {}), cell("mask.ratio=0.4", {"mask.ratio": 0.4}, 0.487, worse)]
    cells.append(cell("mask.ratio=0.15", {"mask.ratio": 0.15}, 0.501, same))
    cells.append(
        {**cell("optim.lr=1.0", {"optim.lr": 1.0}, None, {}), "failures": {"0": "the loss is no longer a number"}}
    )
    shared = {"of": "centred cosine", "pairs": 1}
    ratio = {"key": "mask.ratio", "reference": 0.2}
    ratio |= {"effects": [{"value": 0.15, **same, **shared}, {"value": 0.4, **worse, **shared}]}
    rate = {"key": "optim.lr", "reference": 0.003, "effects": [{"value": 1.0, "pairs": 0, "answer": "not known yet"}]}
    return {
        "format": "msm-ablation-table/1",
        "commands": ["msm ablate films out --vary mask.ratio=.15,.4 --each"],
        "date": "2026-01-01",
        "machine": "x86_64, 2 cores",
        "versions": {"torch": "2"},
        "catalog": {"name": "films", "path": "films", "train_titles": 9, "train_shots": 1200},
        "base": {"recipe": "mediafm", "settings": ["steps=300"]},
        "split": "test",
        "num_titles": 5,
        "num_hidden": 300,
        "seeds": 3,
        "trainings": {"planned": 12, "done": 9, "failed": 3},
        "cells": cells,
        "knobs": [ratio, rate],
        "skipped": [{"changes": {"model.heads": 5}, "sentence": "5 does not divide 192"}],
        "picked_by_validation": "mask.ratio=0.15",
        "best_on_split": "mask.ratio=0.15",
    }


def cell(name: str, changes: dict[str, Any], cosine: float | None, vs_base: dict[str, Any]) -> dict[str, Any]:
    one = {"name": name, "changes": changes, "recipe": {"steps": 300, "fusion": "joint"}, "seeds": [], "failures": {}}
    one |= {"vs_base": vs_base, "vs_baseline": {}, "best_step": None}
    if cosine is None:
        return one
    best = {"name": "distance_weighted", "cosine": 0.7, "centred_cosine": 0.55, "median_rank": 0.07}
    scores = {"centred_cosine": cosine, "cosine": 0.7, "median_rank": 0.05, "skill": -0.1, "best_baseline": best}
    lead = found(cosine - 0.55, 0.01, "worse")
    return {**one, "seeds": [0, 1, 2], "test": scores, "validation": scores, "vs_baseline": lead, "best_step": 200.0}


# ---- views ----


def test_the_effects_of_a_hyperparameter_are_one_sentence_with_their_numbers():
    sentence = hyperparameter_sentence(small_table()["knobs"][0])
    assert sentence == (
        "Hiding 40 % instead of 20 % makes it worse: −0.013, 95 % −0.020 to −0.006; 15 %: no difference seen."
    )
    assert "not trained" in hyperparameter_sentence(small_table()["knobs"][1])


def test_an_effect_that_is_significant_only_without_correction_is_called_possible_chance():
    knob = small_table()["knobs"][0]
    knob["effects"] = [{**e, "answer": "no difference seen"} for e in knob["effects"]]
    assert "among all these comparisons it may be chance" in hyperparameter_sentence(knob)


def test_the_headline_names_the_hyperparameter_of_the_largest_effect_or_none():
    table = small_table()
    assert headline(table) == "Mask ratio mattered most; nothing else stood out."
    for effect in table["knobs"][0]["effects"]:
        effect["answer"] = "no difference seen"
    assert headline(table) == NOTHING_FOUND


def test_the_cell_that_validation_picks_is_compared_with_the_best_baseline():
    assert picked_sentence(small_table()) == (
        "Validation titles alone would pick **mask.ratio 15 %**: centred cosine 0.501 on test titles, "
        "below the best baseline (distance-weighted mean): −0.049, 95 % −0.059 to −0.039."
    )


@pytest.mark.parametrize(
    ("key", "value", "label"),
    [
        ("mask.ratio", 0.15, "15 %"),
        ("model.use_global", False, "off"),
        ("optim.lr", 3e-4, "0.0003"),
        ("x", "a_b", "a b"),
    ],
)
def test_values_are_written_as_percentages_and_words(key, value, label):
    assert value_label(key, value) == label


def test_a_figure_has_a_row_a_value_in_order_an_interval_and_a_dot_a_seed():
    table = small_table()
    figure = hyperparameter_figure(table, "mask.ratio")
    names = sorted((a.y, a.text) for a in figure.layout.annotations if a.xref == "paper" and a.x == 0)
    assert [text for _, text in names] == ["15 %", "20 % (base)", "40 %"]
    lines = [t for t in figure.data if t.mode == "lines"]
    assert [tuple(np.round(t.x, 3)) for t in lines] == [(-0.003, 0.005), (-0.02, -0.006)]
    assert [len(t.x) for t in figure.data if t.marker.symbol == "circle-open"] == [3, 3]
    assert any("best baseline +0.050" in a.text for a in figure.layout.annotations)


def test_all_hyperparameters_share_an_axis_except_one_of_far_larger_effects():
    table = small_table()
    near = {**table["knobs"][0], "key": "model.depth"}
    far = {
        **table["knobs"][0],
        "key": "optim.lr",
        "effects": [{"value": 1.0, **found(-0.4, 0.1, "worse"), "of": "", "pairs": 1}],
    }
    table["knobs"] = [table["knobs"][0], near, far]
    assert axis_reach(table, "mask.ratio") == axis_reach(table, "model.depth") < axis_reach(table, "optim.lr")
    assert [has_own_scale(table, k["key"]) for k in table["knobs"]] == [False, False, True]


def test_the_table_keeps_cells_that_failed_with_nothing_in_them():
    frame = cells_table(small_table())
    assert list(frame["Cell"]) == ["base", "mask.ratio 40 %", "mask.ratio 15 %", "optim.lr 1"]
    assert frame["Centred cosine"].isna().tolist() == [False, False, False, True]
    assert as_csv(small_table()).count("\n") == 5 and "What failed" in as_markdown(small_table())


def test_copied_code_draws_the_figure(tmp_path):
    (tmp_path / "table.json").write_text(json.dumps(small_table()))
    *lines, last = hyperparameter_code(tmp_path / "table.json", "mask.ratio").strip().splitlines()
    space: dict[str, Any] = {}
    exec("\n".join([*lines, f"figure = {last}"]), space)  # it is what a person would paste
    assert len(space["figure"].data) > 3


# ---- the page ----


def visit(monkeypatch, runs: Path, **url: str) -> AppTest:
    monkeypatch.setattr(
        sys, "argv", ["app.py", "--catalog", str(ROOT / "sample_data" / "catalog"), "--runs", str(runs)]
    )
    app = AppTest.from_file(str(PAGE), default_timeout=TIMEOUT_S)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def write(folder: Path, **progress: Any) -> Path:
    folder.mkdir(parents=True)
    make_plan(vary=["mask.ratio=.4"]).save(folder)
    (folder / "table.json").write_text(json.dumps(small_table()))
    facts = {"state": "done", "share": 1.0, "seconds_left": None, "trainings": 12, "done": 9, "failed": 3}
    write_progress(folder, **{**facts, **progress})
    return folder


def test_the_page_opens_on_the_findings(monkeypatch, tmp_path):
    write(tmp_path / "runs" / "first")
    app = visit(monkeypatch, tmp_path / "runs")
    content = text_of(app)

    assert app.selectbox[0].value == "first" and app.query_params["ablation"] in ("first", ["first"])
    assert "mattered most" in app.subheader[0].value
    assert "Hiding 40 % instead of 20 % makes it worse" in content and "the loss is no longer a number" in content
    assert [c.key for c in app.get("plotly_chart") if not c.key.startswith("scaling.")] == ["knob.mask.ratio"]
    assert list(app.dataframe[0].value["Answer"]) == ["base", "worse", "no difference seen", "not known yet"]
    assert any(c.value.startswith("msm ablate films") for c in app.code)


def test_a_search_shows_its_trials_and_what_mattered(monkeypatch, tmp_path):
    trials = [
        {"number": 0, "cell": "base", "state": "complete", "score": 0.50},
        {"number": 1, "cell": "mask.ratio=0.15", "state": "complete", "score": 0.51},
        {"number": 2, "cell": None, "state": "fail", "score": None},
    ]
    search = {"budget": 3, "space": [], "trials": trials, "importance": {"mask.ratio": 0.8, "optim.lr": 0.2}}
    path = write(tmp_path / "runs" / "first") / "table.json"
    path.write_text(json.dumps({**small_table(), "knobs": [], "search": search}))
    page = visit(monkeypatch, tmp_path / "runs")
    said = text_of(page)

    assert page.subheader[0].value.endswith("mattered most in the search.")
    assert "2 done, 1 failed" in said and "`mask.ratio` 80%" in said and "Trial 1" in said
    assert [c.key for c in page.get("plotly_chart") if not c.key.startswith("scaling.")] == ["search"]


def test_a_table_by_itself_opens_by_its_path(monkeypatch, tmp_path):
    (tmp_path / "found.json").write_text(json.dumps(small_table()))
    app = visit(monkeypatch, tmp_path / "runs", ablation=str(tmp_path / "found.json"))

    assert "mattered most" in app.subheader[0].value


def test_an_ablation_under_way_shows_how_far_it_is_and_can_be_stopped(monkeypatch, tmp_path):
    folder = write(tmp_path / "runs" / "now", state="running", done=4, failed=0, share=0.4, seconds_left=200.0)
    app = visit(monkeypatch, tmp_path / "runs")
    assert cached.read(folder).running
    next(b for b in app.button if b.label == "Stop").click().run()

    assert (folder / "stop").exists()


def test_an_ablation_without_heartbeat_is_not_called_running(monkeypatch, tmp_path):
    folder = write(tmp_path / "runs" / "now", state="running", done=4, failed=0)
    content = json.loads((folder / "progress.json").read_text())
    (folder / "progress.json").write_text(json.dumps({**content, "heartbeat": time.time() - 300}))
    app = visit(monkeypatch, tmp_path / "runs")

    assert "stands at 4 of 12 trainings" in app.info[0].value
    assert not [b for b in app.button if b.label == "Stop"]


def test_without_an_ablation_the_page_says_what_one_is_and_how_to_start_it(monkeypatch, tmp_path):
    monkeypatch.setattr("workbench.app_pages.ablations.cached.MEASURED", tmp_path / "none")
    app = visit(monkeypatch, tmp_path / "none")

    assert "No ablation yet" in app.subheader[0].value
    assert any(c.value.startswith("msm ablate") for c in app.code)
    assert {"Start", "What would it cost?"} <= {b.label for b in app.button}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("{", "is not readable as JSON"), ("{}", "is not a table of an ablation"), (None, "is not there")],
)
def test_what_is_no_table_gets_one_sentence(monkeypatch, tmp_path, content, sentence):
    path = tmp_path / "found.json"
    if content is not None:
        path.write_text(content)
    app = visit(monkeypatch, tmp_path / "runs", ablation=str(path))

    assert sentence in app.error[0].value and len(app.error) == 1


def test_an_invalid_request_is_refused_on_the_page_and_starts_nothing(monkeypatch, tmp_path):
    app = visit(monkeypatch, tmp_path / "runs")
    next(t for t in app.text_input if t.label == "Settings of every configuration").set_value("mask.ratio=7").run()
    next(b for b in app.button if b.label == "Start").click().run()

    assert "mask.ratio is 7" in app.error[0].value
    assert not (tmp_path / "runs").exists()


def test_without_own_ablations_the_page_opens_on_those_of_the_project(monkeypatch, tmp_path):
    app = visit(monkeypatch, tmp_path / "none")

    assert "Recipe" in app.subheader[0].value
    assert any("neighbour" in str(m.value) for m in app.markdown)


def test_the_scaling_curve_has_a_sentence_for_each_recipe():
    import pandas as pd

    from workbench.views.ablation.scaling import scaling_figure, scaling_sentence, scaling_table

    points = [
        {"recipe": recipe, "asked": shots, "train_shots": shots + more, "centred_cosine": cosine, "best_baseline": 0.4}
        for more in (-8, 8)  # two seeds, each with whole titles of its own
        for recipe, cosines in {"plain": (0.3, 0.35, 0.45), "ours": (0.41, 0.42, 0.5), "none": (0.1, 0.2, 0.3)}.items()
        for shots, cosine in zip((500, 2000, 8000), cosines, strict=True)
    ]
    table = scaling_table({"points": points})
    sentence = scaling_sentence("films", table)
    assert "plain goes ahead between 2\u202f000 and 8\u202f000" in sentence
    assert "ours is ahead from the least that was tried, 500 training shots" in sentence
    assert "none stays behind the best baseline up to 8\u202f000" in sentence
    assert isinstance(table, pd.DataFrame) and {t.name for t in scaling_figure(table).data} == {
        "best baseline",
        "plain",
        "ours",
        "none",
    }
