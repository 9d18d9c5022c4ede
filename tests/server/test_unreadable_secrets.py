"""A server whose secrets cannot be read lets nobody in: neither to a page nor to any route beside the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from workbench.server import auth_guard, routes

OF_EVERYBODY = ("/plotly.min.js", "/components/", "/help/")  # program code and documentation, nothing of a catalog
UNREADABLE = "[auth\nclient_id = "
LOGIN = '[auth]\nredirect_uri = "http://localhost/oauth2callback"\ncookie_secret = "s"\nclient_id = "c"\n'


@pytest.fixture
def secrets_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """`secrets_are(text)` writes a secrets.toml, and Streamlit reads that one alone."""
    path, real = tmp_path / "secrets.toml", st.config.get_option
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(st.config, "get_option", lambda key: [str(path)] if key == "secrets.files" else real(key))
    monkeypatch.setattr(st, "get_option", st.config.get_option)

    def write(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        st.secrets._reset()

    st.secrets._reset()
    yield write
    st.secrets._reset()


def guarded_routes() -> list[Route]:
    return [route for route in routes.ROUTES if not any(part in route.path for part in OF_EVERYBODY)]


def status_of(route: Route) -> int:
    client = TestClient(Starlette(routes=[route]))
    names = {
        name: "0" if convertor.__class__.__name__.startswith("Int") else "name"
        for name, convertor in route.param_convertors.items()
    }
    path = route.path_format.format(**names)
    return client.request("POST" if "POST" in route.methods else "GET", path).status_code


@pytest.mark.parametrize("route", guarded_routes(), ids=lambda route: route.path)
@pytest.mark.parametrize("secrets", [UNREADABLE, LOGIN], ids=["unreadable", "not logged in"])
def test_no_route_gives_anything_of_a_catalog_to_whoever_is_not_let_in(secrets_are, route, secrets):
    secrets_are(secrets)

    assert status_of(route) == 403


@pytest.mark.parametrize("route", guarded_routes(), ids=lambda route: route.path)
def test_without_secrets_every_route_answers(secrets_are, route):
    assert status_of(route) != 403


def test_a_guarded_endpoint_is_not_even_called_while_the_secrets_are_unreadable(secrets_are):
    called = []

    def frame(request):
        called.append(request)
        return PlainTextResponse("a frame", headers={"cache-control": "max-age=60"})

    client = TestClient(Starlette(routes=[Route("/frame", auth_guard.require_access(frame))]))
    open_to_all = client.get("/frame")
    secrets_are(UNREADABLE)
    closed = client.get("/frame")

    assert open_to_all.text == "a frame" and open_to_all.headers["cache-control"] == auth_guard.PRIVATE
    assert closed.status_code == 403 and closed.text == "" and len(called) == 1


def gated_page() -> None:
    import streamlit as st

    from workbench.server import roles

    roles.gate()
    st.write("a frame")


def test_a_page_shows_why_and_nothing_else_while_the_secrets_are_unreadable(secrets_are):
    secrets_are(UNREADABLE)
    page = AppTest.from_function(gated_page, default_timeout=30).run()

    assert "cannot be read" in page.error[0].value
    assert not page.markdown
