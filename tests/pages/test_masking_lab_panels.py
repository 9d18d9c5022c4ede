"""The panels below the filmstrip, run by Streamlit's AppTest: each opens with its sentence, only the open one is computed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.app_pages.masking_lab import panels
from workbench.views.fill_in.guess import Outcome, outcome_sentence, score_sentence
from workbench.views.formatting import ordinal
from workbench.views.interpret.attention import attention_figure, attention_sentence, attention_words
from workbench.views.interpret.influence import influence_arcs, influence_sentence
from workbench.views.interpret.surprise import surprise_sentence
from workbench.views.interpret.what_if import context_sentence, pair_sentence

ROOT = Path(__file__).parents[2]
LAB, PRESENT = (ROOT / "workbench" / "app_pages" / name / "page.py" for name in ("masking_lab", "present"))


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ with titles of 40, 3 and 1 shots and one of markup, with metadata; runs/mediafm and runs/other."""
    folder = tmp_path_factory.mktemp("panels")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 40, name=f"A {s} title") for s in ("train", "validation", "test")]
    titles += [small_title(rng, "three", "test", 3, plain=True), small_title(rng, "single", "test", 1)]
    titles += [small_title(rng, "markup", "test", 40, name="<b>x</b>", plain=True)]
    with_metadata = [TitleData(**{**vars(t), "global_embedding": rng.standard_normal(6)}) for t in titles]
    catalog = Catalog.write(folder / "catalog", with_metadata, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "mediafm", steps=2)
    train_run(catalog, folder / "runs" / "other", steps=1)
    return folder


def visit(monkeypatch, world: Path, page: Path = LAB, /, panel: str | None = None, **url: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(world / "catalog"), "--runs", str(world / "runs")])
    app = AppTest.from_file(str(page), default_timeout=60)
    app.query_params.update({"title": "title-test", "run": "mediafm", **url})
    if panel:
        app.query_params["panel"] = panel
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(m.value) for m in [*app.markdown, *app.caption])


def test_with_everything_hidden_there_is_nothing_to_copy_and_no_shot_is_shown_for_it(monkeypatch, world):
    app = visit(monkeypatch, world, hidden="0-39")
    shown = frames_of(app)

    assert "The model expected" in shown and "would show" not in shown
    assert "no shot in particular" in shown
    assert "without a model none is likelier than another" in text_of(app)

    some = visit(monkeypatch, world, hidden="3-5")
    assert " would show" in frames_of(some) and "no shot in particular" not in frames_of(some)


def frames_of(app: AppTest) -> str:
    return "\n".join(block.proto.body for block in app.get("html"))


SENTENCES = {
    "Expected": "choice",
    "Surprise": "change of scene",
    "What mattered": "mattered|helped most",
    "What if": "on each side",
    "Guess": "Which of these",
}


@pytest.mark.parametrize("panel", SENTENCES)
def test_each_panel_opens_with_its_sentence_in_bold(monkeypatch, world, panel):
    app = visit(monkeypatch, world, panel=panel, hidden="2,6,9,14,19,25,31")
    bold = [m.value for m in app.markdown if m.value.startswith("**")]

    assert any(word in bold[0] for word in SENTENCES[panel].split("|")), bold
    assert not app.error


def test_the_lab_opens_on_what_the_model_expected_and_a_click_changes_the_panel(monkeypatch, world):
    app = visit(monkeypatch, world, hidden="2,6,9,14,19,25,31")
    assert "choice" in text_of(app)

    app.button_group(key="widget.panel").set_value("Surprise").run()
    assert not app.exception and "most surprising" in text_of(app)


def test_only_the_open_panel_is_computed(monkeypatch, world):
    opened = []
    for name, panel in list(panels.PANELS.items()):
        monkeypatch.setitem(panels.PANELS, name, lambda *a, n=name, p=panel: (opened.append(n), p(*a))[1])
    visit(monkeypatch, world, panel="Surprise", hidden="4")

    assert set(opened) == {"Surprise"}


@pytest.mark.parametrize("panel", SENTENCES)
@pytest.mark.parametrize(
    ("title", "hidden"), [("title-test", "none"), ("three", "1"), ("single", "0"), ("markup", "0-39")]
)
def test_a_short_title_gets_a_sentence_and_no_traceback(monkeypatch, world, panel, title, hidden):
    app = visit(monkeypatch, world, panel=panel, title=title, hidden=hidden)

    assert not app.exception
    assert not [m for m in app.markdown if "<b>x" in m.value]


def test_the_shot_that_is_looked_at_is_the_one_shown(monkeypatch, world):
    app = visit(monkeypatch, world, hidden="2,6,9", look="6")
    step = {b.key: b for b in app.button if b.key and b.key.startswith("step.")}
    step["step.Next"].click().run()
    assert app.query_params["look"] in (["9"], "9")

    assert {b.key: b.disabled for b in app.button if b.key and b.key.startswith("step.")}["step.Next"]


def test_what_if_compares_metadata_and_runs_on_the_same_hidden_shots(monkeypatch, world):
    app = visit(monkeypatch, world, panel="What if", hidden="2,6,9,14,19,25,31")
    app.button_group(key="widget.what_if").set_value("Other metadata").run()
    assert "without any metadata" in text_of(app) and not app.exception
    app.selectbox(key="widget.metadata_of").set_value("markup").run()
    assert "told of “\\<b\\>x" in text_of(app) and not app.exception

    app.button_group(key="widget.what_if").set_value("Another run").run()
    assert "the run other" in text_of(app).lower() and not app.exception


def test_where_only_the_sound_is_hidden_the_other_panels_say_that_they_hide_whole_shots(monkeypatch, world):
    monkeypatch.setattr("workbench.session.state.modality", lambda: "audio")

    assert "whole shots" in text_of(visit(monkeypatch, world, panel="What mattered", hidden="2,6,9"))
    assert "choice" in text_of(visit(monkeypatch, world, panel="Expected", hidden="2,6,9"))


def test_different_hidden_modalities_are_named_and_copied(monkeypatch, world):
    app = visit(monkeypatch, world, panel="Expected", hidden="2,6,9", modality="audio:2;video:9")

    assert "Hidden: the audio of shot 2; the video of shot 9; all of shot 6." in text_of(app)
    assert "choice" in text_of(app) and not app.error
    assert any("modalities={'audio': [2], 'video': [9]}" in c.value for c in app.code)


def test_the_exact_surprise_curve_is_compared_with_the_fast_one(monkeypatch, world):
    app = visit(monkeypatch, world, panel="Surprise", hidden="4")
    next(b for b in app.button if b.label == "Hide every shot alone").click().run()

    assert "Spearman" in text_of(app) and not app.exception


@pytest.mark.parametrize("panel", ["Expected", "Surprise", "What mattered", "What if"])
def test_the_copied_code_draws_what_the_panel_shows(monkeypatch, world, panel):
    app = visit(monkeypatch, world, panel=panel, hidden="2,6,9")
    cell = next(c.value for c in app.code if "title-test" in c.value)
    *lines, last = cell.strip().splitlines()
    names: dict = {}
    exec("\n".join(lines), names)

    assert eval(last, names) is not None  # noqa: S307 — our own line, of the code that is tested


# ---- presenting ---------------------------------------------------------------------------------
def test_without_a_script_the_presenter_shows_the_default_script(monkeypatch, world):
    app = visit(monkeypatch, world, PRESENT, hidden="2,6,9")
    assert "1 of 7" in text_of(app)

    app.button(key="presenter.next").click().run()
    assert "2 of 7" in text_of(app) and not app.exception


def test_a_script_beside_the_catalog_is_played_and_a_bad_one_gets_its_sentence(monkeypatch, world):
    folder = world / "presentations"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text('[[steps]]\nshow = "words"\nheading = "Hello"\n', encoding="utf-8")
    assert "1 of 1" in text_of(visit(monkeypatch, world, PRESENT))

    (folder / "mine.toml").write_text('[[steps]]\nshow = "dance"\n', encoding="utf-8")
    app = visit(monkeypatch, world, PRESENT)
    (folder / "mine.toml").unlink()
    assert "mine.toml, step 1: show is 'dance'" in app.error[0].value


def test_a_slide_that_cannot_be_shown_leaves_the_others_alone(monkeypatch, world):
    app = visit(monkeypatch, world, PRESENT, title="single", hidden="none")  # the film, then surprise at its one shot
    app.button(key="presenter.next").click().run()
    assert "has one shot" in app.error[0].value

    app.button(key="presenter.back").click().run()
    assert not app.error and "1 of 2" in text_of(app)


# ---- words --------------------------------------------------------------------------------------
def paired(*values: float, apart: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"shot": np.arange(len(values)) * apart, "centred_cosine": values})


def test_a_difference_between_fill_ins_that_may_be_chance_is_not_reported():
    high, low = paired(*[0.7, 0.72, 0.69, 0.71, 0.7, 0.7]), paired(*[0.4, 0.45, 0.41, 0.39, 0.42, 0.4])

    assert pair_sentence(high, low, "this", "that").startswith("This comes nearer to the truth than that")
    assert pair_sentence(low, high, "this", "that").startswith("That comes nearer to the truth than this")
    assert "No difference to speak of" in pair_sentence(
        paired(*[0.9, 0.1] * 5), paired(*[0.1, 0.9] * 5), "this", "that"
    )
    assert "too few to measure" in pair_sentence(high[:2], low[:2], "this", "that")
    assert "too few to measure" in pair_sentence(high.assign(shot=range(6)), low.assign(shot=range(6)), "this", "that")


def test_context_is_called_sufficient_where_more_gains_nothing():
    table = pd.DataFrame({"reach": [1, 2, 4], "centred_cosine": [0.3, 0.5, 0.51]})

    assert context_sentence(table).startswith("With 2 visible shots on each side the model comes as near as with all")
    assert "still gaining" in context_sentence(table.assign(centred_cosine=[0.1, 0.3, 0.5]))


def test_the_most_helpful_shot_is_named_or_that_there_is_none():
    table = pd.DataFrame({"shot": [3, 6], "offset": [-2, 1], "influence": [0.2, -0.1]})
    starts = np.arange(10) * 10.0

    assert "the one at 00:30, 2 shots before" in influence_sentence(table, 5, starts)
    assert "No single shot mattered" in influence_sentence(table.assign(influence=0.001), 5, starts)
    assert influence_arcs(table, 5) == [(3, 5, 1.0), (6, 5, -0.5)]


def test_the_game_says_who_was_right_and_never_calls_itself_a_measurement():
    assert outcome_sentence(Outcome(True, True, False)) == "You and the model are right; copying is not."
    assert outcome_sentence(Outcome(False, True, True)) == "The model and copying are right; you are not."
    assert outcome_sentence(Outcome(True, False, False)) == "Only you are right."
    assert outcome_sentence(Outcome(False, False, True)) == "Only copying is right."
    assert "After 2 rounds: you 1, the model 2, copying 0" in score_sentence(
        [(True, True, False), (False, True, False)]
    )
    assert "not a measurement" in score_sentence([(True, True, True)])


def test_places_are_written_as_time_and_distance():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    ]


def test_without_scenes_the_curve_still_says_where_the_surprise_is():
    table = pd.DataFrame({"shot": [0, 1, 2], "start_s": [0.0, 65.0, 70.0], "surprise": [0.9, 0.8, 0.2]})

    assert surprise_sentence(None, table) == "The model is most surprised at 01:05."


def test_attention_says_where_the_model_looks_and_never_that_it_explains():
    table = pd.DataFrame(
        {"shot": [0, 1, 2, 4, 5], "offset": [-3, -2, -1, 1, 2], "attention": [0.02, 0.4, 0.02, 0, 0.02]}
    )
    starts = np.arange(6) * 10.0

    assert "looks most at the one at 00:10, 2 shots before: 40\u202f% of its look" in attention_sentence(table, starts)
    assert "everywhere alike" in attention_sentence(table.assign(attention=0.1), starts)
    assert "not what its answer rests on" in attention_words((0.5, 0.3, 0.2), "", None)
    assert "hardly agree (Spearman −0.10)" in attention_words((0.5, 0.3, 0.2), "layer 1", -0.1)
    assert "disagree (Spearman −0.34)" in attention_words(
        (0.5, 0.3, 0.2), "layer 1", -0.34
    )  # the opposite is no agreement


def test_the_attention_figure_leaves_hidden_shots_empty():
    seen, weights = np.array([0, 2, 3]), np.array([[0.2, 0.5], [0.4, 0.1], [0.0, 0.1]])
    drawn = attention_figure(weights, ("layer 1", "head"), seen, 1, np.arange(4) * 5.0).data[0]

    np.testing.assert_allclose(np.square(drawn.z)[:, seen], weights.T)
    assert np.isnan(drawn.z[:, 1]).all() and drawn.text[0][2] == "40\u202f%"


def test_the_panel_shows_attention_layer_by_layer_and_how_it_agrees_with_leave_one_out(monkeypatch, world):
    app = visit(monkeypatch, world, panel="What mattered", hidden="2,6,9")
    app.button_group(key="widget.method").set_value("attention").run()

    assert not app.exception and "of its look" in text_of(app) and "Spearman" in text_of(app)
    assert any("attention_figure" in c.value for c in app.code)
