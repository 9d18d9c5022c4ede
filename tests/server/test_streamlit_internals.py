"""What the app uses of Streamlit beyond its documentation is there, and where it is not, nobody gets in by that."""

from __future__ import annotations

import importlib
import re
import socket
import sys
from pathlib import Path

import pytest
import streamlit as st
from packaging.version import Version
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.testing.v1 import AppTest

from workbench.server import roles, startup, streamlit_internals
from workbench.server.auth_guard import _has_access
from workbench.server.streamlit_internals import PRIVATE_NAMES, READ_FROM, STALE, TEST_IDS

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "workbench" / "app_pages" / "main.py"
STATIC = Path(st.__file__).parent / "static" / "static" / "js"


def test_the_names_were_read_from_the_installed_streamlit_or_from_an_older_one():
    assert Version(READ_FROM) == Version("1.67.0") <= Version(st.__version__)


def test_the_installed_streamlit_has_every_private_name():
    assert streamlit_internals.missing() == []


@pytest.mark.parametrize("name", [*TEST_IDS, STALE])
def test_the_installed_streamlit_draws_every_element_that_is_styled(name):
    quoted = re.compile(rf"""["'`]{name}["'`]""")
    assert any(quoted.search(file.read_text(encoding="utf-8")) for file in STATIC.glob("*.js"))


def test_no_other_module_imports_what_streamlit_does_not_document():
    documented = ("streamlit.starlette", "streamlit.testing.v1", "streamlit.components.v2.types")
    imported = re.compile(r"^\s*(?:from|import) (streamlit\.[\w.]+)", re.MULTILINE)
    found = {
        (file.name, name)
        for file in (ROOT / "workbench").rglob("*.py")
        for name in imported.findall(file.read_text(encoding="utf-8"))
        if name not in documented
    }
    assert {file for file, _ in found} <= {"streamlit_internals.py"}


@pytest.mark.parametrize("module", PRIVATE_NAMES)
def test_where_a_private_name_is_missing_the_server_starts_says_so_and_refuses_media_to_everybody(
    monkeypatch, caplog, module
):
    name = PRIVATE_NAMES[module]
    monkeypatch.delattr(importlib.import_module(module), name)
    monkeypatch.setattr(roles, "login_required", lambda: True)
    monkeypatch.setattr(roles, "section", lambda _: {})

    startup.adapt_streamlit(SCRIPT)

    (sentence,) = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert "refused to everybody" in sentence
    assert streamlit_internals.user_of_cookies({"_streamlit_user": "anything"}) == {}
    assert not _has_access(type("Request", (), {"cookies": {"_streamlit_user": "anything"}})())


def test_a_cookie_reader_that_fails_means_that_nobody_is_logged_in(monkeypatch):
    def changed(cookies: object) -> bytes:
        raise AssertionError("called with other arguments")

    module, name = next(iter(PRIVATE_NAMES.items()))
    monkeypatch.setattr(importlib.import_module(module), name, changed)

    assert streamlit_internals.user_of_cookies({"_streamlit_user": "anything"}) == {}


def test_connections_of_a_listening_socket_send_without_delay():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert streamlit_internals.disable_nagle() >= 1
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def interrupted_callback() -> None:
    """A button whose callback writes twice, while a newer request has come."""
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    def write() -> None:
        context = get_script_run_ctx()
        assert context is not None and context.script_requests is not None
        context.script_requests.request_rerun(RerunData())
        st.session_state["written"] = ["once"]
        st.session_state["written"] = ["once", "twice"]

    st.button("Write", on_click=write)
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1


def test_a_callback_is_done_to_its_end_before_a_newer_request_is_answered():
    assert streamlit_internals.keep_callbacks_whole() == []
    app = AppTest.from_function(interrupted_callback).run()
    app.button[0].click().run()

    assert app.session_state["written"] == ["once", "twice"]
    assert app.session_state["runs"] == 2  # the newer request was answered too


def test_where_streamlit_has_renamed_it_the_server_says_what_may_happen(monkeypatch):
    monkeypatch.delattr(ScriptRequests, "on_scriptrunner_yield")
    (sentence,) = streamlit_internals.keep_callbacks_whole()
    assert sentence.startswith("on_scriptrunner_yield is not as in Streamlit") and "done by half" in sentence


def test_the_import_path_stays_as_it_is_while_sessions_come_and_go(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    streamlit_internals.keep_import_path(SCRIPT)
    before = list(sys.path)
    with modified_sys_path(str(SCRIPT)):
        assert sys.path == before
    assert sys.path == before
