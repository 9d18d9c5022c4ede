"""Titles that nobody gave a split are dealt one, now and when more titles come."""

from __future__ import annotations

from collections import Counter

import pytest

from msm.ingest.splits import extend_splits


@pytest.mark.parametrize(
    ("count", "shares"),
    [
        (1, {"test": 1}),
        (2, {"test": 2}),
        (3, {"train": 1, "validation": 1, "test": 1}),
        (10, {"train": 8, "validation": 1, "test": 1}),
        (40, {"train": 32, "validation": 4, "test": 4}),
    ],
)
def test_eight_of_ten_train_and_the_first_two_are_unseen(count, shares):
    assert Counter(extend_splits({}, [f"t{i}" for i in range(count)]).values()) == shares


def test_what_was_trained_on_never_becomes_unseen_however_titles_come():
    splits: dict[str, str] = {}
    for i in range(60):
        before, splits = splits, extend_splits(splits, [f"t{i}"])
        for title_id, split in before.items():
            assert splits[title_id] == split or (split, splits[title_id]) == ("test", "train")
    assert Counter(splits.values()) == {"train": 48, "validation": 6, "test": 6}


def test_a_split_that_was_given_stays(film):
    from msm import Catalog
    from msm.ingest import IngestOptions, TitleFacts, ingest
    from tests.ingest.conftest import Scene, write_film

    path = film.parent / "catalog"
    ingest([film], path, IngestOptions(facts=TitleFacts(split="val"), media=False))
    others = [write_film(film.with_name(f"other-{i}.mp4"), [Scene(i)]) for i in range(3)]
    ingest(others, path, IngestOptions(media=False))
    splits = dict(Catalog.open(path).titles[["title_id", "split"]].to_numpy().tolist())
    assert splits.pop("film") == "validation"
    assert Counter(splits.values()) == {"train": 1, "validation": 1, "test": 1}
