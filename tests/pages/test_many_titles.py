"""What lists titles or runs searches on the server and sends a short list, whatever their number."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog
from tests.browser.small_world import write_crowd
from tests.pages.test_address import visit
from workbench.layout.choosers import LISTED, MOST_LISTED, titles_matching
from workbench.layout.long_tables import PAGE
from workbench.views.formatting import clock, grouped

PAGES = Path(__file__).parents[2] / "workbench" / "app_pages"


def many(count: int) -> pd.DataFrame:
    numbers = range(count)
    return pd.DataFrame(
        {
            "title_id": [f"title-{n:05d}" for n in numbers],
            "name": [f"Episode {n} of {'Harbour' if n % 7 == 3 else 'Island'} lights" for n in numbers],
            "split": [("train", "train", "validation", "test")[n % 4] for n in numbers],
            "num_shots": 12,
        }
    )


def chooser(count: int) -> None:
    import streamlit as st

    from tests.pages.test_many_titles import many
    from workbench.layout.choosers import choose_title
    from workbench.session import state

    if not state.has_title():
        state.choose_title("title-00005")
    choose_title(many(count))
    st.text(state.title())


@pytest.mark.parametrize("count", [MOST_LISTED + 1, 20_000])
def test_words_find_a_title_among_many_and_the_list_stays_short(count):
    app = AppTest.from_function(chooser, args=(count,), default_timeout=60).run()
    assert not app.exception and app.text[0].value == "title-00005"
    assert len(app.selectbox[0].options) == LISTED + 1
    app.session_state["titles.searched"] = "harbour 10"  # as typed words leave it; AppTest types none
    app.run()
    assert not app.exception and app.text[0].value == "title-00005"
    found = app.selectbox[0].options[1:]
    assert 0 < len(found) <= LISTED and all("Harbour" in option and "10" in option for option in found)
    wanted = next(t for t in titles_matching(many(count), "harbour 10", "title-00005")["title_id"][1:])
    app.selectbox[0].set_value(wanted).run()
    assert not app.exception and app.text[0].value == wanted


def test_matches_that_were_not_trained_on_come_first_and_marks_of_patterns_are_plain():
    titles = many(2000)
    assert list(titles_matching(titles, "", "title-00005")["split"][1:].unique()) == ["test"]
    assert len(titles_matching(titles, "(.*", "title-00005")) == 1


def test_up_to_a_thousand_titles_are_all_listed():
    app = AppTest.from_function(chooser, args=(MOST_LISTED,), default_timeout=60).run()
    assert len(app.selectbox[0].options) == MOST_LISTED


def title_filter(count: int) -> None:
    import streamlit as st

    from tests.pages.test_many_titles import many
    from workbench.layout.choosers import choose_titles

    st.text(" ".join(choose_titles(many(count), "titles")))


def test_the_filter_of_titles_keeps_what_is_chosen_while_words_are_looked_for():
    app = AppTest.from_function(title_filter, args=(20_000,), default_timeout=60).run()
    assert not app.exception and len(app.multiselect[0].options) == LISTED
    app.multiselect[0].set_value(["title-00003"]).run()
    app.multiselect[0].set_value(["title-00003", "island 1999"]).run()  # the second is typed
    assert not app.exception and app.text[0].value == "title-00003"
    chosen, *found = app.multiselect[0].options
    assert "Episode 3 of" in chosen and len(found) > 5 and all("Island" in o and "1999" in o for o in found)
    wanted = titles_matching(many(20_000), "island 1999", "")["title_id"].iloc[0]
    app.multiselect[0].set_value(["title-00003", wanted]).run()
    assert app.text[0].value == f"title-00003 {wanted}"


def test_the_filter_of_few_titles_lists_them_all():
    app = AppTest.from_function(title_filter, args=(MOST_LISTED,), default_timeout=60).run()
    assert len(app.multiselect[0].options) == MOST_LISTED


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Path:
    return write_crowd(tmp_path_factory.mktemp("crowd"))


def captions(app: AppTest) -> str:
    return "\n".join(c.value for c in app.caption)


def test_the_table_of_titles_is_searched_sorted_and_paged_as_a_whole(monkeypatch, crowd):
    app = visit(monkeypatch, crowd, "data", {})
    titles = app.dataframe[0].value
    assert len(titles) == PAGE and f"Showing 1 to 100 of {grouped(1100)} titles." in captions(app)
    app.pagination[0].set_value(11).run()
    assert list(app.dataframe[0].value["Title"])[-1] == "Episode 1099 of Island lights"
    app.selectbox(key="widget.titles.sort").set_value("-duration_s").run()
    lengths = list(app.dataframe[0].value["Length"])
    longest = Catalog.open(crowd / "catalog").titles["duration_s"].nlargest(PAGE)
    assert lengths == [clock(s) for s in longest], "the first page, of the whole table"
    app.text_input(key="widget.titles.find").set_value("HARBOUR test").run()
    found = app.dataframe[0].value
    assert set(found["Split"]) == {"test"} and found["Title"].str.contains("Harbour").all() and len(found) == 40
    assert [app.query_params[f"titles.{name}"] for name in ("find", "sort")] == ["HARBOUR test", "-duration_s"]
    app.text_input(key="widget.titles.find").set_value("nothing of the kind").run()
    assert "No title has these words." in captions(app) and not app.exception


def test_the_table_of_runs_comes_a_page_at_a_time_and_its_filter_begins_again_at_the_first(monkeypatch, crowd):
    app = visit(monkeypatch, crowd, "training", {"all_runs": "yes", "runs.page": "3"})
    assert list(app.dataframe[0].value["Run"]) == [f"run-{n:03d}" for n in range(29, -1, -1)]
    assert "Showing 201 to 230 of 230 runs." in captions(app)
    app.text_input(key="widget.where").set_value("skill>=0.02").run()
    assert app.dataframe[0].value["Run"].iloc[0] == "run-229" and len(app.dataframe[0].value) == PAGE
    assert "runs.page" not in app.query_params and app.query_params["where"] == "skill>=0.02"


def test_a_page_that_is_not_there_is_the_first(monkeypatch, crowd):
    assert "Showing 1 to 100 of" in captions(visit(monkeypatch, crowd, "data", {"titles.page": "99"}))


def test_few_titles_are_shown_whole_and_without_controls(monkeypatch, tmp_path):
    app = visit(monkeypatch, write_crowd(tmp_path, titles=PAGE, runs=1), "data", {})
    assert len(app.dataframe[0].value) == PAGE and not app.pagination and "Showing" not in captions(app)
    assert not [t for t in app.text_input if t.key == "widget.titles.find"]
