"""Who is at the page decides what it shows: the door, a refusal, or the page with the name and the role beside it."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from msm.errors import InputError
from workbench.server import roles

ROLES = {"editors": ["ann@studio.example"], "viewers": ["*@studio.example"]}


class Visitor(dict):
    """What `st.user` is: a mapping with attributes."""

    def __getattr__(self, name: str) -> object:
        return self.get(name)

    def to_dict(self) -> dict:
        return dict(self)


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch):
    """`visitor(email=…)` is at the page of a server that asks for a login; without an address nobody is logged in."""

    def comes(**known: object) -> None:
        monkeypatch.setattr(roles, "section", lambda name: ROLES if name == "roles" else {"client_id": "c"})
        monkeypatch.setattr(st, "user", Visitor(is_logged_in=bool(known), **known))

    return comes


def page() -> None:
    import streamlit as st

    from workbench.server import roles

    roles.gate()
    st.write("a frame")
    roles.explain_viewer()
    try:
        roles.require_editor()
        st.write("a job")
    except roles.InputError as error:
        st.write(f"refused: {error}")


def seen() -> tuple[list[str], list[str], list[str], list[str]]:
    """What the page says, what stands beside it, its buttons, its errors."""
    at = AppTest.from_function(page, default_timeout=30).run()
    assert not at.exception
    said = [m.value for m in (*at.main.markdown, *at.main.caption, *at.main.text)]
    return said, [t.value for t in at.sidebar.text], [b.label for b in at.button], [e.value for e in at.error]


def test_an_editor_sees_the_page_and_may_start_jobs(visitor):
    visitor(email="ann@studio.example", name="Ann")
    assert seen() == (["a frame", "a job"], ["Ann (editor)"], ["Log out"], [])


def test_a_viewer_sees_the_page_is_told_so_and_may_start_nothing(visitor):
    visitor(email="bob@studio.example")
    said, beside, buttons, errors = seen()

    assert said[0] == "a frame" and "as a viewer" in said[-1] and "a job" not in said
    assert f"refused: {roles.NOT_AN_EDITOR}" in said
    assert (beside, buttons, errors) == (["bob@studio.example (viewer)"], ["Log out"], [])


def test_a_stranger_sees_whom_to_ask_and_nothing_else(visitor):
    visitor(email="eve@elsewhere.example", name="Eve")
    said, beside, buttons, errors = seen()

    assert said == ["Ask whoever runs it to add eve@elsewhere.example."] and not beside
    assert buttons == ["Log out"] and "not on the list" in errors[0]


@pytest.mark.parametrize("who", [{"email": "ann@studio.example"}, {"email": "eve@elsewhere.example"}, {}])
def test_the_only_button_logs_in_or_out(visitor, monkeypatch, who):
    visitor(**who)
    pressed: list[str] = []
    monkeypatch.setattr(st, "login", lambda *_: pressed.append("Log in"))
    monkeypatch.setattr(st, "logout", lambda *_: pressed.append("Log out"))
    at = AppTest.from_function(page, default_timeout=30).run()
    at.button[0].click().run()
    assert pressed == [at.button[0].label] == ["Log out" if who else "Log in"]


def test_whoever_is_not_logged_in_sees_the_door_and_nothing_else(visitor):
    visitor()
    said, beside, buttons, errors = seen()

    assert "a frame" not in said and len(said) == 1 and not beside
    assert (buttons, errors) == (["Log in"], [])


def test_a_viewer_is_refused_outside_of_a_page_too(visitor):
    visitor(email="bob@studio.example")
    assert roles.role() == roles.VIEWER
    with pytest.raises(InputError, match="viewer"):
        roles.require_editor()
    visitor(email="ann@studio.example")
    assert roles.role() == roles.EDITOR and roles.may_edit()


def test_without_a_login_there_is_no_door(monkeypatch):
    monkeypatch.setattr(roles, "section", lambda name: {})
    assert seen() == (["a frame", "a job"], [], [], [])


def test_secrets_that_cannot_be_read_are_no_role(monkeypatch):
    def unreadable(name: str) -> dict:
        raise InputError("unreadable")

    monkeypatch.setattr(roles, "section", unreadable)
    with pytest.raises(InputError):
        roles.role()
