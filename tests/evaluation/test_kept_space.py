"""Mean and baselines of a catalog are estimated once, and from a sample where it says the same."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scale_catalog import title
from msm import Catalog
from msm.data.catalog import modalities_of
from msm.data.coverage import FOLDER
from msm.evaluation import kept_space, space
from msm.evaluation.kept_space import mean_of, space_of
from msm.evaluation.space import fit_space, training_mean
from tests.talks import alternating_titles


@pytest.fixture
def own(talks, make_catalog):
    """A catalog of this test alone."""
    titles = alternating_titles(40, np.random.default_rng(7))
    return make_catalog(list(titles), modalities=talks.modalities, dtype="float32")


def same(one, other) -> bool:
    """Are two spaces equal to the bit?"""
    plain = np.array_equal(one.mean, other.mean) and one.bandwidth == other.bandwidth
    values = [
        np.array_equal(value, other.baselines[name][key])
        if isinstance(value, np.ndarray)
        else value == other.baselines[name][key]
        for name, parameters in one.baselines.items()
        for key, value in parameters.items()
    ]
    return plain and set(one.baselines) == set(other.baselines) and all(values)


def test_what_is_kept_is_to_the_bit_what_was_estimated_and_reads_no_title(own, monkeypatch):
    fresh = fit_space(own.split("train"), own.split("validation"), own.modalities, "joint")
    first = space_of(own, "joint")

    def unread(*_):
        raise AssertionError("vectors are read")

    monkeypatch.setattr(Catalog, "read_rows", unread)
    later = space_of(Catalog.open(own.path), "joint")
    assert not first.kept and later.kept and later.facts == first.facts
    assert same(first.space, fresh) and same(later.space, fresh)
    assert np.array_equal(mean_of(Catalog.open(own.path), "joint"), fresh.mean)


def test_another_catalog_and_other_code_estimate_anew(own, monkeypatch):
    space_of(own, "joint")
    assert space_of(Catalog.open(own.path), "joint").kept
    assert not space_of(Catalog.open(own.path), "per_modality").kept
    monkeypatch.setattr(kept_space, "code_digest", lambda: "other")
    assert not space_of(Catalog.open(own.path), "joint").kept
    monkeypatch.undo()
    shard = own.shard_files[0]
    vectors = np.load(shard)
    vectors[0] *= 2
    np.save(shard, vectors)
    assert not space_of(Catalog.open(own.path), "joint").kept


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"{}", lambda content: b""])
def test_a_damaged_file_counts_as_none(own, damage):
    expected = space_of(own, "joint").space
    path = own.path / FOLDER / "space-joint.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    again = space_of(Catalog.open(own.path), "joint")
    assert not again.kept and same(again.space, expected)


def test_the_mean_of_a_sample_of_every_title_is_that_of_all_shots_to_a_thousandth(make_catalog, monkeypatch):
    made = [title(number, 32, 100) for number in range(100)]
    catalog = make_catalog(made, modalities=modalities_of({"video": 16, "audio": 8, "text": 8}), dtype="float16")
    train = catalog.split("train")
    whole = training_mean(train, catalog.modalities, "joint")
    monkeypatch.setattr(space, "MOST_MEAN", 32 * 10_000 // 4)
    read = []
    rows = Catalog.read_rows
    monkeypatch.setattr(Catalog, "read_rows", lambda self, a, b, k=1: read.append(k) or rows(self, a, b, k))
    sampled, complete, shots = space._mean_of_complete(train, catalog.modalities, "joint")
    assert read == [4] * 80 and shots == 25 * len(complete)
    assert len(complete) == sum(t.present.any(axis=0).all() for t in train) < len(train)
    # Four standard errors: a coordinate of a vector of unit length deviates by 1 / √columns.
    assert 0 < np.abs(sampled - whole).max() < 4 / np.sqrt(32 * shots)
    monkeypatch.undo()
    assert 4 / np.sqrt(space.MOST_MEAN) < 1e-3
