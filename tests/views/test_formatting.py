"""Text of a catalog (names, tags, labels, subtitles) is shown as it is written, on every page and in every export.

Otherwise markup would run, addresses of pictures would contact other machines, and characters that reverse the writing
direction would change the text.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from streamlit.testing.v1 import AppTest

from msm import Catalog
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.views.formatting import escape_markdown

PAGES_FOLDER = Path(__file__).parents[2] / "workbench" / "app_pages"
PAGES = sorted(path.parent.name for path in PAGES_FOLDER.glob("*/page.py"))
EVIL = "<img src=x onerror=alert(1)> ![p](http://evil.example/p.png) [go](http://evil.example) :red[x] $x^2$ \u202eback\u0007"
LIVE = [  # what Streamlit's Markdown would render as more than text, unless it is escaped
    re.compile(r"(?<!\\)!(?<!\\)\[p\]\(http"),
    re.compile(r"(?<!\\)\[(?:go|p)(?<!\\)\](?<!\\)\(http"),
    re.compile(r"(?<!\\):red(?<!\\)\[x"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ in which every text is EVIL, and runs/mediafm with an evaluation."""
    from msm.evaluation.report import report
    from msm.evaluation.scoring import score_titles
    from msm.inference.run import Run

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("as text")
    rng = np.random.default_rng(0)
    titles = []
    for split in ("train", "validation", "test"):
        title = small_title(rng, f"title-{split}", split, 20, name=f"{split} {EVIL}")
        title.shots["text"] = f"said {EVIL}"
        title.shots["mood"] = [f"{i % 3} {EVIL}" for i in range(20)]
        title.labels["genre"] = f"{split} {EVIL}"  # type: ignore[index]
        title.labels["tags"] = f"one, {EVIL}"  # type: ignore[index]
        title.labels["synopsis"] = f"It happens: {EVIL}"  # type: ignore[index]
        titles.append(title)
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "mediafm", steps=2)
    run = Run.open(folder / "runs" / "mediafm")
    run.folder.save_evaluation(report(score_titles(run.predict, catalog.split("test"), run.space), "test"))
    return folder


def test_escaped_text_starts_no_list_heading_or_colour_in_markdown():
    assert escape_markdown("- a\n+ b\n12. c\n--- d") == "\\- a\n\\+ b\n12\\. c\n\\--- d"
    assert escape_markdown("# a :red[b] ![c](d)") == "\\# a \\:red\\[b\\] \\!\\[c\\](d)"
    assert escape_markdown("-1.5 and 97) at 12:30 in snake_case") == "-1.5 and 97) at 12:30 in snake_case"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_escapes_text_of_the_catalog(monkeypatch, page, world):
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(world / "catalog"), "--runs", str(world / "runs")])
    app = AppTest.from_file(str(PAGES_FOLDER / page / "page.py"), default_timeout=90)
    if page == "retrieval":
        app.query_params["shots"] = "title-test:3"
    app.run()
    nothing_lives(app)


def nothing_lives(app: AppTest) -> None:
    assert not app.exception, [e.value for e in app.exception]
    for kind in ("markdown", "caption", "subheader", "header", "title", "error", "warning", "info", "success"):
        for element in getattr(app, kind):
            text, proto = str(element.value), element.proto
            assert not [p.pattern for p in LIVE if p.search(text)], (kind, text)
            assert "<img" not in text or not getattr(proto, "allow_html", False), (kind, text)
    for kind in ("button", "expander", "tabs", "selectbox", "multiselect", "radio", "toggle", "checkbox", "metric"):
        for element in getattr(app, kind):
            assert not [p.pattern for p in LIVE if p.search(element.label)], (kind, element.label)


PARAMETERS = {"training": "training", "ablations": "ablation", "masking_lab": "run", "evaluation": "run"}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_escapes_unknown_names_of_a_link(monkeypatch, page, world):
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(world / "catalog"), "--runs", str(world / "runs")])
    for parameter in ("catalog", "title", "hidden", "shots", "modality", PARAMETERS.get(page, "run")):
        app = AppTest.from_file(str(PAGES_FOLDER / page / "page.py"), default_timeout=90)
        app.query_params[parameter] = EVIL
        nothing_lives(app.run())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_escapes_messages_of_broken_catalogs_and_failed_jobs(monkeypatch, page, world, tmp_path):
    """Sentences about what is wrong quote it."""
    shutil.copytree(world / "catalog", tmp_path / "catalog")
    titles = pd.read_parquet(tmp_path / "catalog" / "titles.parquet").assign(split=EVIL)
    titles.to_parquet(tmp_path / "catalog" / "titles.parquet")
    kind = {
        "training": "train",
        "embedding_map": "map",
        "ablations": "ablate",
        "evaluation": "evaluate",
        "tasks": "probe",
    }.get(page, "ingest")
    job = tmp_path / "runs" / ".jobs" / f"{kind}-20260101-000000-aaaaaa"
    job.mkdir(parents=True)
    facts = {"kind": kind, "title": EVIL, "argv": ["msm"], "started": 1.0, "pid": 2**22 + 1, "born": "x/1"}
    about = {"run": str(tmp_path / "runs" / "gone"), "catalog": "gone"}
    (job / "job.json").write_text(json.dumps({**facts, "about": about}), encoding="utf-8")
    ended = {"status": 2, "sentence": f"it is {EVIL}"}
    (job / "progress.json").write_text(json.dumps({"done": 0, "total": 1, "ended": ended}), encoding="utf-8")
    for catalog in (tmp_path / "catalog", world / "catalog"):
        monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(tmp_path / "runs")])
        app = AppTest.from_file(str(PAGES_FOLDER / page / "page.py"), default_timeout=90).run()
        nothing_lives(app)


def test_the_html_report_escapes_text(world):
    """`tests/present/test_presenting.py` holds the presenter's file to the same."""
    from workbench.views.report.document import report_html

    reports = {EVIL: _evaluation(world)}
    document = re.sub(
        r"<script[^>]*>.*?</script>", "", report_html(reports, [], command=f"msm {EVIL}"), flags=re.DOTALL
    )
    assert "&lt;img src=x" in document and "<img src=x" not in document


def test_the_csv_of_the_report_holds_no_formulas(world):
    from msm.io.spreadsheet import as_csv
    from workbench.views.report.long_table import long_table

    text = as_csv(long_table({"@run": _evaluation(world)}, [])).decode()
    cells = list(csv.reader(io.StringIO(text)))
    assert "'@run" in text
    assert not [cell for row in cells for cell in row if re.match(r"[=@+]", cell)]
    assert as_csv(pd.DataFrame({"a": [-1.5]})).decode() == "a\n-1.5\n"  # a number stays one


def _evaluation(world: Path) -> dict[str, Any]:
    return json.loads((world / "runs" / "mediafm" / "evaluation.json").read_text(encoding="utf-8"))
