"""The chooser of a catalog with many titles searches on the server and sends a short list, whatever the number of titles."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from workbench.layout.choosers import LISTED, MOST_LISTED, titles_matching


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
