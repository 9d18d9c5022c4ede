"""Every page in every error state: a sentence, a way out, and never a traceback. Viewers see pages and start nothing."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, write_trio
from workbench.server import roles

PAGES_FOLDER = Path(__file__).parents[2] / "workbench" / "app_pages"
PAGES = sorted(path.parent.name for path in PAGES_FOLDER.glob("*/page.py"))
ASK_A_RUN = ["masking_lab", "evaluation", "tasks", "present"]  # the others say more with a run and go on without
ASK_WEIGHTS = ["masking_lab"]  # at once; the others when they measure or show something
NEED_A_CATALOG = [p for p in PAGES if p not in ("training", "ablations")]  # these watch what is there, and say it below
WITH_JOBS = {
    "training": "estimate",
    "evaluation": "evaluate",
    "tasks": "probe",
    "ablations": "ablate",
    "data": "ingest",
    "embedding_map": "map",
}
TIMEOUT_S = 90


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ of three short titles, and runs/mediafm."""
    torch.set_num_threads(1)
    return write_trio(tmp_path_factory.mktemp("troubles"), 20)


def visit(monkeypatch, page: str, catalog: Path, runs: Path) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(PAGES_FOLDER / page / "page.py"), default_timeout=TIMEOUT_S).run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def sentences(app: AppTest) -> list[str]:
    """What the page says went wrong, or is missing."""
    return [str(e.value) for kind in (app.error, app.warning, app.info) for e in kind]


def ways_out(app: AppTest) -> list[str]:
    """Commands to copy, buttons, and fields to fill."""
    enabled = [b.label for b in app.button if not b.disabled]
    return [*(c.value for c in app.code), *enabled, *(t.label for t in app.text_input)]


@pytest.mark.parametrize("page", PAGES)
def test_without_a_catalog(monkeypatch, page, tmp_path):
    app = visit(monkeypatch, page, tmp_path / "nothing", tmp_path / "none")
    assert any("nothing" in s for s in sentences(app)) or page not in NEED_A_CATALOG
    assert sentences(app) and ways_out(app)


@pytest.mark.parametrize("page", NEED_A_CATALOG)
@pytest.mark.parametrize("file", ["catalog.json", "titles.parquet"])
def test_with_a_broken_catalog(monkeypatch, page, file, world, tmp_path):
    shutil.copytree(world / "catalog", tmp_path / "catalog")
    (tmp_path / "catalog" / file).write_bytes((tmp_path / "catalog" / file).read_bytes()[:40])
    app = visit(monkeypatch, page, tmp_path / "catalog", world / "runs")
    assert any(file in s for s in sentences(app)) and ways_out(app)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_run(monkeypatch, page, world, tmp_path):
    app = visit(monkeypatch, page, world / "catalog", tmp_path / "none")
    assert any("no trained run" in s for s in sentences(app)) or page not in ASK_A_RUN
    assert ways_out(app)


@pytest.mark.parametrize("page", PAGES)
def test_with_a_run_for_other_shots(monkeypatch, page, world, tmp_path):
    titles = [
        TitleData(title_id=s, split=s, embeddings=np.random.default_rng(0).random((5, 7))) for s in ("train", "test")
    ]
    Catalog.write(tmp_path / "other", titles, modalities=modalities_of({"text": 7}))
    app = visit(monkeypatch, page, tmp_path / "other", world / "runs")
    assert any("was trained on shots of" in s for s in sentences(app)) or page not in ASK_A_RUN
    assert ways_out(app)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("file", ["model.safetensors", "recipe.json", "run.json"])
def test_with_a_damaged_run(monkeypatch, page, file, world, tmp_path):
    shutil.copytree(world / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "mediafm" / file).write_bytes(b"{")
    app = visit(monkeypatch, page, world / "catalog", tmp_path / "runs")
    asked = ASK_WEIGHTS if file == "model.safetensors" else ASK_A_RUN
    assert any(file in s for s in sentences(app)) or page not in asked
    assert ways_out(app)


@pytest.mark.parametrize("page", NEED_A_CATALOG)
def test_without_the_media_that_the_catalog_names(monkeypatch, page, world, tmp_path):
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 20) for s in ("train", "validation", "test")]
    titles_with_media = [replace(title, labels={"media": f"{title.title_id}.mp4"}) for title in titles]
    Catalog.write(tmp_path / "catalog", titles_with_media, modalities=modalities_of(DIMS))
    app = visit(monkeypatch, page, tmp_path / "catalog", world / "runs")
    assert ways_out(app)


@pytest.mark.parametrize(("page", "kind"), WITH_JOBS.items())
def test_when_a_worker_was_lost(monkeypatch, page, kind, world, tmp_path):
    shutil.copytree(world / "runs", tmp_path / "runs")
    job = tmp_path / "runs" / ".jobs" / f"{kind}-20260101-000000-aaaaaa"
    job.mkdir(parents=True)
    facts = {"kind": kind, "title": "Something long", "argv": ["msm"], "started": 1.0, "pid": 2**22 + 1, "born": "x/1"}
    about = {"run": str(tmp_path / "runs" / "mediafm")}
    (job / "job.json").write_text(json.dumps({**facts, "about": about}), encoding="utf-8")
    app = visit(monkeypatch, page, world / "catalog", tmp_path / "runs")
    assert any("ended without an exit status" in s for s in sentences(app))
    assert "Dismiss" in [b.label for b in app.button if not b.disabled]


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_sees_every_page_and_whatever_is_pressed_starts_writes_and_removes_nothing(
    monkeypatch, page, world, tmp_path
):
    """Every button is pressed, as somebody would who speaks the protocol and knows no disabled button."""
    shutil.copytree(world, tmp_path / "world")
    monkeypatch.setattr(roles, "role", lambda: roles.VIEWER)
    app = visit(monkeypatch, page, tmp_path / "world" / "catalog", tmp_path / "world" / "runs")
    before = _content(tmp_path / "world")
    for label in [b.label for b in app.button]:
        app = visit(monkeypatch, page, tmp_path / "world" / "catalog", tmp_path / "world" / "runs")
        for button in [b for b in app.button if b.label == label]:
            button._value = True  # click() would refuse a disabled one
        app.run()
        messages = [str(e.value) for e in app.exception]
        assert all("as a viewer" in s or "Could not find page" in s for s in messages), (
            label,
            messages,
        )  # no page but this one
    assert _content(tmp_path / "world") == before


def _content(folder: Path) -> dict[str, int]:
    """File → time of change; without what looking alone keeps (an index, the log)."""
    kept = ("index", ".log")
    return {
        str(p): p.stat().st_mtime_ns
        for p in folder.rglob("*")
        if p.is_file() and not set(p.relative_to(folder).parts) & set(kept)
    }
