"""The rules of the first document reach every page that a browser asks for, and nothing else is changed."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from workbench.server import early_styles

PAGE = "<html><head><title>A</title></head><body>" + "x" * 2000 + "</body></html>"
HTML = {"accept": "text/html,*/*"}


@pytest.fixture(scope="module")
def client() -> TestClient:
    def page(request):
        return HTMLResponse(PAGE, headers={"etag": '"a"'})

    def text(request):
        return PlainTextResponse(PAGE, headers={"etag": '"a"'})

    routes = [
        Route("/", page),
        Route("/map", page),
        Route("/present", page),
        Route("/text", text),
        Route("/a.js", text),
    ]
    app = Starlette(routes=routes, middleware=early_styles.MIDDLEWARE)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/map", "/map?find=x", "/present"])
def test_a_page_gets_the_rules_before_its_head_ends(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.text == PAGE.replace("</head>", f"<style>{early_styles.early_css(path)}</style></head>")
    assert int(answer.headers["content-length"]) == len(answer.content) and "etag" not in answer.headers


@pytest.mark.parametrize(("path", "headers"), [("/text", HTML), ("/a.js", HTML), ("/", {"accept": "*/*"})])
def test_other_answers_stay_as_they_are(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.text == PAGE and answer.headers["etag"] == '"a"'


def test_a_compressed_document_gets_them_too():
    app = Starlette(routes=[Route("/", lambda request: HTMLResponse(PAGE))])
    app.add_middleware(GZipMiddleware, minimum_size=100)
    inside = early_styles.EarlyStyles(app)
    answer = TestClient(inside).get("/", headers=HTML | {"accept-encoding": "gzip"})
    assert "margin-left" in answer.text and "content-encoding" not in answer.headers


def test_the_rules_hold_nothing_that_ends_them():
    assert "</" not in early_styles.early_css() and early_styles.early_css().count(
        "{"
    ) == early_styles.early_css().count("}")
