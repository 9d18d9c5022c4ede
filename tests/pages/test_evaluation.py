"""The Evaluation page and its figures with a current, an old, a foreign and no report; and its exports."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog, Run
from msm.data.catalog import modalities_of
from msm.evaluation.evaluate_run import evaluate_run
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.views import notebook_code
from workbench.views.report.document import command_again, report_html
from workbench.views.report.figures import part_figure, predictors_figure, titles_figure
from workbench.views.report.geometry import geometry_figure
from workbench.views.report.long_table import long_table
from workbench.views.report.probes import FAMILIES, probes_sentence, probes_table, probes_wide, skipped_sentences
from workbench.views.report.probes_figure import probes_figure
from workbench.views.report.reports import PARTS
from workbench.views.report.sentences import verdict
from workbench.views.report.tables import part_table, predictors_table, titles_table

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "workbench" / "app_pages" / "evaluation" / "page.py"
MARKUP = "<b>bold</b><script>alert(1)</script>"
OLD = ("split", "cosine", "centred_cosine", "median_rank", "skill", "best_baseline", "num_titles", "num_hidden")
OLD += ("baselines", "by_distance", "by_modality")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ with labels and titles that are markup; runs/measured with every part, runs/bare without a report."""
    folder = tmp_path_factory.mktemp("evaluation")
    rng = np.random.default_rng(0)
    splits = ["train"] * 8 + ["validation"] * 2 + ["test"] * 4
    titles = []
    for i, split in enumerate(splits):
        title = small_title(rng, f"{split}-{i}", split, 40, name=MARKUP if i == 11 else f"Film {i}")
        title.shots["mood"] = np.where(np.asarray(title.embeddings)[:, 0] > 0, "<i>up</i>", "down")
        titles.append(title)
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "measured", steps=4)
    shutil.copytree(folder / "runs" / "measured", folder / "runs" / "bare")
    evaluate_run(Run.open(folder / "runs" / "measured"), catalog, full=True, probes=True)
    return folder


@pytest.fixture
def reports(world) -> dict:
    return {"measured": json.loads((world / "runs" / "measured" / "evaluation.json").read_text())}


def old(evaluation: dict) -> dict:
    """What msm evaluate wrote before it knew intervals, titles and probes."""
    return {k: evaluation[k] for k in OLD}


def visit(monkeypatch, catalog: Path, runs: Path, **url: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    parts = [*app.markdown, *app.subheader, *app.caption, *app.error, *app.warning, *app.info]
    return "\n".join(str(p.value) for p in parts)


def buttons(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def test_the_page_runs_on_the_sample_data(monkeypatch):
    app = visit(monkeypatch, ROOT / "sample_data" / "catalog", ROOT / "sample_data" / "runs")
    assert not app.error and "titles" in app.subheader[0].value and app.metric


def test_the_page_opens_on_the_verdict_and_shows_every_part(monkeypatch, world):
    app = visit(monkeypatch, world / "catalog", world / "runs", run="measured")

    assert app.subheader[0].value == verdict(json.loads((world / "runs/measured/evaluation.json").read_text()))
    assert app.metric[0].label.endswith("Model")
    headings = [m.value for m in app.markdown if m.value.startswith("#### ")]
    assert len(headings) == 6 and [s.value for s in app.subheader[1:]] == [
        "Title by title", "Linear probes", "Geometry over training", "Take it along",
    ]  # fmt: skip
    assert not buttons(app)


def test_a_run_without_a_report_gets_a_button_that_measures_it(monkeypatch, world):
    app = visit(monkeypatch, world / "catalog", world / "runs", run="bare")
    assert "has not been measured yet" in app.info[0].value and buttons(app) == ["Measure it"]


def test_the_button_starts_msm_evaluate_as_a_job(monkeypatch, world, tmp_path):
    from workbench.server import jobs

    shutil.copytree(world / "runs" / "bare", tmp_path / "runs" / "bare")
    started: list[list[str]] = []
    real = jobs.start

    def start(place, title, verb, about=None):
        started.append(list(verb))
        return real(place, title, verb, about)

    monkeypatch.setattr(jobs, "start", start)
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")
    app.button[0].click().run(timeout=60)

    (verb,) = started
    assert verb[0] == "evaluate" and verb[-3:] == ["--split", "test", "--json"]
    (job,) = jobs.list_jobs(jobs.jobs_folder(tmp_path / "runs"), "evaluate")
    for _ in range(600):
        if (job := jobs.read(job.folder)).state != jobs.RUNNING:
            break
        time.sleep(0.1)
    assert job.state == jobs.DONE, job.log
    assert "On unseen titles" in visit(monkeypatch, world / "catalog", tmp_path / "runs").subheader[0].value


def test_an_old_report_is_shown_and_offered_anew(monkeypatch, world, tmp_path, reports):
    shutil.copytree(world / "runs" / "bare", tmp_path / "runs" / "bare")
    (tmp_path / "runs" / "bare" / "evaluation.json").write_text(json.dumps(old(reports["measured"])))
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")

    assert "older kind" in text_of(app)
    assert buttons(app) == [
        "Measure it again",
        "Measure mask ratios, spans and parts",
        "Measure linear probes (minutes)",
    ]


def test_a_report_of_another_catalog_is_not_shown_as_this_ones(monkeypatch, world, tmp_path, reports):
    shutil.copytree(world / "runs" / "bare", tmp_path / "runs" / "bare")
    other = {**reports["measured"], "catalog_fingerprint": "0" * 16}
    (tmp_path / "runs" / "bare" / "evaluation.json").write_text(json.dumps(other))
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")
    assert "another catalog" in app.info[0].value and not app.metric


def test_a_report_of_older_weights_is_called_old(monkeypatch, world, tmp_path, reports):
    shutil.copytree(world / "runs" / "bare", tmp_path / "runs" / "bare")
    stale = {**reports["measured"], "weights": "0" * 16}
    (tmp_path / "runs" / "bare" / "evaluation.json").write_text(json.dumps(stale))
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")
    assert "trained on after this report" in app.warning[0].value and "Measure it again" in buttons(app)


def test_runs_can_be_compared(monkeypatch, world, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(world / "runs" / "measured", tmp_path / "runs" / name)
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")
    app.multiselect[0].set_value(["two"]).run()
    assert not app.exception and "as good as equal" in text_of(app)


def test_a_collapse_is_reported_on_the_page(monkeypatch, world, tmp_path):
    shutil.copytree(world / "runs" / "measured", tmp_path / "runs" / "sunk")
    path = tmp_path / "runs" / "sunk" / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[-1]["validation"]["geometry"]["alarm"] = "collapse: contextual embeddings use 1.0 dimensions"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    app = visit(monkeypatch, world / "catalog", tmp_path / "runs")
    assert "collapse" in app.error[0].value


def test_without_a_run_or_a_catalog_the_page_says_what_to_do(monkeypatch, world, tmp_path):
    app = visit(monkeypatch, world / "catalog", tmp_path / "none")
    assert any(c.value.startswith("msm train") for c in app.code)
    app = visit(monkeypatch, tmp_path / "nothing", tmp_path / "none")
    assert "there is no such folder" in app.error[0].value


def test_every_figure_is_the_same_twice_and_carries_no_markup_of_the_catalog(reports):
    lines: list[dict] = []
    table = probes_table(reports)
    draws = [
        lambda: predictors_figure(reports),
        *[lambda p=p: part_figure(reports, p) for p in PARTS],
        lambda: titles_figure(reports),
        lambda: geometry_figure(lines, "rankme"),
        lambda: probes_figure(table[table["probe"].isin(FAMILIES["Linear probe"])], "measured"),
    ]
    for draw in draws:
        assert draw().to_json() == draw().to_json()
    names = titles_figure(reports).layout.yaxis.ticktext
    assert any(n.startswith("&lt;b&gt;bold&lt;/b&gt;") for n in names) and "<" not in "".join(names)


@pytest.mark.parametrize("part", ["modality", "part"])
def test_axes_name_modalities_as_every_page_does(part):
    """Whatever a catalog calls them: Video, Audio and Text for those that are one."""
    entry = {"centred_cosine": 0.5, "best_baseline": 0.4, "best_baseline_centred_cosine": 0.4, "num_hidden": 9}
    names = ["visual", "audio", "text", "gaze"]
    base = {"best_baseline": "kriging", "baselines": {"kriging": {"centred_cosine": 0.4}}, "centred_cosine": 0.5}
    report = {
        **base,
        "by_modality": {name: entry for name in names},
        "by_part": [{"modality": name, **entry} for name in names],
    }
    assert list(part_figure({"run": report}, part).layout.xaxis.ticktext) == ["Video", "Audio", "Text", "Gaze"]


def test_points_of_titles_carry_their_id_in_both_layouts(reports):
    few = titles_figure(reports)
    many = {"measured": {**reports["measured"], "titles": reports["measured"]["titles"] * 20}}
    for figure in (few, titles_figure(many)):
        marked = [t for t in figure.data if t.customdata is not None and len(t.customdata)]
        assert {row[0] for t in marked for row in t.customdata} == {f"test-{i}" for i in range(10, 14)}


def test_the_verdict_follows_the_interval(reports):
    def verdict_of(low: float, high: float) -> str:
        evaluation = {**reports["measured"], "intervals": {"difference": {"mean": 0.0, "low": low, "high": high}}}
        return verdict(evaluation)

    assert "the model comes nearer" in verdict_of(0.01, 0.2)
    assert "nobody can tell" in verdict_of(-0.01, 0.2)
    assert "better to copy" in verdict_of(-0.2, -0.01)


def test_an_old_report_gives_empty_tables_and_no_error(reports):
    before = {"old": old(reports["measured"])}
    assert titles_table(before).empty and part_table(before, "ratio").empty
    assert probes_table(before).empty
    assert len(predictors_table(before)) == 7 and predictors_table(before)["low"].isna().all()
    assert len(long_table(before, [])) and report_html(before, [], command="x")


def test_the_csv_holds_every_number_of_the_report(reports):
    table = long_table(reports, [])
    assert {"predictors", "distance", "ratio", "position", "modality", "title", "probe linear"} <= set(table["part"])
    own = table.query("part == 'predictors' and place == 'model' and measure == 'centred_cosine'")["value"]
    assert own.iloc[0] == reports["measured"]["centred_cosine"]


class Outline(HTMLParser):
    """Which elements a document has, and the text outside of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href") and v]
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data


def test_the_html_report_stands_alone_and_shows_markup_as_text(reports, world):
    evaluation = reports["measured"]
    lines = [json.loads(x) for x in (world / "runs/measured/metrics.jsonl").read_text().splitlines()]
    document = report_html({MARKUP: evaluation}, lines, command="msm evaluate a b")
    seen = Outline()
    seen.feed(document)

    assert seen.links == [] and "b" not in seen.tags and "i" not in seen.tags
    assert seen.tags.count("table") >= 6 and verdict(evaluation)[:30] in seen.text
    assert MARKUP in seen.text  # as a name of a title in the table of numbers
    assert document.count("</script>") == document.count("<script") == seen.tags.count("script")
    assert "Plotly.newPlot" in document and "cdn.plot.ly" not in re.sub(
        r"<script>.*?</script>", "", document, count=1, flags=re.S
    )


def test_the_command_below_a_report_has_its_split_and_its_parts(reports):
    whole = {**reports["measured"], "split": "validation"}
    plain = {name: part for name, part in whole.items() if name not in ("by_ratio", "spans", "probes")}
    again = command_again(Path("my runs/one"), Path("catalog"), whole)
    assert again == "msm evaluate 'my runs/one' catalog --split validation --full --probes"
    assert command_again(Path("r"), Path("c"), plain) == "msm evaluate r c --split validation"


def test_copied_cells_draw_what_the_page_shows(world, reports):
    path = world / "runs" / "measured"
    cells = [
        notebook_code.report_code(path, ["measured"], "predictors_figure(reports)"),
        notebook_code.report_code(path, ["measured"], "part_figure(reports, 'distance')"),
        notebook_code.report_code(path, ["measured"], "titles_figure(reports)"),
        notebook_code.probes_code(path, FAMILIES["Retrieval"]),
        notebook_code.geometry_code(path, "rankme"),
    ]
    for cell in cells:
        *before, last = cell.strip().split("\n")
        names: dict = {}
        exec("\n".join(before), names)
        assert isinstance(eval(last, names), go.Figure), cell  # noqa: S307 — our own cell, as a notebook runs it


def test_probes_are_described_in_sentences(reports):
    probes = reports["measured"]["probes"]
    assert re.match(r"Of \d+ questions? asked of the labels", probes_sentence(probes))
    wide = probes_wide(probes_table(reports))
    assert list(wide.columns[:7]) == ["task", "probe", "measure", "chance", "raw", "alone", "contextual"]
    assert all(s.endswith(".") for s in skipped_sentences(probes))
