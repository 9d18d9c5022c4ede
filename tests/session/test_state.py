"""The selection: one for all pages, in the session and in the URL; nothing in a link can break a page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from workbench.server.streamlit_internals import keep_callbacks_whole


def session(catalog_path: str) -> None:
    """A page that does nothing but follow the selection, and does to it what the test asks for."""
    import pandas as pd
    import streamlit as st

    from msm import Catalog
    from workbench.session import state, url_state

    catalog = Catalog.open(catalog_path)
    runs = pd.DataFrame({"name": ["first", "second", "broken"], "problem": [None, None, "broken has no weights yet"]})
    if wish := st.session_state.pop("wish", None):
        getattr(state, wish[0])(*wish[1:])  # as a widget's callback does it: before the script
        if wish[0] != "fill_defaults":
            state.fill_defaults(catalog, runs)
        st.session_state["asked"] = url_state.query()  # as a page asks that turns to another one
    url_state.synchronise(catalog, runs)
    st.session_state["seen"] = (state.title(), state.run(), state.hidden(), url_state.notes(), state.range_error())


@pytest.fixture(scope="module")
def catalog_path(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("state") / "catalog"
    rng = np.random.default_rng(0)
    lengths = {"lesson": ("train", 30), "unseen": ("test", 50), "short": ("test", 6)}
    titles = [
        TitleData(title_id=t, split=split, embeddings=rng.standard_normal((n, 4))) for t, (split, n) in lengths.items()
    ]
    Catalog.write(path, titles, modalities=modalities_of({"text": 4}))
    return str(path)


@pytest.fixture(scope="module")
def parted_path(tmp_path_factory) -> str:
    """Two titles of shots with a picture and a sound."""
    path = tmp_path_factory.mktemp("parted") / "catalog"
    rng = np.random.default_rng(0)
    titles = [TitleData(title_id=t, split="test", embeddings=rng.standard_normal((9, 4))) for t in ("film", "other")]
    Catalog.write(path, titles, modalities=modalities_of({"video": 2, "audio": 2}))
    return str(path)


def opened(catalog_path: str, **url: str) -> AppTest:
    page = AppTest.from_function(session, args=(catalog_path,), default_timeout=60)
    page.query_params.update(url)
    page.run()
    assert not page.exception
    return page


def wish(page: AppTest, *words) -> AppTest:
    page.session_state["wish"] = words
    page.run()
    assert not page.exception
    return page


def seen(page: AppTest) -> tuple:
    return page.session_state["seen"]


def test_a_first_visit_opens_on_an_unseen_title_with_shots_hidden_and_says_so_in_the_url(catalog_path):
    page = opened(catalog_path)
    title, run, hidden, _, _ = seen(page)

    assert (title, run) == ("unseen", "first")
    assert 0 < len(hidden) < 50
    assert page.query_params["title"] == "unseen"
    assert page.query_params["run"] == "first"


def test_a_link_shows_what_it_names(catalog_path):
    page = opened(catalog_path, title="lesson", run="second", hidden="3-5,9")

    assert seen(page) == ("lesson", "second", [3, 4, 5, 9], [], None)


def test_a_cleared_title_stays_cleared_in_a_link(catalog_path):
    page = wish(opened(catalog_path), "hide", [])
    again = opened(catalog_path, **dict(page.query_params))

    assert page.query_params["hidden"] == "none"
    assert seen(again)[2] == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ({"title": "<script>"}, "a title that is not in this catalog"),
        ({"run": "gone"}, "a run that is not here"),
        ({"run": "broken"}, "has no weights yet"),
        ({"title": "short", "hidden": "5-2"}, "runs backwards"),
        ({"title": "short", "hidden": "9999"}, "there is no shot 9999"),
        ({"title": "short", "hidden": "x"}, "is not a shot"),
    ],
)
def test_what_a_link_names_wrongly_is_said_in_a_sentence_and_replaced(catalog_path, url, sentence):
    title, run, hidden, notes, _ = seen(opened(catalog_path, **url))

    assert len(notes) == 1
    assert sentence in notes[0]
    assert title in ("unseen", "short")
    assert run == "first"
    assert hidden


def test_hidden_shots_of_an_unknown_title_are_not_hidden_in_another(catalog_path):
    page = opened(catalog_path, title="gone", hidden="1")

    assert seen(page)[2] == seen(opened(catalog_path))[2]


def test_a_typed_range_that_cannot_be_read_changes_nothing_and_is_complained_of_until_the_next_choice(catalog_path):
    page = opened(catalog_path, title="short", hidden="1")

    assert seen(wish(page, "hide_typed", "4-2", 6))[2] == [1]
    assert "runs backwards" in seen(page)[4]
    assert seen(wish(page, "hide_typed", "2-4", 6))[2:] == ([2, 3, 4], [], None)


def test_each_press_of_random_hides_other_shots(catalog_path):
    page = opened(catalog_path)
    draws = [tuple(seen(wish(page, "hide_next_at_random", 50))[2]) for _ in range(3)]

    assert len(set(draws)) == 3


def test_going_back_to_a_title_finds_its_shots_hidden_as_they_were_left(catalog_path):
    page = wish(opened(catalog_path, title="short"), "hide", [2, 3])
    wish(page, "choose_title", "lesson")
    page.run()

    assert seen(wish(page, "choose_title", "short"))[2] == [2, 3]


def test_a_url_of_our_own_that_comes_back_late_does_not_undo_the_last_gesture(catalog_path):
    page = wish(opened(catalog_path, title="short"), "hide", [1])
    late = dict(page.query_params)
    wish(page, "hide", [4])
    page.query_params.clear()
    page.query_params.update(late)
    page.run()

    assert seen(page)[2] == [4]


def test_shots_picked_out_of_the_catalog_travel_in_the_link_by_title(catalog_path):
    page = wish(opened(catalog_path, title="short"), "select", [28, 29, 30, 31, 80])
    assert "".join(page.query_params["shots"]) == "lesson:28-29;unseen:0-1;short:0"
    again = opened(catalog_path, title="lesson", shots="unseen:3-4")
    assert again.session_state["selection.shots"] == (33, 34)

    wish(again, "select", [])
    assert "shots" not in again.query_params


@pytest.mark.parametrize("shots", ["gone:1", "short:6", "short", "@../../x", "@0123456789abcdef"])
def test_picked_shots_that_cannot_be_read_are_said_and_let_go(catalog_path, shots):
    page = opened(catalog_path, title="short", hidden="1", shots=shots)

    assert seen(page)[:3] == ("short", "first", [1])
    assert len(seen(page)[3]) == 1 and "selected shots cannot be read" in seen(page)[3][0]
    assert "shots" not in page.query_params


def test_a_link_points_at_the_shot_that_was_looked_at_and_another_title_has_its_own(catalog_path):
    page = wish(opened(catalog_path, title="unseen", hidden="3-5"), "look_at", 4)
    assert page.query_params["look"] == "4"

    again = opened(catalog_path, **dict(page.query_params))
    assert again.query_params["look"] == "4"
    assert "look" not in wish(again, "choose_title", "short").query_params


def test_the_address_of_another_page_is_whole_for_a_title_and_a_catalog_that_nobody_opened_yet(
    catalog_path, parted_path
):
    page = opened(catalog_path)
    wish(page, "choose_title", "short")
    assert "hidden" in page.session_state["asked"]

    runs = pd.DataFrame({"name": ["first"], "problem": [None]})
    wish(page, "fill_defaults", Catalog.open(parted_path), runs)
    assert page.session_state["asked"]["title"] in ("film", "other")


def test_a_link_may_hide_the_sound_of_one_shot_and_the_picture_of_another(parted_path):
    page = opened(parted_path, title="film", hidden="3-6", modality="audio:3-4;video:6")
    assert seen(page)[3] == [] and page.query_params["modality"] == "audio:3-4;video:6"

    wish(page, "hide", [3, 4])  # what is left loses one and the same: the link says so without numbers
    assert page.query_params["modality"] == "audio"
    wish(page, "hide", [5])
    assert "modality" not in page.query_params


def test_a_link_of_old_hides_one_modality_of_all_hidden_shots_and_of_another_title_too(parted_path):
    page = opened(parted_path, title="film", hidden="3-6", modality="audio")
    assert page.query_params["modality"] == "audio"

    wish(page, "hide_only", "video:3")
    assert page.query_params["modality"] == "video:3"
    assert wish(page, "choose_title", "other").query_params["modality"] == "audio"
    assert "modality" not in wish(page, "hide_only", None).query_params


@pytest.mark.parametrize(
    ("modality", "said"),
    [
        ("smell", "do not have: 'smell'"),
        ("smell:3", "do not have: 'smell'"),
        ("audio:99", "no shot 99"),
        (":3", "audio:3-5"),
    ],
)
def test_a_link_that_hides_what_is_not_there_gets_its_sentence_and_hides_whole_shots(parted_path, modality, said):
    page = opened(parted_path, title="film", hidden="3", modality=modality)

    assert said in seen(page)[3][0] and "modality" not in page.query_params


@pytest.mark.parametrize("look", ["50", "x", "3-5", "-1"])
def test_a_link_that_looks_at_no_shot_gets_its_sentence(catalog_path, look):
    page = opened(catalog_path, title="unseen", hidden="3", look=look)

    assert "looks at a shot that the title does not have" in seen(page)[3][0]
    assert "look" not in page.query_params


def moving(catalog_path: str) -> None:
    """A page with two buttons that lead to what an address names, as Back and Forward do."""
    import pandas as pd
    import streamlit as st

    from msm import Catalog
    from workbench.session import state, url_state

    st.button("Back", on_click=url_state.moved, args=("?title=unseen&run=second&hidden=3-5&look=4",))
    st.button("Forward", on_click=url_state.moved, args=("?title=lesson&run=first&hidden=7",))
    url_state.read_catalog(lambda name: True)
    runs = pd.DataFrame({"name": ["first", "second"], "problem": [None, None]})
    url_state.synchronise(Catalog.open(catalog_path), runs)
    st.session_state["seen"] = (state.title(), state.run(), state.hidden(), state.focus())


def test_a_move_is_made_whole_wherever_a_newer_request_ends_the_script(catalog_path, monkeypatch):
    keep_callbacks_whole()
    take = ScriptRequests.on_scriptrunner_yield
    left = [10**9]

    def interrupted(self: ScriptRequests):
        left[0] -= 1
        if left[0] == 0:
            self.request_rerun(RerunData())
        return take(self)

    monkeypatch.setattr(ScriptRequests, "on_scriptrunner_yield", interrupted)
    app = AppTest.from_function(moving, args=(catalog_path,), default_timeout=30).run()
    there = [("unseen", "second", [3, 4, 5], 4), ("lesson", "first", [7], None)]
    for place in range(1, 400):
        left[0] = place
        app.button[place % 2].click().run()
        assert not app.exception
        assert app.session_state["seen"] == there[place % 2], place
        if left[0] > 0:
            break
    assert 20 < place < 399
