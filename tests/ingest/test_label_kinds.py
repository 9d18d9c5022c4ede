"""A film whose labels are of another kind than those of the others keeps none of them out."""

from __future__ import annotations

import json
from pathlib import Path

from msm import Catalog
from msm.ingest import IngestOptions, ingest


def with_labels(film: Path, year: object, place: object) -> Path:
    spans = [{"start_s": 0, "end_s": 5, "place": place}]
    film.with_suffix(".json").write_text(json.dumps({"labels": {"year": year}, "shots": spans}), encoding="utf-8")
    return film


def test_a_label_that_is_a_number_in_one_film_and_text_in_another_is_text(put, tmp_path):
    films = [with_labels(put(0, "a.mp4"), 1999, 3), with_labels(put(1, "b.mp4"), "late", "sea"), put(2, "c.mp4")]
    report = ingest(films, tmp_path / "catalog", IngestOptions(media=False))
    assert report.failed == {} and len(report.added) == 3
    catalog = Catalog.open(tmp_path / "catalog")
    assert list(catalog.titles["year"].fillna("")) == ["1999", "late", ""]
    assert [list(title.shots["place"].fillna("")) for title in catalog] == [["3"], ["sea"], [""]]
    catalog.validate()


def test_a_later_film_may_change_the_kind_of_a_label(put, tmp_path):
    ingest([with_labels(put(0, "a.mp4"), 1999, 3), put(2, "c.mp4")], tmp_path / "catalog", IngestOptions(media=False))
    assert list(Catalog.open(tmp_path / "catalog").titles["year"].fillna(0)) == [1999, 0]
    ingest([with_labels(put(1, "b.mp4"), True, "sea")], tmp_path / "catalog", IngestOptions(media=False))
    catalog = Catalog.open(tmp_path / "catalog")
    assert list(catalog.titles["year"].fillna("")) == ["1999", "", "True"]
    assert [list(title.shots["place"].fillna("")) for title in catalog] == [["3"], [""], ["sea"]]
