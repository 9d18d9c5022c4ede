"""Notes on shots in the app: written in the lab, and shown there, in search, on the map and in a presentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from msm.data.notes import add_note, list_notes
from tests.browser.small_world import write_trio
from tests.pages.test_pages import ROOT, text_of, visit
from workbench.present.export import main as export

PAGES = ROOT / "workbench" / "app_pages"
NOTE = "Why surprising? The <b>light</b> changes."


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return write_trio(tmp_path_factory.mktemp("notes"), 40)


@pytest.fixture
def noted(world):
    from msm import Catalog

    catalog = Catalog.open(world / "catalog")
    note = add_note(catalog, "title-test", 7, NOTE, author="Ann")
    yield catalog
    for note in list_notes(catalog.path):
        (catalog.path / "notes" / f"{note.id}.json").unlink()


def test_a_note_written_in_the_lab_is_kept_and_shown_to_the_next_visitor(monkeypatch, world):
    url = {"title": "title-test", "hidden": "7,9", "look": "7", "notes": "yes"}
    app = visit(monkeypatch, PAGES / "masking_lab" / "page.py", world / "catalog", world / "runs", **url)
    app.text_area[0].set_value(NOTE)
    next(b for b in app.button if b.label == "Add the note").click().run()
    assert not app.exception and app.text_area[0].value == ""

    (note,) = list_notes(world / "catalog")
    assert (note.title_id, note.shot, note.text) == ("title-test", 7, NOTE)
    again = visit(monkeypatch, PAGES / "masking_lab" / "page.py", world / "catalog", world / "runs", **url)
    assert "Notes (1)" in [e.label for e in again.expander]
    assert r"The \<b\>light\</b\> changes." in text_of(again)
    next(b for b in again.button if b.key == f"note.{note.id}.remove").click().run()
    assert list_notes(world / "catalog") == [] and "Notes" in [e.label for e in again.expander]


def test_a_note_is_about_the_shot_that_the_panel_shows(monkeypatch, world):
    """Nobody has pressed a shot yet: the lab shows the most telling one of the hidden shots, which is not the first."""
    url = {"title": "title-test", "hidden": "3-12,20-29", "notes": "yes"}
    app = visit(monkeypatch, PAGES / "masking_lab" / "page.py", world / "catalog", world / "runs", **url)
    (code,) = [c.value for c in app.code if "nearest_shots" in c.value]
    (shown,) = re.findall(r"index\((\d+)\)", code)
    about = next(group for group in app.button_group if group.label == "About")
    assert about.options[0] == f"Shot {shown}" and shown != "3"


def test_a_note_stands_beside_the_shot_in_search_and_on_the_map(monkeypatch, noted, world):
    from workbench.app_pages.embedding_map import cached
    from workbench.app_pages.retrieval.cards import Cards

    app = visit(monkeypatch, PAGES / "retrieval" / "page.py", noted.path, world / "runs", title="title-test", hidden="7", notes="yes")  # fmt: skip
    assert "changes." in text_of(app)
    row = int(noted["title-test"].row["first_shot"]) + 7
    cards = Cards(noted, [])
    assert [card["remark"] for card in cards.of_rows([row, row + 1])] == [NOTE, ""]

    assert cached.noted_points(noted, "shots") == {str(row): NOTE}
    assert cached.labels(noted, "shots")["has a note"].value_counts().to_dict() == {"no": 119, "yes": 1}
    add_note(noted, "title-test", 8, "Another")
    assert len(cached.noted_points(noted, "shots")) == 2
    assert cached.labels(noted, "titles")["has a note"].tolist().count("yes") == 1


def test_a_presentation_shows_what_was_noted_about_a_shot_unless_it_is_veiled(noted, world, tmp_path):
    steps = ["", "veil = true"]
    for name, step in zip(("open", "veiled"), steps, strict=True):
        script = tmp_path / f"{name}.toml"
        script.write_text(
            f'heading = "x"\ntitle = "title-test"\n[[steps]]\nshow = "expected"\nhidden = "7"\nshot = 7\n{step}\n'
        )
        words = [str(script), str(tmp_path / f"{name}.html"), "--catalog", str(noted.path)]
        assert export([*words, "--runs", str(world / "runs")]) == 0
    shown = "The &lt;b&gt;light&lt;/b&gt; changes."
    assert shown in (tmp_path / "open.html").read_text() and shown not in (tmp_path / "veiled.html").read_text()
