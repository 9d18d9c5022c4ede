"""The documentation in the app: every page is served from the package, and every link in it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from workbench.layout.first_visit import PURPOSES
from workbench.server.documents import DOCS, ROUTE, slug

APP_PAGES = Path(__file__).parents[2] / "workbench" / "app_pages"
PAGES_OF_DOCS = sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=[ROUTE]))


def anchors(html: str) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', html))


def test_every_page_is_shown_and_every_link_and_picture_leads_somewhere(client):
    shown = {name: client.get(f"/help/{name}") for name in PAGES_OF_DOCS}
    assert {r.status_code for r in shown.values()} == {200} and len(shown) > 20
    lost = []
    for name, answer in shown.items():
        assert "<!--" not in answer.text and "<script" not in answer.text
        for target in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = str((DOCS / name).parent.joinpath(path).resolve().relative_to(DOCS.resolve())) if path else name
            found = shown[file] if file in shown else client.get(f"/help/{file}")
            if found.status_code != 200 or (anchor and anchor not in anchors(found.text)):
                lost.append((name, target))
    assert lost == []


def test_the_verbs_and_the_decisions_are_listed(client):
    assert "msm notes" in client.get("/help/commands.md").text
    assert "0007" in client.get("/help/decisions/index.md").text


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "..%2f..%2fetc/passwd", "no.md", "making/pages.py", "%00", "howto", ""]
)
def test_nothing_but_the_documentation_is_served(client, path):
    assert client.get(f"/help/{path}").status_code == 404


def test_every_page_of_the_app_but_the_stage_says_what_it_is_for_and_links_to_its_documentation(client):
    assert {*PURPOSES} == {p.parent.name for p in APP_PAGES.glob("*/page.py")} - {"present"}
    for sentence, document in PURPOSES.values():
        path, _, anchor = document.partition("#")
        text = client.get(f"/help/{path}").text
        assert sentence.endswith(".") and len(sentence) < 110 and (not anchor or anchor in anchors(text))


def test_anchors_are_those_of_the_site():
    assert slug("Who may *see* `msm`: a [link](x.md)?") == "who-may-see-msm-a-link"
    assert Path(DOCS, "index.md").is_file()
