"""The Embedding map page, run by Streamlit's AppTest; its figures, data and sentences as pure functions."""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from msm import Catalog
from msm.data.catalog import modalities_of
from msm.projection.maps import MapOptions, make_maps
from tests.browser.small_world import DIMS, small_title
from workbench.app_pages.embedding_map import form
from workbench.views import palette
from workbench.views.map.component_data import colours_part, points_part
from workbench.views.map.figure import MOST_POINTS, map_figure
from workbench.views.map.labels import map_labels
from workbench.views.map.neighbours import label_agreement, neighbour_overlap
from workbench.views.map.sentences import map_note, typical_sentence

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "workbench" / "app_pages" / "embedding_map" / "page.py"
SAMPLE = ROOT / "sample_data" / "catalog"


def visit(monkeypatch, catalog: Path, runs: Path, **url: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(catalog), "--runs", str(runs)])
    app = AppTest.from_file(str(PAGE), default_timeout=90)
    app.query_params.update(url)
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.success]
    return "\n".join(str(p.value) for p in parts)


def labels_of(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


@pytest.fixture
def small(tmp_path) -> Catalog:
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 30, name=f"A {s} title") for s in ("train", "test")]
    return Catalog.write(tmp_path / "catalog", titles, modalities=modalities_of(DIMS))


def test_a_large_catalog_is_offered_a_sample_and_opens_on_it_once_it_is_drawn(monkeypatch, small, tmp_path):
    monkeypatch.setattr(form, "MANY", 60)
    app = visit(monkeypatch, small.path, tmp_path / "runs")
    assert {"Draw a sample: Raw shots", "Draw the map: Raw shots"} <= set(labels_of(app))
    assert "an hour" not in text_of(app) and "a sample of 100,000" in text_of(app)

    monkeypatch.setattr("msm.projection.maps.options.FEWEST_SAMPLED", 10)
    monkeypatch.setattr("msm.projection.layout._umap", lambda rows, *_: rows[:, :2])
    (drawn,) = make_maps(small, MapOptions(sample=20))
    app = visit(monkeypatch, small.path, tmp_path / "runs")
    assert app.selectbox[0].options == ["Raw shots · sample of 20"]
    assert "40 placed among a sample" in map_note(drawn.facts)
    assert not any("Draw a sample" in label for label in labels_of(app))


def test_the_page_opens_on_two_maps_of_the_sample_and_says_how_often_neighbours_share_a_label(monkeypatch):
    app = visit(monkeypatch, SAMPLE, ROOT / "sample_data" / "runs")

    assert [s.label for s in app.selectbox][:2] == ["Map", "Compare with"]
    assert not app.error and not app.info
    assert "nearest to a point" in text_of(app) and "share its genre" in text_of(app)
    assert "the two embeddings agree on" in text_of(app)


def test_shots_of_a_link_are_selected_and_their_typical_labels_are_named(monkeypatch):
    app = visit(monkeypatch, SAMPLE, ROOT / "sample_data" / "runs", shots="harbour-lights:0-11")

    assert "Typical of them" in text_of(app) and "around the chosen" in text_of(app)
    assert "Hide these in the masking lab" in labels_of(app)
    assert list(app.dataframe[0].value["Shot"]) == list(range(12))
    assert any("Selection.from_link" in c.value and "harbour-lights" in c.value for c in app.code)


def test_a_map_of_titles_can_be_searched_and_show_a_path(monkeypatch):
    app = visit(monkeypatch, SAMPLE, ROOT / "sample_data" / "runs")
    app.text_input(key="widget.find").set_value("harbour").run()
    assert "found" in text_of(app)
    app.text_input(key="widget.find").set_value("no such word anywhere").run()
    assert "Nothing is called or says that" in text_of(app)
    app.selectbox(key="widget.path").set_value("harbour-lights").run()
    app.selectbox(key="widget.colour").set_value("length in seconds").run()
    assert not app.exception


def test_without_a_map_the_page_shows_principal_components_and_offers_to_draw_one(monkeypatch, small, tmp_path):
    app = visit(monkeypatch, small.path, tmp_path / "none")

    assert "There is no map of the shots" in text_of(app)
    assert "Draw the map: Raw shots" in labels_of(app)
    assert not (small.path / "maps").exists()


def test_an_outdated_map_can_be_drawn_anew_or_extended(monkeypatch, small, tmp_path):
    few_shots = 5  # too few for UMAP, so the map is there at once
    rng = np.random.default_rng(0)
    titles = [small_title(rng, t, "test", few_shots) for t in ("one", "two")]
    catalog = Catalog.write(tmp_path / "short", titles[:1], modalities=modalities_of(DIMS))
    make_maps(catalog)
    Catalog.write(tmp_path / "short", titles, modalities=modalities_of(DIMS), replace=True)
    app = visit(monkeypatch, tmp_path / "short", tmp_path / "none")

    assert "has changed since this map was drawn" in text_of(app)
    assert {"Draw the map: Raw shots", "Only place the new titles on it"} <= set(labels_of(app))


@pytest.mark.parametrize("damage", ["json", "parquet"])
def test_a_damaged_map_gets_a_sentence_or_is_skipped_and_can_be_drawn_again(monkeypatch, tmp_path, damage):
    rng = np.random.default_rng(0)
    titles = [small_title(rng, "one", "test", 6)]
    catalog = Catalog.write(tmp_path / "short", titles, modalities=modalities_of(DIMS))
    (found,) = make_maps(catalog)
    found.path.with_suffix(f".{damage}").write_bytes(b"{")
    app = visit(monkeypatch, catalog.path, tmp_path / "none")

    if damage == "json":
        assert "Draw the map: Raw shots" in labels_of(app)
    else:
        assert "is damaged" in app.error[0].value and "Draw it anew" in labels_of(app)


def test_a_catalog_of_one_shot_and_no_run_has_a_page(monkeypatch, tmp_path):
    title = small_title(np.random.default_rng(0), "one", "test", 1, plain=True)
    catalog = Catalog.write(tmp_path / "one", [title], modalities=modalities_of(DIMS))
    visit(monkeypatch, catalog.path, tmp_path / "none")
    make_maps(catalog)
    app = visit(monkeypatch, catalog.path, tmp_path / "none")

    assert not app.error


def test_without_a_catalog_the_page_says_so(monkeypatch, tmp_path):
    app = visit(monkeypatch, tmp_path / "nothing", tmp_path / "none")

    assert "there is no such folder" in app.error[0].value


def test_the_sample_catalog_comes_with_small_maps_of_its_raw_and_contextual_shots():
    catalog = Catalog.open(SAMPLE)
    files = list((SAMPLE / "maps").glob("[!.]*"))

    assert max(f.stat().st_size for f in files) < 300_000
    from msm.projection.maps import MapOptions, Source, find_map

    for run in (None, ROOT / "sample_data" / "runs" / "neighbour"):
        fresh, _ = find_map(catalog, MapOptions(), (Source.of(run),))
        assert fresh is not None and fresh.trustworthiness > 0.9, "python -m sample_data.make --maps makes them"


def test_many_thumbnails_come_in_one_response_and_none_from_outside_the_folder(monkeypatch):
    from starlette.requests import Request

    from workbench.server.routes import MOST_TOGETHER, thumbnails_together

    monkeypatch.setattr(sys, "argv", ["app.py", "--catalog", str(SAMPLE), "--runs", str(SAMPLE.parent / "runs")])

    def ask(*frames: str, catalog: str = "catalog") -> list[bytes]:
        words = "&".join(f"frame={f}" for f in frames)
        scope = {"type": "http", "path_params": {"catalog": catalog}, "query_string": words.encode(), "headers": []}
        body, found = bytes(thumbnails_together(Request(scope)).body), []
        while body:
            length = int.from_bytes(body[:4], "little")
            found.append(body[4 : 4 + length])
            body = body[4 + length :]
        return found

    picture = (SAMPLE / "media" / "thumbnails" / "harbour-lights" / "3.webp").read_bytes()
    assert ask("harbour-lights/3", "harbour-lights/99999", "..%2F..%2Fx", "%00", "%2Fetc%2Fpasswd") == [
        picture,
        b"",
        b"",
        b"",
        b"",
    ]
    assert ask("harbour-lights/3", catalog="..") == [b""]
    assert len(ask(*["harbour-lights/3"] * 200)) == MOST_TOGETHER


# ---- parts and words --------------------------------------------------------------------------


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


def test_coordinates_are_kept_to_16_bits_with_one_scale():
    points = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32) * [3, 1]
    part = points_part("key", points)
    back = np.stack([unpacked(part[axis], "<u2") for axis in "xy"], axis=1) / 65535

    extent = (points.max(axis=0) - points.min(axis=0)).max()
    np.testing.assert_allclose((back - back.mean(axis=0)) * extent, points - points.mean(axis=0), atol=1e-4 * extent)


def test_a_map_of_one_point_has_coordinates():
    assert unpacked(points_part("key", np.zeros((1, 2), np.float32))["x"], "<u2").tolist() == [32768]


def test_beyond_ten_values_of_a_label_the_rest_are_grey_others():
    values = pd.Series([f"v{i}" for i in range(14) for _ in range(20 - i)] + [None, ""])
    part = colours_part("key", "mood", values)
    index = unpacked(part["index"], np.uint8)

    assert [e["name"] for e in part["palette"]] == ["others", *(f"v{i}" for i in range(10))]
    assert part["palette"][0]["colour"] == palette.OTHER
    assert (index[values.isin([f"v{i}" for i in range(10, 14)])] == 0).all() and index[0] == 1 and index[-1] == 0
    assert sum(e["count"] for e in part["palette"]) == len(values)


def test_numbers_of_many_values_get_a_ramp_and_unknown_ones_grey():
    values = pd.Series([*np.linspace(0, 1, 200), np.nan])
    part = colours_part("key", "length", values)
    index = unpacked(part["index"], np.uint8)

    assert part["ramp"] == ["0.01 or less", "0.99 or more"] and index[-1] == 0
    assert (np.diff(index[:-1].astype(int)) >= 0).all() and index[0] == 1 and index[-2] == len(palette.RAMP)


def test_a_number_of_few_values_is_a_category():
    assert colours_part("key", "act", pd.Series([1, 2, 3, 1]))["ramp"] is None


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", ["#fdfdfc", "#14161a"])
def test_every_category_contrasts_with_light_and_dark_pages(paper):
    assert min(contrast(colour, paper) for colour in palette.CATEGORIES) > 2


@pytest.mark.parametrize("eyes", ["usual", "deutan", "protan"])
def test_categories_can_be_distinguished_with_colour_blindness(eyes):
    seen = {  # Viénot, Brettel and Mollon 1999, on linear RGB
        "usual": np.eye(3),
        "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
        "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    }[eyes]
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in palette.CATEGORIES])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4) @ np.array(seen).T
    to_lms = np.array([[0.41222, 0.53633, 0.05145], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6299]])
    to_lab = np.array([[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]])
    lab = np.cbrt(np.clip(linear, 0, 1) @ to_lms.T) @ to_lab.T
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + np.eye(len(lab))

    assert apart.min() > 0.08


def test_labels_of_few_values_come_first_and_constant_ones_are_left_out(small):
    labels = map_labels(small, "shots")
    assert list(labels)[:2] == ["title", "split"] and len(labels) == 60
    assert {"scene", "length in seconds", "place in the title"} <= set(labels)
    assert len(map_labels(small, "titles")) == 2


def test_a_label_is_typical_only_where_it_is_over_represented():
    everything = pd.DataFrame({"genre": ["noir"] * 10 + ["space"] * 90, "tone": ["calm"] * 100})

    assert "genre *noir* 100" in typical_sentence(everything.iloc[:8], everything)
    assert "tone" not in typical_sentence(everything.iloc[:8], everything)
    assert typical_sentence(everything.iloc[20:60], everything) == ""


def test_overlap_is_the_share_of_common_neighbours():
    one = np.array([[1, 2], [0, 2], [0, 1]])
    other = np.array([[2, 1], [0, 3], [3, 4]])

    assert neighbour_overlap(one, other).tolist() == [1.0, 0.5, 0.0]


def test_neighbours_share_a_label_more_often_than_by_chance_only_where_they_do():
    values = pd.Series(["a"] * 50 + ["b"] * 50)
    near = np.array([[(i // 50) * 50 + (i + 1) % 50] for i in range(100)])
    assert label_agreement(near, values) == (1.0, 0.5)
    assert label_agreement(near, pd.Series(np.linspace(0, 1, 100))) is None
    assert label_agreement(near, pd.Series(["a"] * 100)) is None


def test_the_figure_of_a_notebook_colours_values_rings_the_chosen_and_turns_to_density():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.random(30), "y": rng.random(30), "title_id": "<b>", "shot": range(30)})
    values = pd.Series(["a", "b", "c"] * 10)
    figure = map_figure(table, values, chosen=[3, 4])
    assert [t.name for t in figure.data] == ["a", "b", "c", "chosen"]
    assert figure.data[0].customdata[0][1] == "&lt;b&gt;" and figure.data[0].type == "scattergl"
    assert {t.type for t in map_figure(table.assign(z=0.0), values).data} == {"scatter3d"}
    many = pd.concat([table] * (MOST_POINTS // 30 + 1), ignore_index=True)
    assert [t.type for t in map_figure(many).data] == ["heatmap"]


def test_a_copied_cell_draws_the_map_in_a_notebook(monkeypatch, tmp_path):
    catalog = tmp_path / "catalog"
    shutil.copytree(SAMPLE, catalog, ignore=shutil.ignore_patterns("media"))
    from msm.projection.maps import list_maps
    from workbench.views.notebook_code import map_code

    cell = map_code(catalog, list_maps(catalog)[0].path, "genre", "?shots=harbour-lights:1-3", tmp_path)
    *lines, last = cell.strip().splitlines()
    scope: dict = {}
    exec("\n".join([*lines, f"figure = {last}"]), scope)
    assert len(scope["figure"].data[-1].x) == 3


def test_what_the_histograms_leave_becomes_the_filter_of_the_page(monkeypatch, small):
    from workbench.app_pages.embedding_map import cached
    from workbench.app_pages.embedding_map.controls import Display, _choose_filter, _filtered, keep_brushes
    from workbench.session import page_texts

    def script() -> None:
        import streamlit as st

        st.session_state["test.run"]()

    labels = cached.labels(small, "shots")
    facets = cached.facets(small, "shots", ["split", "time in the title"])
    told = {}

    def run() -> None:
        before = Display(None, _filtered(_choose_filter(labels), facets), facets, True)
        keep_brushes(told["brushes"], before)
        told["texts"] = page_texts.texts()

    def again() -> None:
        told["after"] = _filtered(_choose_filter(labels), facets)

    app = AppTest.from_function(script)
    bins = {"split": (0,), "time in the title": (2, 3, 4)}
    for step, brushes in ((run, bins), (again, {}), (run, {"split": (0,)}), (again, {})):
        told["brushes"] = brushes
        app.session_state["test.run"] = step
        app.run()
        assert not app.exception, app.exception
        if step is run:
            continue
        wanted = bins if "only.time in the title" in told["texts"] else {"split": (0,)}
        assert (
            told["after"]["brushes"] == {label: [*b] for label, b in wanted.items()} and told["after"]["base"] is None
        )
    inside = labels["split"] == facets[0].names[0]
    shown = np.unpackbits(np.frombuffer(base64.b64decode(told["after"]["shown"]), np.uint8))[: len(labels)]
    assert (shown.astype(bool) == inside.to_numpy()).all() and told["texts"] == {
        "only": "split",
        "only.split": facets[0].names[0],
    }


def test_the_export_of_a_selection_has_names_labels_and_places_on_the_map(monkeypatch):
    from workbench.app_pages.embedding_map import panels
    from workbench.app_pages.embedding_map.cached import maps

    catalog = Catalog.open(SAMPLE)
    stored = next(m for m in maps(catalog) if m.of == "shots" and m.dims == 2)
    table = panels._exported(catalog, np.array([5, 700]), stored)
    assert table["title_id"].tolist() == catalog.read_shots()["title_id"].iloc[[5, 700]].tolist()
    assert {"name", "split", "genre", "start_s", "text", "note", "map_x", "map_y"} <= {*table}
    assert table[["map_x", "map_y"]].to_numpy().tolist() == np.asarray(stored.points)[[5, 700]].tolist()
    app = visit(monkeypatch, SAMPLE, ROOT / "sample_data" / "runs", shots="harbour-lights:0-3")
    assert {"CSV", "Parquet"} <= {b.label for b in app.get("download_button")}
