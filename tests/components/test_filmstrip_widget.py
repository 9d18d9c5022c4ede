"""The filmstrip in a notebook: the same front end, and a gesture that fills in anew."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from msm import Catalog, Run
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run
from workbench.components.filmstrip_widget import Filmstrip


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> tuple[Run, Catalog]:
    folder = tmp_path_factory.mktemp("widget")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 12, name=f"A {s} title") for s in ("train", "validation", "test")]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "run", steps=1)
    pictures = catalog.path / "media" / "thumbnails" / "title-test"
    pictures.mkdir(parents=True)
    Image.new("RGB", (16, 9), "#204060").save(pictures / "3.webp")
    return Run.open(folder / "run"), catalog


def test_a_fill_in_alone_is_enough_and_with_its_title_there_are_names_and_frames(shown):
    run, catalog = shown
    title = catalog["title-test"]
    fill = run.fill_in(title, [3, 4])
    alone, named = Filmstrip(fill), Filmstrip(fill, title)

    assert alone.hidden == [3, 4] and alone.answer["shots"] == [3, 4]
    assert alone.shots["name"] == "title-test" and alone.shots["pictures"] is None
    assert named.shots["name"] == "A test title" and named.shots["texts"]
    assert named.shots["pictures"][3].startswith("data:image/webp;base64,") and named.shots["pictures"][4] is None


def test_a_gesture_fills_in_anew_and_clearing_shows_nothing(shown):
    run, catalog = shown
    title = catalog["title-test"]
    strip = Filmstrip(run.fill_in(title, [3, 4]), title, run)

    strip.hidden = [7]
    assert strip.answer["shots"] == [7] and strip.fill.hidden.tolist() == [7]
    strip.modality = "audio"
    assert strip.fill.modalities == ("audio",)
    strip.hidden, strip.modality = [3, 7], {"audio": [3], "video": [7]}
    assert strip.fill.parts == {"audio": [3], "video": [7]} and strip.answer["shots"] == [3, 7]
    assert Filmstrip(strip.fill, title).modality == {"audio": [3], "video": [7]}
    strip.modality = {"audio": "no shots"}
    assert strip.answer is None
    strip.hidden = []
    assert strip.answer is None


def test_the_film_comes_along_where_it_is_not_too_large(shown, monkeypatch):
    run, catalog = shown
    title = catalog["title-test"]
    fill, film = run.fill_in(title, [3]), catalog.path / "media" / "title-test.mp4"
    assert Filmstrip(fill, title).film == Filmstrip(fill).film == b""

    film.write_bytes(b"film")
    assert Filmstrip(fill, title).film == b"film" and Filmstrip(fill).film == b""
    monkeypatch.setattr("workbench.components.filmstrip_widget.MOST_FILM_BYTES", 3)
    assert Filmstrip(fill, title).film == b""
    film.unlink()


def test_the_shells_mount_one_and_the_same_module():
    from workbench.components.front_end import script

    streamlit, notebook = script("streamlit_shell.js"), script("widget_shell.js")
    assert streamlit.count("export default") == notebook.count("export default") == 1
    assert "import " not in "".join(line for line in notebook.splitlines(keepends=True) if line.startswith("import"))
    assert streamlit[:20_000] == notebook[:20_000]
