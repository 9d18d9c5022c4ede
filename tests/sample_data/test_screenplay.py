"""The sample films are made of rules that a model can find out; here the rules are held to."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm.data.catalog import Catalog
from sample_data import make, without_pictures
from sample_data.embeddings import DIMS, embed, embed_without_noise
from sample_data.film import FILMED, NOBODY
from sample_data.screenplay import all_premises, seed_of, write_film

COMMITTED = Path(make.__file__).parent / "catalog"


@pytest.fixture(scope="module")
def films():
    """All of them: stories alone take a second."""
    return [write_film(genre, premise, _rng(premise.title_id)) for genre, premise, _ in all_premises()]


@pytest.fixture(scope="module")
def catalog():
    """The sample films, as the repository keeps them."""
    return Catalog.open(COMMITTED)


@pytest.fixture(scope="module")
def unfilmed(tmp_path_factory):
    """Twenty-four titles without pictures."""
    return without_pictures.make_catalog(tmp_path_factory.mktemp("unfilmed") / "catalog", num_titles=24)


def _rng(title_id):
    return np.random.default_rng(seed_of(make.SEED, title_id))


def _scenes(film):
    return [[s for s in film.shots if s.scene.number == scene.number] for scene in film.scenes]


def test_every_scene_opens_with_an_establishing_shot(films):
    for film in films:
        for shots in _scenes(film):
            assert shots[0].pattern == "establishing" and shots[0].size == "wide"


def test_a_sitcom_shows_the_house_before_it_goes_in(films):
    for film in films:
        exterior = film.outline.genre.exterior
        if exterior:
            assert all(shots[0].place == exterior for shots in _scenes(film))


def test_a_scene_stays_in_its_place_unless_it_is_a_montage(films):
    for film in films:
        for scene, shots in zip(film.scenes, _scenes(film), strict=True):
            if scene.pattern != "montage":
                assert {s.place for s in shots} <= {scene.place, film.outline.genre.exterior}


def test_those_who_talk_take_turns(films):
    for film in films:
        for scene, shots in zip(film.scenes, _scenes(film), strict=True):
            if scene.pattern in ("dialogue", "showdown"):
                speakers = [s.speaker for s in shots if s.speaker != NOBODY]
                assert len(speakers) > 2 and all(a != b for a, b in pairwise(speakers))


def test_a_voice_belongs_to_someone_in_the_picture_or_goes_on_over_a_detail(films):
    for film in films:
        narrator = film.outline.genre.narrator
        for shot in film.shots:
            heard = shot.scene.characters if shot.size == "insert" else shot.characters
            assert shot.speaker in (*heard, NOBODY, narrator)


def test_every_second_shot_of_a_dialogue_is_the_same_voice(films):
    """Inserts and two-shots take a turn too, so that who speaks can be told from far away."""
    for film in films:
        for scene, shots in zip(film.scenes, _scenes(film), strict=True):
            if scene.pattern == "dialogue" and len(scene.characters) == 2:
                turns = [i for i, s in enumerate(shots) if s.speaker == scene.characters[0]]
                assert len({i % 2 for i in turns}) == 1


def test_the_opponents_melody_is_heard_before_he_is_seen(films):
    seen = 0
    for film in films:
        owner = film.outline.opponent
        for i, shot in enumerate(film.shots):
            scene_before = [s for s in film.shots[:i] if s.scene == shot.scene]
            if owner in shot.characters and not any(owner in s.characters for s in scene_before):
                seen += 1
                assert film.shots[i - 1].motif == shot.motif == owner
                assert owner not in film.shots[i - 1].characters
    assert seen > len(films)


def test_an_object_of_act_one_returns_at_the_climax(films):
    for film in films:
        acts = {s.scene.act for s in film.shots if s.prop == film.outline.premise.prop}
        assert acts == {"setup", "climax"}


def test_the_climax_is_where_the_story_began(films):
    for film in films:
        first = film.scenes[0].place
        assert any(s.place == first for s in film.scenes if s.act == "climax")


def test_tension_rises_to_the_climax_and_falls_after_it(films):
    for film in films:
        mean = {
            act: np.mean([s.tension for s in film.scenes if s.act == act]) for act in ("setup", "climax", "resolution")
        }
        assert mean["setup"] < mean["climax"] > mean["resolution"]


def test_shots_follow_each_other_without_a_gap(films):
    for film in films:
        assert film.shots[0].start_s == 0
        assert all(a.end_s == b.start_s for a, b in pairwise(film.shots))
        assert all(s.end_s - s.start_s + 1e-6 >= 2 and s.end_s - s.start_s <= 8.001 for s in film.shots)


def test_titles_have_the_promised_sizes(films):
    lengths = [len(film.shots) for film in films]
    assert len(films) >= 48 and min(lengths) >= 60 and max(lengths) <= 200 and 100 <= np.median(lengths) <= 140
    for film in films:
        assert 3 <= len(film.outline.characters) <= 6 and 4 <= len(film.outline.places) <= 8
        assert all(8 <= len(shots) <= 20 for shots in _scenes(film))


def test_no_line_is_left_with_a_hole_or_a_small_first_letter(films):
    for film in films:
        for text in [film.synopsis, *(s.text for s in film.shots if s.text)]:
            assert "{" not in text and text[0] == text[0].upper() and text.endswith((".", "?", "!"))


def test_people_do_not_gossip_about_the_opponent_to_his_face(films):
    for film in films:
        if not film.outline.genre.narrator:
            facing = [s for s in film.shots if film.outline.opponent in (*s.scene.characters, s.scene.listener)]
            assert not any(s.text == f"I do not trust {film.outline.opponent}." for s in facing)


def test_a_shot_has_text_exactly_where_somebody_speaks(catalog, unfilmed):
    for title in (*catalog, *unfilmed):
        shots, text = title.shots, next(m for m in title.catalog.modalities if m.name == "text")
        spoken = shots["speaker"] != NOBODY
        assert (spoken == (shots["text"] != "")).all()
        assert (spoken == title.embeddings[:, text.columns].any(axis=1)).all()


def test_splits_are_by_title_and_cover_the_genres(catalog):
    titles = catalog.titles
    genres = set(titles["genre"])
    assert len(titles) >= 24 and len(genres) >= 6 and titles["title_id"].is_unique
    for split in ("train", "test"):
        assert set(titles.loc[titles["split"] == split, "genre"]) == genres
    assert (titles["split"] == "validation").sum() >= 4
    assert (titles["split"] == "train").mean() >= 0.6


def test_harbour_lights_is_a_test_title_that_plays(catalog):
    title = catalog["harbour-lights"]
    assert title.split == "test" and (COMMITTED / "media" / title.row["media"]).exists()


def test_the_catalog_is_sound_and_small_enough_to_be_kept(catalog):
    catalog.validate()
    kept = (p for p in COMMITTED.rglob("*") if p.is_file() and p.relative_to(COMMITTED).parts[0] != "index")
    sizes = [p.stat().st_size for p in kept]  # an index is what the app builds beside it, and nobody commits
    assert sum(sizes) < 50e6 and max(sizes) < 5e6
    assert catalog.provenance["kind"] == "sample films" and catalog.provenance["seed"] == make.SEED


def test_every_shot_has_a_thumbnail_and_two_or_three_films_play(catalog):
    for title in catalog:
        found = {p.name for p in (COMMITTED / "media" / "thumbnails" / title.title_id).iterdir()}
        assert found == {f"{n}.webp" for n in range(title.num_shots)}
    named = set(catalog.titles["media"].dropna())
    assert named == {p.name for p in (COMMITTED / "media").glob("*.mp4")} and 2 <= len(named) <= 3


def test_the_committed_films_are_those_of_the_screenplay(catalog):
    """Ingest found nearly every cut; where it did, the labels are those of the screenplay's shot."""
    for title in list(catalog)[:4]:
        genre, premise, split = next(p for p in all_premises() if p[1].title_id == title.title_id)
        film = write_film(genre, premise, _rng(title.title_id), FILMED)
        starts = {round(s.start_s, 2): s for s in film.shots}
        rows = [(row, starts.get(round(row["start_s"], 2))) for _, row in title.shots.iterrows()]
        found = [(row, shot) for row, shot in rows if shot is not None]
        assert len(found) >= 0.95 * len(film.shots) and split == title.split
        for row, shot in found:
            assert (row["scene"], row["place"], row["speaker"]) == (shot.scene.number, shot.place.name, shot.speaker)
            assert row["text"] == shot.text


def test_films_have_sixty_to_two_hundred_shots(catalog):
    counts = catalog.titles["num_shots"]
    assert counts.min() >= 60 and counts.max() <= 200 and counts.mean() >= 75


def test_a_shorter_length_keeps_the_rules():
    genre, premise, _ = next(all_premises())
    film = write_film(genre, premise, _rng(premise.title_id), FILMED)
    assert 60 <= len(film.shots) <= 120
    assert all(a.end_s == b.start_s for a, b in pairwise(film.shots))
    assert all(shots[0].pattern == "establishing" for shots in _scenes(film))


def test_the_same_seed_gives_the_same_titles():
    once, again, other = (list(islice(without_pictures.make_titles(seed), 2)) for seed in (7, 7, 8))
    for a, b, c in zip(once, again, other, strict=True):
        np.testing.assert_array_equal(a.embeddings, b.embeddings)
        pd.testing.assert_frame_equal(a.shots, b.shots)
        assert not np.array_equal(a.embeddings[:50], c.embeddings[:50])


def test_titles_do_not_depend_on_how_many_there_are_and_sequels_are_other_stories():
    titles = {t.title_id: t for t in without_pictures.make_titles(num_titles=88)}
    assert len(titles) == 88 and titles["harbour-lights-2"].split == "test"
    few = next(without_pictures.make_titles(num_titles=1))
    np.testing.assert_array_equal(few.embeddings, titles[few.title_id].embeddings)
    assert set(titles["harbour-lights-2"].shots["text"]) != set(titles["harbour-lights"].shots["text"])


def test_a_catalog_without_pictures_says_that_nothing_was_filmed(unfilmed):
    unfilmed.validate()
    assert unfilmed.provenance["kind"] == "screenplay" and "No film" in unfilmed.provenance["note"]


def test_a_face_is_more_like_the_one_two_shots_away_than_like_its_neighbour(films):
    """Without it there would be nothing to learn beyond the neighbours."""
    near, far = [], []
    for film in films[:10]:
        vectors = embed_without_noise(film)
        vectors -= vectors.mean(axis=0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        for i in range(2, len(vectors)):
            trio = film.shots[i - 2 : i + 1]
            if len({s.scene for s in trio}) == 1 and all(
                s.pattern == "dialogue" and len(s.characters) == 1 for s in trio
            ):
                near.append(vectors[i] @ vectors[i - 1])
                far.append(vectors[i] @ vectors[i - 2])
    assert np.mean(far) > np.mean(near) + 0.3


def test_vectors_without_pictures_are_alike_as_real_encoders_are(unfilmed):
    """Two random shots of different titles: a raw cosine of about a half, as the real sets have."""
    rows = np.concatenate([t.embeddings for t in unfilmed.split("train")])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pick = np.random.default_rng(0).integers(len(rows), size=(2, 2000))
    assert 0.4 < (rows[pick[0]] * rows[pick[1]]).sum(axis=1).mean() < 0.6


def test_noise_is_the_shots_own_and_the_rest_is_the_story(films):
    film = films[0]
    clean = embed_without_noise(film)
    noisy = embed(film, np.random.default_rng(0)) - clean
    assert clean.shape == (len(film.shots), sum(DIMS.values()))
    assert np.abs(np.corrcoef(noisy[:, : DIMS["video"]])[0, 1:]).mean() < 0.2
    moved = replace(film, shots=tuple(replace(s, start_s=s.start_s + 1) for s in film.shots))
    np.testing.assert_array_equal(embed_without_noise(moved), clean)
