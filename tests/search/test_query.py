"""What a search answers: for shots, against shots, for a text, a clip, a fill-in; and where there is nothing to ask."""

from __future__ import annotations

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.data.catalog import modalities_of
from msm.data.fusion import fuse, unit
from msm.evaluation.space import fit_space
from msm.ingest.encoders.descriptors import describe_text
from msm.search.clips import clip_rows, like_clip
from msm.search.filters import Filters, allowed_rows, label_words
from msm.search.index_store import find_index
from msm.search.quality import measure
from msm.search.query import nearest, query_vector, rank_of, row_of
from msm.search.spaces import RawSpace
from msm.search.text_query import encode_text, find_words, text_encoder
from tests.search.conftest import DIMS


def everything(catalog: Catalog) -> np.ndarray:
    return catalog.read_rows(0, catalog.num_shots)


def test_scores_are_centred_cosines_of_the_default_recipes_fusion(films):
    fused = fuse(everything(films), films.modalities, "joint")
    centred = unit(fused - fused[: 24 + 16].mean(axis=0))  # alpha and beta are the training titles
    answer = nearest(find_index(RawSpace(films)), [5], k=72, alike=2)

    truth = np.delete(centred @ centred[5], 5)
    np.testing.assert_allclose(answer.table["score"], np.sort(truth)[::-1], atol=1e-5)
    np.testing.assert_allclose(answer.table["score"], (centred @ centred[5])[answer.rows], atol=1e-5)


@pytest.mark.parametrize("fusion", ["joint", "per_modality"])
def test_the_mean_is_the_one_that_a_run_learns(films, fusion):
    space = fit_space(films.split("train"), films.split("validation"), films.modalities, fusion)

    np.testing.assert_allclose(RawSpace(films, fusion).mean, space.mean, atol=1e-6)


@pytest.mark.parametrize("modality", [None, "video", "text"])
@pytest.mark.parametrize("fusion", ["joint", "per_modality"])
def test_the_quick_cosines_of_candidates_are_those_of_their_vectors(films, fusion, modality):
    space, rows = RawSpace(films, fusion, modality), np.arange(films.num_shots)
    query = space.read(np.array([3]))[0]

    np.testing.assert_allclose(space.scores(rows, query), space.read(rows) @ query, atol=1e-5)


def test_shots_of_the_same_scene_come_first_and_can_be_left_out(films):
    finder = find_index(RawSpace(films))
    first = nearest(finder, [row_of(films, "alpha:5")], k=3)
    assert set(first.table["shot"]) == {4, 6, 7} and set(first.table["title_id"]) == {"alpha"}

    elsewhere = nearest(finder, [5], k=80, filters=Filters(not_same_scene=True), alike=2)
    assert elsewhere.candidates == 72 - 4 and not {4, 5, 6, 7} & set(elsewhere.rows)
    other = nearest(finder, [5], k=80, filters=Filters(not_same_title=True), alike=2)
    assert "alpha" not in set(other.table["title_id"]) and len(other.table) == other.candidates == 48


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        (Filters(titles=("beta", "delta")), lambda t, s: t["title_id"].isin(["beta", "delta"])),
        (Filters(splits=("test",)), lambda t, s: t["split"] == "test"),
        (Filters(labels=(("genre", "crime"),)), lambda t, s: t["genre"] == "crime"),
        (Filters(labels=(("people", "Bob"),)), lambda t, s: s["people"].str.contains("Bob")),
        (Filters(labels=(("place", "place 0"), ("place", "place 1"), ("genre", "space"))), lambda t, s: s["place"].isin(["place 0", "place 1"]) & (t["genre"] == "space")),
    ],
)  # fmt: skip
def test_a_filter_lets_through_just_the_shots_that_it_names(films, filters, holds):
    titles = films.titles.loc[films.titles.index.repeat(films.titles["num_shots"])].reset_index(drop=True)
    wanted = holds(titles, films.read_shots()).to_numpy()

    np.testing.assert_array_equal(allowed_rows(films, filters), wanted)
    answer = nearest(find_index(RawSpace(films)), [0], k=100, filters=filters, alike=2)
    assert set(answer.rows) == set(np.flatnonzero(wanted)) - {0}


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (Filters(titles=("omega",)), "has no title 'omega'"),
        (Filters(splits=("tset",)), "split is 'tset'"),
        (Filters(labels=(("mood", "x"),)), "has no label 'mood'; it has scene, place, people, genre"),
        (Filters(labels=(("genre", "western"),)), "no shot has genre=western; it takes"),
    ],
)
def test_a_filter_that_names_what_is_not_there_gets_a_sentence(films, filters, sentence):
    with pytest.raises(InputError, match=sentence):
        allowed_rows(films, filters)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, {"yes"}),
        (np.False_, {"no"}),
        (3.0, {"3"}),
        (0.25, {"0.25"}),
        ("a| b |", {"a", "b"}),
        (None, set()),
        (np.nan, set()),
    ],
)
def test_the_value_of_a_label_is_what_a_person_would_type(value, words):
    assert label_words(value) == words


def test_like_these_and_not_those_moves_away_from_those(films):
    finder = find_index(RawSpace(films))
    vectors = finder.space.read(np.arange(films.num_shots))
    these, those = [0, 30], [45]
    query, plain = query_vector(finder, these, those), query_vector(finder, these)

    assert query @ vectors[45] < plain @ vectors[45] - 0.1
    assert not {0, 30, 45} & set(nearest(finder, these, those, k=100).rows)
    np.testing.assert_allclose(plain, unit(vectors[these].mean(axis=0)), atol=1e-6)


def test_twins_are_shown_once_with_how_many_they_are(one_title):
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((6, 8)).astype(np.float32)
    finder = find_index(RawSpace(one_title(looks[[0, 1, 1, 1, 2, 3, 4, 5, 0, 2]])))
    answer = nearest(finder, [5], k=4)

    assert len(answer.table) == 4
    copies = dict(zip(answer.table["row"], answer.table["copies"], strict=True))
    assert {copies.get(1), copies.get(0, 1), copies.get(4, 1)} <= {2, 1, None}
    assert nearest(finder, [5], k=100, alike=2).table["copies"].sum() == 0
    assert len(nearest(finder, [5], k=100, alike=2).table) == 9
    twin = nearest(finder, [0], k=1).table.iloc[0]
    assert twin["row"] == 8 and twin["score"] == pytest.approx(1, abs=1e-5)


def test_a_catalog_of_three_shots_answers_with_the_two_others(one_title):
    finder = find_index(RawSpace(one_title(np.eye(3, 5, dtype=np.float32))))
    answer = nearest(finder, [1], k=10)

    assert sorted(answer.rows) == [0, 2] and answer.candidates == 2
    assert nearest(finder, [1], k=10, filters=Filters(not_same_title=True)).table.empty


def test_a_catalog_of_one_shot_has_nothing_to_find(one_title):
    finder = find_index(RawSpace(one_title(np.ones((1, 4), np.float32))))

    with pytest.raises(InputError, match="nothing to compare"):
        nearest(finder, [0], k=3)


def test_a_shot_without_the_modality_is_neither_found_nor_asked_for(films):
    finder = find_index(RawSpace(films, modality="text"))
    assert set(finder.index.empty) == {r for r in range(72) if not everything(films)[r, 10:].any()}
    answer = nearest(finder, [0], k=100, alike=2)
    assert not set(answer.rows) & set(finder.index.empty.tolist())
    with pytest.raises(InputError, match="this shot has nothing to compare in raw text alone"):
        nearest(finder, [2])
    with pytest.raises(InputError, match="has no modality 'smell'; it has video, audio, text"):
        RawSpace(films, modality="smell")


def test_like_the_picture_alone_looks_at_no_other_column(films):
    changed = everything(films)
    changed[:, 6:] += np.random.default_rng(1).standard_normal((72, 9))
    other = Catalog.write(
        films.path.parent / "changed",
        [type(t)(**{**vars(t), "embeddings": changed[f : f + len(t.embeddings)]}) for t, f in zip([x.data() for x in films], films.titles["first_shot"], strict=True)],
        modalities=modalities_of(DIMS), dtype="float32",
    )  # fmt: skip
    answers = [nearest(find_index(RawSpace(c, modality="video")), [7], k=10).rows for c in (films, other)]

    assert answers[0] == answers[1]


def test_the_rank_of_a_shot_counts_the_nearer_ones(films):
    finder = find_index(RawSpace(films))
    query = query_vector(finder, [5])
    order = nearest(finder, vector=query, k=72, alike=2).rows

    assert [rank_of(finder, query, order[i]) for i in (0, 3, 71)] == [1, 4, 72]


def test_a_stretch_that_goes_like_the_clip_is_found_shot_by_shot(one_title):
    rng = np.random.default_rng(0)
    scene = rng.standard_normal((4, 8))
    embeddings = rng.standard_normal((60, 8))
    embeddings[10:14], embeddings[40:44] = scene, scene + 0.1 * rng.standard_normal((4, 8))
    embeddings[50:54] = scene[::-1]  # the same shots the other way round
    finder = find_index(RawSpace(one_title(embeddings)))
    answer = like_clip(finder, clip_rows(finder.catalog, "only:10-13"), k=5)

    vectors = finder.space.read(np.arange(60))
    best = answer.table.iloc[0]
    assert (best["shot"], best["last_shot"]) == (40, 43)
    assert best["score"] == pytest.approx(float((vectors[10:14] * vectors[40:44]).sum(axis=1).mean()), abs=1e-5)
    starts = sorted([10, *answer.table["shot"]])
    assert (np.diff(starts) >= 4).all()  # none overlaps another, nor the clip
    proposed = like_clip(find_index(finder.space, "hnsw"), np.arange(10, 14), k=1)
    assert proposed.table["shot"].tolist() == [40]


@pytest.mark.parametrize("name", ["only", "only:3-", "only:5,9", "only:50-70", "nobody:1-2"])
def test_a_clip_that_is_none_gets_a_sentence(one_title, name):
    with pytest.raises(InputError):
        clip_rows(one_title(np.eye(60, 8, dtype=np.float32) + 1), name)


def test_a_clip_stays_inside_its_title_and_inside_the_filter(films):
    finder = find_index(RawSpace(films))
    answer = like_clip(finder, np.arange(4, 8), k=50, filters=Filters(labels=(("genre", "space"),)))

    assert set(answer.table["title_id"]) <= {"beta", "delta"}
    assert (answer.table["last_shot"] - answer.table["shot"] == 3).all()


def test_the_very_words_are_found_whatever_their_case(films):
    found = find_words(films, "BETA  says", k=3)

    assert found.in_all == 11 and found.table["title_id"].tolist() == ["beta"] * 3
    assert find_words(films, "beta says", filters=Filters(splits=("test",))).in_all == 0
    assert find_words(films, "[beta", k=3).in_all == 0


def test_a_text_finds_the_shots_that_say_it_by_the_catalogs_own_encoder(films):
    said = films.read_shots()["text"]
    embeddings = np.concatenate([everything(films)[:, :10], np.stack([describe_text(t) for t in said])], axis=1)
    dims = {"video": 6, "audio": 4, "text": 768}
    titles = [t.data() for t in films]
    firsts = films.titles["first_shot"]
    spoken = [
        type(t)(**{**vars(t), "embeddings": embeddings[f : f + len(t.embeddings)]})
        for t, f in zip(titles, firsts, strict=True)
    ]
    made_by = modalities_of(dims, {"text": "descriptors/1"})
    catalog = Catalog.write(films.path.parent / "spoken", spoken, modalities=made_by, dtype="float32")
    finder = find_index(RawSpace(catalog, modality="text"))
    encoder = text_encoder(catalog)
    answer = nearest(finder, vector=encode_text(encoder, finder.space, "gamma says line 4"), k=1)

    assert (answer.table["title_id"][0], answer.table["shot"][0]) == ("gamma", 4)
    with pytest.raises(InputError, match="'\\?!' has no words"):
        encode_text(encoder, finder.space, "?!")


@pytest.mark.parametrize(
    ("modalities", "choice", "sentence"),
    [
        (modalities_of({"video": 8}), None, "has no text modality"),
        (modalities_of({"text": 8}, {"text": "somebody's/3"}), None, 'made by "somebody\'s/3", which is no encoder'),
        (modalities_of({"text": 8}), None, "made by 'unknown'"),
        (modalities_of({"text": 8}, {"text": "descriptors/1"}), None, "8 wide, but this encoder is descriptors/1, 768"),
        (modalities_of({"text": 8}), "nobody", "no encoders called 'nobody'"),
    ],
)
def test_without_a_text_encoder_a_text_gets_one_sentence(tmp_path, modalities, choice, sentence):
    from msm import TitleData

    title = TitleData(title_id="t", split="test", embeddings=np.ones((3, 8)))
    catalog = Catalog.write(tmp_path / "mute", [title], modalities=modalities)
    with pytest.raises(InputError, match=sentence):
        text_encoder(catalog, choice)


@pytest.mark.parametrize(("made_by", "choice"), [("descriptors/1", "descriptors"), ("openai:text-embedding-3-large/768", "openai=text-embedding-3-large"), ("sentence:all-mpnet-base-v2", "sentence"), ("sentence:mine", "sentence=mine"), ("unknown", None)])  # fmt: skip
def test_an_encoder_is_known_again_by_the_name_that_it_left(made_by, choice):
    from msm.ingest.encoder import choice_of

    assert choice_of(made_by) == choice


@pytest.mark.parametrize("name", ["alpha", "alpha:", "alpha:24", "alpha:-1", ":3", "omega:1"])
def test_a_name_that_is_no_shot_gets_a_sentence(films, name):
    with pytest.raises(InputError):
        row_of(films, name)


def test_a_space_where_a_label_shows_is_measured_as_better(films):
    class Blurred(RawSpace):
        def read(self, rows):
            noise = np.random.default_rng(5).standard_normal((films.num_shots, self.dim))
            return unit(super().read(rows) + 3 * noise[rows] / np.sqrt(self.dim)).astype(np.float32)

    told = measure({"raw": RawSpace(films), "blurred": Blurred(films)}, "scene", leave_out="nothing")
    columns = told["columns"]
    assert columns["raw"]["map"] > columns["blurred"]["map"] + 0.1 > told["chance"]["map"]
    assert columns["raw"]["r1"] >= 0.9 and columns["raw"]["median_rank"] == 1
    with pytest.raises(InputError, match="has no label 'mood'"):
        measure({"raw": RawSpace(films)}, "mood")
