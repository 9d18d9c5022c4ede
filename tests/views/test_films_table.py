"""The table of films that ingests have read shows first what needs a look."""

from __future__ import annotations

from msm.ingest.report import FilmReport
from workbench.views.catalog_tables import films_table


def test_refused_films_stand_first_and_then_those_with_warnings():
    films = [
        FilmReport(video="a.mp4", title_id="a", shots=3, words="a.srt", encoding="cp1251", lines=7, media="linked"),
        FilmReport(video="b.mp4", title_id="b", frames_skipped=2, warnings=["2 frames", "no copy"], media="none"),
        FilmReport(video="films/c.mp4", outcome="failed", problem="c.mp4 is no film"),
    ]
    table = films_table(films)
    assert table["Film"].tolist() == ["c.mp4", "b", "a"]
    assert table["To know"].tolist() == ["c.mp4 is no film", "2 frames; no copy", ""]
    assert table["Words"].tolist() == ["–", "–", "a.srt (cp1251)"]
    assert table["Copy"].tolist() == ["–", "none", "linked"]
