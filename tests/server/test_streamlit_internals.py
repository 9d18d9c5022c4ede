"""What the app uses of Streamlit beyond its documentation is there, and where it is not, nobody gets in by that."""

from __future__ import annotations

import importlib
import re
import socket
from pathlib import Path

import pytest
import streamlit as st
from packaging.version import Version

from workbench.server import roles, startup, streamlit_internals
from workbench.server.auth_guard import _has_access
from workbench.server.streamlit_internals import PRIVATE_NAMES, READ_FROM, STALE, TEST_IDS

ROOT = Path(__file__).parents[2]
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

    startup.adapt_streamlit()

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
