"""Sample films are drawn and heard as the screenplay says, the same each time, and go through ingest like anyone's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skia", reason="films are drawn with Skia: make sample-data", exc_type=ImportError)

from msm.data.catalog import Catalog
from msm.ingest import IngestOptions, ingest
from sample_data import films, make
from sample_data.film import FILMED, NOBODY
from sample_data.render import encode, is_rendered, render, render_all, shots_of, sidecar
from sample_data.without_pictures import labels_of

SHORT = 6  # shots


@pytest.fixture(scope="module")
def film():
    """The first shots of Harbour Lights."""
    whole, _ = films.write_films(make.SEED, 1)[0]
    return replace(whole, shots=whole.shots[:SHORT])


@pytest.fixture(scope="module")
def rendered(film, tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    render(film, "test", folder, make.SEED)
    return folder


@pytest.fixture(scope="module")
def title(film, rendered):
    path = rendered / "catalog"
    ingest([rendered / f"{film.title_id}.mp4"], path, IngestOptions())
    return Catalog.open(path)[film.title_id]


def test_the_same_seed_gives_the_same_frames_and_sound(film):
    few = replace(film, shots=film.shots[:2])
    once, again, other = (
        [(np.stack([f.copy() for f in frames]), sound) for frames, sound in shots_of(few, seed)] for seed in (1, 1, 2)
    )
    for (a, heard_a), (b, heard_b), (c, heard_c) in zip(once, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(heard_a, heard_b)
        assert not np.array_equal(a, c) and not np.array_equal(heard_a, heard_c)


def test_every_cut_of_the_screenplay_is_found_by_ingest(film, title):
    np.testing.assert_allclose(title.shots["start_s"], [s.start_s for s in film.shots], atol=1e-3)


def test_labels_arrive_at_their_shots(film, title):
    for (_, row), shot in zip(title.shots.iterrows(), film.shots, strict=True):
        assert {name: row[name] for name in labels_of(shot)} == labels_of(shot)


def test_a_line_reaches_the_shot_in_which_it_is_spoken(film, title):
    assert list(title.shots["text"]) == [s.text for s in film.shots]
    assert any(title.shots["text"])


def test_facts_of_the_title_arrive(film, title):
    assert (title.name, title.split, title.row["genre"]) == (film.name, "test", film.outline.genre.name)
    assert title.row["synopsis"] == film.synopsis and title.global_embedding.any()


def test_two_people_have_two_voices(film):
    track = films_sound(film)
    spoken = [n for n, s in enumerate(film.shots) if s.speaker != NOBODY]
    pitches = {film.shots[n].speaker: _pitch(track.of_shot(n)[1]) for n in spoken[:2]}
    assert len(pitches) == 2
    low, high = sorted(pitches.values())
    assert high > 1.1 * low


def films_sound(film):
    from sample_data.sound.mix import Soundtrack

    return Soundtrack(film, make.SEED)


def _pitch(voice: np.ndarray) -> float:
    """Hertz: the lag at which the voice is most like itself."""
    part = voice[np.abs(voice) > 0][:12_000]
    alike = np.correlate(part, part, "full")[len(part) - 1 :]
    lags = slice(24_000 // 350, 24_000 // 70)
    return 24_000 / (lags.start + int(alike[lags].argmax()))


def test_a_mouth_moves_only_while_its_owner_speaks(film):
    silent = next(n for n, s in enumerate(film.shots) if s.speaker == NOBODY)
    assert not films_sound(film).of_shot(silent)[1].any()


def test_a_film_is_drawn_again_only_when_its_screenplay_changed(film, rendered, tmp_path):
    assert is_rendered(film, rendered, make.SEED)
    before = (rendered / f"{film.title_id}.mp4").stat().st_mtime_ns
    render_all([(film, "test")], rendered, make.SEED, 1)
    assert (rendered / f"{film.title_id}.mp4").stat().st_mtime_ns == before
    assert not is_rendered(replace(film, shots=film.shots[:-1]), rendered, make.SEED)
    assert not is_rendered(film, tmp_path, make.SEED)


def test_a_film_whose_drawing_failed_leaves_no_half_file(film, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        Path(_[1]).write_bytes(b"half")
        raise RuntimeError("out of paint")

    monkeypatch.setattr("sample_data.render.encode", fail)
    with pytest.raises(RuntimeError, match="out of paint"):
        render(film, "test", tmp_path, make.SEED)
    assert not list(tmp_path.iterdir())
    assert encode is not fail


def test_shots_lie_on_whole_frames():
    for film, _ in films.write_films(make.SEED, 8):
        for shot in film.shots:
            assert abs(shot.start_s * FILMED.rate - round(shot.start_s * FILMED.rate)) < 0.01


def test_the_sidecar_is_plain_json_and_knows_every_shot(film):
    again = json.loads(json.dumps(sidecar(film, "test")))
    assert len(again["shots"]) == SHORT and again["shots"][2]["place"] == film.shots[2].place.name


def test_publishing_keeps_vectors_labels_and_thumbnails_and_only_the_chosen_media(film, title, tmp_path):
    kept = films.publish(title.catalog, [film.title_id], tmp_path / "with", make.SEED)
    without = films.publish(title.catalog, [film.title_id], tmp_path / "without", make.SEED, playable=())
    np.testing.assert_array_equal(kept[film.title_id].embeddings, title.embeddings)
    assert list(kept[film.title_id].shots["speaker"]) == [s.speaker for s in film.shots]
    for catalog in (kept, without):
        thumbnails = catalog.path / "media" / "thumbnails" / film.title_id
        assert len(list(thumbnails.iterdir())) == SHORT
    assert (kept.path / "media" / f"{film.title_id}.mp4").exists() and not list(without.path.rglob("*.mp4"))
