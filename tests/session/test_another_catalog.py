"""Another catalog's rows are other shots: what was picked out of one is not carried into the next."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def session() -> None:
    import streamlit as st

    from workbench.session import state

    for wish, *words in st.session_state.pop("wishes", []):
        getattr(state, wish)(*words)
    st.session_state["seen"] = (state.catalog_name(), state.selected(), state.range_error())


def after(*wishes: tuple) -> tuple:
    page = AppTest.from_function(session, default_timeout=30)
    page.session_state["wishes"] = list(wishes)
    page.run()
    assert not page.exception
    return page.session_state["seen"]


def test_choosing_another_catalog_lets_go_of_the_selected_shots():
    assert after(("select", [3, 1]), ("choose_catalog", "other")) == ("other", (), None)
    assert after(("choose_catalog", "other"), ("select", [3]), ("choose_catalog", None)) == (None, (), None)


def test_choosing_the_same_catalog_again_keeps_them():
    assert after(("select", [3, 1]), ("choose_catalog", None))[1] == (1, 3)
    assert after(("choose_catalog", "other"), ("select", [3]), ("choose_catalog", "other"))[1] == (3,)


def test_choosing_a_catalog_forgets_what_was_wrong_with_a_typed_range():
    typed = ("hide_typed", "nonsense", 9)
    assert after(typed)[2] and after(typed, ("choose_catalog", "other"))[2] is None
