"""The routes beside the pages give files of a catalog's media folders and nothing else of the disk."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from workbench.server import fill_endpoint, roles, routes
from workbench.session.arguments import Arguments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog with one picture and one film, a secret beside it, and a catalog under a hidden name."""
    title = TitleData(title_id="short", split="test", embeddings=np.ones((4, 2), dtype=np.float32))
    for name in ("catalog", ".hidden", "other"):
        Catalog.write(tmp_path / "films" / name, [title], modalities=modalities_of({"video": 2}))
        media = tmp_path / "films" / name / "media"
        (media / "thumbnails" / "short").mkdir(parents=True)
        (media / "thumbnails" / "short" / "3.webp").write_bytes(b"a picture")
        (media / "short.mp4").write_bytes(b"a film")
    (tmp_path / "secret.webp").write_bytes(b"a secret")
    (tmp_path / "secret.mp4").write_bytes(b"a secret")
    return tmp_path / "films"


@pytest.fixture
def client(folder: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    arguments = Arguments(catalog=folder / "catalog", runs=folder / "runs")
    monkeypatch.setattr(routes, "read_arguments", lambda: arguments)
    monkeypatch.setattr(fill_endpoint, "read_arguments", lambda: arguments)
    monkeypatch.setattr(roles, "login_required", lambda: False)
    return TestClient(Starlette(routes=routes.ROUTES))


def test_a_picture_and_a_film_are_given_with_their_types_and_may_be_kept_for_an_hour_by_the_viewer_alone(client):
    picture, film = client.get("/thumbnails/catalog/short/3.webp"), client.get("/films/catalog/short.mp4")

    assert (picture.content, picture.headers["content-type"]) == (b"a picture", "image/webp")
    assert (film.content, film.headers["content-type"]) == (b"a film", "video/mp4")
    assert {picture.headers["cache-control"], film.headers["cache-control"]} == {"private, max-age=3600"}


def test_a_catalog_beside_the_one_of_the_command_line_is_served_and_one_under_a_hidden_name_is_not(client):
    assert client.get("/thumbnails/other/short/3.webp").content == b"a picture"
    for name in (".hidden", "..", ".", "nowhere"):
        assert client.get(f"/thumbnails/{quote(name)}/short/3.webp").status_code == 404, name
        assert client.get(f"/films/{quote(name)}/short.mp4").status_code == 404, name


def test_a_link_that_leads_out_of_the_media_is_not_followed(client, folder):
    (folder / "catalog" / "media" / "thumbnails" / "short" / "4.webp").symlink_to(folder.parent / "secret.webp")
    (folder / "catalog" / "media" / "linked.mp4").symlink_to(folder.parent / "secret.mp4")

    assert client.get("/thumbnails/catalog/short/4.webp").status_code == 404
    assert client.get("/films/catalog/linked.mp4").status_code == 404
    assert client.get("/thumbnails/catalog.together?frame=short/4").content == bytes(4)


@pytest.mark.parametrize(
    "frame", ["../../../../secret", "/etc/hostname", "short/../../../../../secret", "short/3\0", "short/9", ""]
)
def test_a_frame_that_is_no_picture_of_the_catalog_is_empty_in_an_answer_of_many(client, frame):
    answer = client.get("/thumbnails/catalog.together", params={"frame": ["short/3", frame, "short/3"]}).content
    picture = (9).to_bytes(4, "little") + b"a picture"

    assert answer == picture + bytes(4) + picture


def test_one_answer_holds_so_many_pictures_and_no_more(client):
    answer = client.get("/thumbnails/catalog.together", params={"frame": ["short/9"] * 200}).content

    assert len(answer) == 4 * routes.MOST_TOGETHER


def test_program_code_may_be_kept_by_everybody_a_component_for_good_and_the_drawing_library_for_a_day(client):
    drawing, component = client.get("/plotly.min.js"), client.get("/components/filmstrip.js")

    assert drawing.headers["cache-control"] == "max-age=86400"
    assert component.headers["cache-control"] == "max-age=31536000, immutable"
    assert all("text/javascript" in answer.headers["content-type"] for answer in (drawing, component))


def test_a_component_that_is_none_of_ours_is_not_found(client):
    assert client.get("/components/filmstrip.js").status_code == 200
    assert client.get("/components/..%2Fstate.js").status_code == 404
    assert client.get("/components/nothing.js").status_code == 404


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"hidden": ["a"]}', 422),
        (b'{"hidden": [1e999]}', 422),
        (b'{"hidden": [0]}', 404),  # no such run
        (b" " * (fill_endpoint.MAX_BODY_BYTES + 1), 413),
        (b" " * fill_endpoint.MAX_BODY_BYTES, 422),
    ],
)
def test_a_fill_in_that_cannot_be_answered_gets_its_status_and_no_traceback(client, question, status):
    assert client.post("/fill-in/catalog/short/no-run", content=question).status_code == status


def test_a_fill_in_of_a_hidden_catalog_is_not_found(client):
    assert client.post("/fill-in/.hidden/short/run", content=b'{"hidden": [0]}').status_code == 404
    assert client.get("/fill-in/catalog/short/run").status_code == 405
