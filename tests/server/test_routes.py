"""Status codes, cache headers and ranges of the routes beside the pages, and who they answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette import starlette_app_utils
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.server import fill_endpoint, roles, routes, streamlit_internals, trusted_hosts
from workbench.session.arguments import Arguments

PICTURE, FILM = b"a picture", bytes(range(100))
THUMBNAIL, TOGETHER = "/thumbnails/catalog/short/3.webp", "/thumbnails/catalog.together?frame=short/3"
FILMED, FILL_IN = "/films/catalog/short.mp4", "/fill-in/catalog/title-test/run"
OF_A_CATALOG = [("GET", THUMBNAIL), ("GET", TOGETHER), ("GET", FILMED), ("POST", FILL_IN)]
OF_THE_PROGRAM = ["/plotly.min.js", "/components/filmstrip.js", "/components/shot_map.js"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog with one picture and one film."""
    title = TitleData(title_id="short", split="test", embeddings=np.ones((4, 2), dtype=np.float32))
    Catalog.write(tmp_path / "catalog", [title], modalities=modalities_of({"video": 2}))
    media = tmp_path / "catalog" / "media"
    (media / "thumbnails" / "short").mkdir(parents=True)
    (media / "thumbnails" / "short" / "3.webp").write_bytes(PICTURE)
    (media / "short.mp4").write_bytes(FILM)
    return tmp_path


def client_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    arguments = Arguments(catalog=folder / "catalog", runs=folder / "runs")
    monkeypatch.setattr(routes, "read_arguments", lambda: arguments)
    monkeypatch.setattr(fill_endpoint, "read_arguments", lambda: arguments)
    app = Starlette(routes=routes.ROUTES, middleware=trusted_hosts.MIDDLEWARE)
    return TestClient(app, base_url="http://localhost:8501")


@pytest.fixture
def client(folder, monkeypatch) -> TestClient:
    monkeypatch.setattr(roles, "section", lambda name: {})
    return client_of(folder, monkeypatch)


@pytest.fixture
def login(folder, monkeypatch):
    """A client of a server with a login: `login({"email": …})` sends a signed cookie of these claims."""
    sections = {"auth": {"cookie_secret": "sign"}, "roles": {"viewers": ["*@studio.example"]}}
    monkeypatch.setattr(roles, "section", lambda name: sections.get(name, {}))
    monkeypatch.setattr("streamlit.web.server.starlette.starlette_websocket.get_cookie_secret", lambda: "sign")

    def client(claims: object, secret: str = "sign") -> TestClient:
        cookie = starlette_app_utils.create_signed_value(secret, USER_COOKIE_NAME, json.dumps(claims)).decode()
        one = client_of(folder, monkeypatch)
        one.cookies.set(USER_COOKIE_NAME, cookie)
        return one

    return client


@pytest.mark.parametrize(
    ("asked", "status", "content", "extent"),
    [
        ("bytes=10-19", 206, FILM[10:20], "bytes 10-19/100"),
        ("bytes=90-", 206, FILM[90:], "bytes 90-99/100"),
        ("bytes=-5", 206, FILM[-5:], "bytes 95-99/100"),
        ("bytes=95-500", 206, FILM[95:], "bytes 95-99/100"),
        ("bytes=100-", 416, None, "bytes */100"),
    ],
)
def test_a_player_gets_the_range_of_a_film_that_it_asks_for(client, asked, status, content, extent):
    answer = client.get(FILMED, headers={"range": asked})

    assert answer.status_code == status
    assert answer.headers["content-range"] == extent
    assert content is None or answer.content == content


def test_a_film_says_that_it_has_ranges_and_how_long_it_is_without_being_sent(client):
    head = client.head(FILMED)

    assert head.status_code == 200 and head.content == b""
    assert head.headers["accept-ranges"] == "bytes" and head.headers["content-length"] == "100"


def test_a_film_that_did_not_change_is_not_sent_in_a_range_of_another_version(client):
    etag = client.get(FILMED).headers["etag"]

    assert client.get(FILMED, headers={"range": "bytes=0-9", "if-range": etag}).status_code == 206
    assert client.get(FILMED, headers={"range": "bytes=0-9", "if-range": '"another"'}).status_code == 200


@pytest.mark.parametrize("path", OF_THE_PROGRAM)
def test_scripts_are_javascript_and_everybody_may_keep_them(client, path):
    answer = client.get(path)

    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/javascript")
    kept = "max-age=86400" if "plotly" in path else "max-age=31536000, immutable"
    assert answer.headers["cache-control"] == kept


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p in OF_A_CATALOG if m == "GET" and "together" not in p])
def test_only_the_viewer_may_keep_what_a_catalog_holds(client, method, path):
    assert client.request(method, path).headers["cache-control"] == "private, max-age=3600"


@pytest.mark.parametrize("path", [THUMBNAIL, TOGETHER, FILMED, *OF_THE_PROGRAM])
def test_nothing_can_be_written(client, path):
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, path).status_code == 405


@pytest.mark.parametrize(("method", "path"), [*OF_A_CATALOG, *(("GET", path) for path in OF_THE_PROGRAM)])
def test_a_page_under_a_foreign_name_gets_no_answer(client, method, path):
    answer = client.request(method, path, headers={"host": "evil.example:8501"})

    assert answer.status_code == 403 and "STREAMLIT_BROWSER_SERVER_ADDRESS" in answer.text


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"is_logged_in": False, "email": "ann@studio.example"},
        {"is_logged_in": True, "email": "ann@elsewhere.example"},
        {"is_logged_in": True, "email": "ann@studio.example", "email_verified": False},
        ["is_logged_in"],
        "ann@studio.example",
    ],
)
@pytest.mark.parametrize(("method", "path"), OF_A_CATALOG)
def test_whoever_is_not_on_the_list_gets_nothing_of_a_catalog(login, claims, method, path):
    answer = login(claims).request(method, path, content=b'{"hidden": [3]}' if method == "POST" else None)

    assert answer.status_code == 403 and answer.content == b""


def test_whoever_is_on_the_list_gets_pictures_and_a_cookie_of_another_server_counts_for_nothing(login):
    claims = {"is_logged_in": True, "email": "ann@studio.example"}

    assert login(claims).get(THUMBNAIL).content == PICTURE
    assert login(claims, secret="another").get(THUMBNAIL).status_code == 403


def test_without_streamlits_cookie_reader_nobody_gets_in(login, monkeypatch):
    monkeypatch.setattr(streamlit_internals, "_private", lambda module: None)

    assert login({"is_logged_in": True, "email": "ann@studio.example"}).get(THUMBNAIL).status_code == 403


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fill-in")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 12) for s in ("train", "validation", "test")]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "run", steps=1)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"hidden": [3, 4]}', 200),
        (b'{"hidden": [4, 3, 3], "modality": {"audio": [3]}}', 200),
        (b'{"hidden": []}', 422),
        (b'{"hidden": [99]}', 422),
        (b'{"hidden": [-1]}', 422),
        (b'{"hidden": [3], "modality": "smell"}', 422),
        (b"[" * 100_000, 422),
        (b'{"hidden": "3"', 422),
    ],
    ids=lambda value: value[:40].decode() if isinstance(value, bytes) else str(value),
)
def test_a_fill_in_is_answered_or_refused_without_a_word(trained, monkeypatch, body, status):
    monkeypatch.setattr(roles, "section", lambda name: {})
    answer = client_of(trained, monkeypatch).post(FILL_IN, content=body)

    assert answer.status_code == status
    assert answer.json()["shots"] == [3, 4] if status == 200 else answer.content == b""
