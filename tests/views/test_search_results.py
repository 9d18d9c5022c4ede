"""Search results as cards, sentences and figures."""

from __future__ import annotations

import pandas as pd
import pytest

from msm.search.filters import Filters
from workbench.views import palette, search_results
from workbench.views.notebook_code import measures_code


def table(**changed: object) -> pd.DataFrame:
    row = {"row": 7, "title_id": "t", "name": "A <b>title</b>", "shot": 3, "start_s": 65.2, "end_s": 70.0}
    return pd.DataFrame([{**row, "text": "one\n two", "score": 0.51234, "copies": 2, **changed}])


def test_a_card_holds_the_known_facts_of_its_shot():
    labels = pd.DataFrame({"place": ["the bar"], "people": ["Ann|Bob"], "mood": [None], "act": [2.0]})
    (card,) = search_results.cards(
        table(),
        labels,
        picture=lambda title, shot: f"/{title}/{shot}.webp",
        show=["place", "people", "mood", "act", "gone"],
        as_query={"place": "the pier", "people": "Bob"},
        marks={7: "truth"},
        notes={7: "the real shot"},
    )

    assert card["picture"] == "/t/3.webp" and card["time"] == "01:05" and card["text"] == "one two"
    assert card["chips"] == [["place", "the bar", False], ["people", "Ann, Bob", True], ["act", "2", False]]
    assert (card["score"], card["note"], card["mark"]) == (0.512, "the real shot · +2 alike", "truth")


def test_without_pictures_times_and_scores_cards_still_distinguish_shots():
    (card,) = search_results.cards(
        table(start_s=float("nan"), score=float("nan"), copies=0),
        pd.DataFrame(index=[0]),
        picture=lambda title, shot: None,
        colour=lambda title, shot: "#123456",
    )

    assert (card["picture"], card["colour"], card["time"], card["score"], card["note"]) == (None, "#123456", "shot 3", None, "")  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "contextual", "sentence"),
    [
        ([1, 2, 3], [3, 4, 5], "agree on 1 of 3 shots"),
        ([1, 2], [2, 1], "find the same 2 shots"),
        ([1, 2], [3, 4], "2 shots each, and none of them in common"),
        ([], [], "Nothing passes the filters"),
    ],
)
def test_agreement_is_counted(raw, contextual, sentence):
    assert sentence in search_results.agreement(raw, contextual)


def test_the_labels_of_the_query_are_counted_on_both_sides():
    labels = {"raw": pd.DataFrame({"place": ["a", "b"]}), "contextual": pd.DataFrame({"place": ["a", "a|c"]})}

    assert search_results.same_as_query(labels, "place", "a").endswith("(a): raw 1 of 2, contextual 2 of 2.")
    assert (
        search_results.same_as_query(labels, "place", "z") == search_results.same_as_query(labels, "place", None) == ""
    )
    assert search_results.same_as_query(labels, "mood", "a") == ""


@pytest.mark.parametrize(
    ("place", "sentence"),
    [(1, "none is nearer"), (2, "1 shot of 300 is nearer"), (9, "8 shots of 300 are nearer"), (None, "1 of 2 shots")],
)
def test_the_rank_of_the_real_shot_is_a_sentence(place, sentence):
    assert sentence in search_results.expected_words(place, 300, [1, 2], [2, 3])


def test_filters_are_a_sentence():
    filters = Filters(titles=("t",), splits=("test",), labels=(("shot_size", "wide"),), not_same_title=True)

    assert search_results.filter_words(filters, {"t": "A title"}) == (
        "Only A title, test titles, shot size wide. The query's own title is left out."
    )
    assert search_results.filter_words(Filters(), {}) == ""


def test_an_approximate_index_reports_its_recall_and_an_exact_one_says_so():
    facts = {"kind": "ivfpq", "exact": False, "recall_at_10": 0.971, "saved": True, "words": "raw"}

    assert "recall@10 0.971 measured, scores exact, kept beside" in search_results.index_words(facts, 10, 1.5)
    assert "exact, built in memory" in search_results.index_words({**facts, "exact": True, "saved": False}, 10, 1.5)


def test_the_measures_name_the_better_search_or_a_draw():
    scores = {"r1": 0.2, "r5": 0.3, "r10": 0.4, "map": 0.2, "median_rank": 5.0}
    measured = {"columns": {"raw": scores, "contextual": {**scores, "map": 0.3}}, "chance": {**scores, "map": 0.05}}
    measures = search_results.measures_table(measured)

    assert measures["how"].tolist() == ["raw", "contextual", "chance"]
    assert search_results.measures_sentence(measures, "shot_size").startswith(
        "The contextual search finds the same shot size"
    )
    assert "about as often" in search_results.measures_sentence(measures.assign(map=[0.2, 0.203, 0.1]), "x")
    assert "in 20% of searches" in search_results.measures_sentence(measures[measures["how"] != "contextual"], "x")
    figure = search_results.measures_figure(measures)
    assert [t.marker.color for t in figure.data] == [palette.TRUTH, palette.MODEL, palette.OTHER]
    assert list(figure.data[1].x) == [0.2, 0.3, 0.4, 0.3]


def test_the_copied_cells_run(tiny_catalog):
    exec(compile(measures_code(tiny_catalog.path, None, "genre", "nothing"), "cell", "exec"), {})
