"""A sample of titles has the lengths of all of them, and is the same each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msm.data.stratified import sample_facts, stratified


@dataclass(frozen=True)
class OfLength:
    number: int
    num_shots: int


def titles(count: int) -> list[OfLength]:
    return [OfLength(i, int(n)) for i, n in enumerate(np.random.default_rng(1).integers(5, 1000, count))]


def test_a_sample_has_one_title_of_every_stratum_of_length():
    everything = titles(200)
    taken = stratified(everything, 20)
    ranks = {t: rank for rank, t in enumerate(sorted(everything, key=lambda t: t.num_shots))}
    assert sorted(ranks[t] // 10 for t in taken) == list(range(20))
    assert [t.number for t in taken] == sorted(t.number for t in taken)


def test_the_same_seed_draws_the_same_titles_and_another_seed_others():
    everything = titles(200)
    assert stratified(everything, 20) == stratified(everything, 20) != stratified(everything, 20, seed=1)


def test_no_more_titles_than_asked_for_are_all_taken():
    everything = titles(20)
    assert stratified(everything, 20) == stratified(everything, None) == everything
    assert sample_facts(everything, everything) == {"titles": 20, "of": 20, "sampled": False, "seed": 0}
    assert sample_facts(stratified(everything, 7), everything)["sampled"]
