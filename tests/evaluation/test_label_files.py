"""Labels as they come: CSV, ELAN and Label Studio say the same, and what has no place is named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError, TitleData
from msm.data.catalog import modalities_of
from msm.evaluation.label_files import read_labels_of

SHOTS = 6  # of two seconds each


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> Catalog:
    """Titles a to d of six shots of two seconds; d has no times."""
    rng = np.random.default_rng(0)
    starts = 2.0 * np.arange(SHOTS)
    titles = [
        TitleData(
            title_id=name,
            name=f"Film {name.upper()}",
            split="train",
            embeddings=rng.normal(size=(SHOTS, 4)),
            shots=pd.DataFrame({"start_s": starts, "end_s": starts + 2} if name != "d" else {"x": starts}),
        )
        for name in "abcd"
    ]
    return Catalog.write(tmp_path_factory.mktemp("labels") / "catalog", titles, modalities=modalities_of({"video": 4}))


def read(catalog: Catalog, path: Path, text: str | bytes, **choices) -> dict[str, set]:
    """Label → (title, first, stop, values) of each example."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    sets = read_labels_of([path], catalog, **choices).sets
    return {s.name: {("abcd"[e.title], e.first, e.stop, e.values) for e in s.examples} for s in sets}  # noqa: PD011


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_of_shots_is_read_whatever_separates_and_encodes_it(catalog, tmp_path, separator, encoding):
    lines = ["title_id,shot,mood,note", "a,0,café,", "a,5,calm,x", "b,1,,y", "", "Film C,2,calm,z"]
    text = "\r\n".join(lines).replace(",", separator).encode(encoding)
    found = read(catalog, tmp_path / "l.csv", text)
    assert found["mood"] == {("a", 0, 1, ("café",)), ("a", 5, 6, ("calm",)), ("c", 2, 3, ("calm",))}
    assert found["note"] == {("a", 5, 6, ("x",)), ("b", 1, 2, ("y",)), ("c", 2, 3, ("z",))}


def test_repeated_rows_and_bars_are_several_tags_of_one_place(catalog, tmp_path):
    found = read(catalog, tmp_path / "l.csv", "title,shot,label\na,1,dog\na,1,cat|dog\nb,1,dog\n")
    assert found == {"label": {("a", 1, 2, ("dog", "cat")), ("b", 1, 2, ("dog",))}}


def test_columns_of_zeros_and_ones_are_one_label_where_tags_are_asked_for(catalog, tmp_path):
    text = "title,dog,cat\na,1,1\nb,0,1\nc,0,0\n"
    assert read(catalog, tmp_path / "l.csv", text, tags=True)["tags"] == {
        ("a", 0, 6, ("dog", "cat")),
        ("b", 0, 6, ("cat",)),
    }
    assert set(read(catalog, tmp_path / "l.csv", text)) == {"dog", "cat"}


def test_a_row_without_a_place_is_the_whole_title_and_shots_and_times_are_stretches(catalog, tmp_path):
    whole = read(catalog, tmp_path / "l.csv", "title,year\na,1999\nFilm D,2004\n")
    shots = read(catalog, tmp_path / "l.csv", "title,first_shot,last_shot,act\na,0,2,one\na,3,5,two\n")
    times = read(catalog, tmp_path / "l.csv", "title,start,end,act\na,0,6,one\na,0:00:06,00:12.0,two\n")
    assert whole["year"] == {("a", 0, 6, ("1999",)), ("d", 0, 6, ("2004",))}
    assert shots == times == {"act": {("a", 0, 3, ("one",)), ("a", 3, 6, ("two",))}}


@pytest.mark.parametrize(
    ("seconds", "overlap", "shots"),
    [((0.9, 5.1), 0.5, (0, 3)), ((1.1, 4.9), 0.5, (1, 2)), ((1.1, 4.9), 0.4, (0, 3)), ((3.1, 3.3), 0.5, (1, 2)),
     ((1.0, 3.0), 0.5, (0, 2)), ((0, 100), 1.0, (0, 6))],
)  # fmt: skip
def test_a_shot_belongs_to_a_stretch_that_holds_enough_of_it_or_to_the_shot_that_holds_most(
    catalog, tmp_path, seconds, overlap, shots
):
    text = "title,start_s,end_s,label\na,{},{},x\n".format(*seconds)
    assert read(catalog, tmp_path / "l.csv", text, overlap=overlap)["label"] == {("a", *shots, ("x",))}


def test_each_shot_of_a_span_can_be_an_example_of_its_own(catalog, tmp_path):
    text = "title,first_shot,last_shot,act\na,0,2,one\na,2,3,two\n"
    found = read(catalog, tmp_path / "l.csv", text, each_shot=True)["act"]
    assert found == {("a", 0, 1, ("one",)), ("a", 1, 2, ("one",)), ("a", 2, 3, ("one", "two")), ("a", 3, 4, ("two",))}


def test_what_has_no_place_is_reported_with_its_line_and_the_rest_is_kept(catalog, tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("title,shot,start_s,end_s,mood\na,1,,,up\nnobody,1,,,up\na,6,,,up\na,,50,60,up\nd,,0,2,up\n")
    found = read_labels_of([path], catalog)
    assert [len(s.examples) for s in found.sets] == [1]
    told = "\n".join(found.problems)
    for words in ("l.csv, line 3: there is no title 'nobody'", "line 4: title 'a' has shots 0 to 5, not 6",
                  "line 5: title 'a' ends at 12.0 s", "line 6: title 'd' has no times"):  # fmt: skip
        assert words in told
    assert found.summary()["unplaced"] == 4 and found.num_marks == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        ("film,mood\na,up\n", "no column title or title_id"),
        ("title,shot\na,1\n", "no column with labels"),
        ("title,mood,mood\na,x,y\n", "two columns 'mood'"),
        ("title,mood\na,up\na\n", "line 3 has 1 cells, but 2 columns"),
        ("title,shot,mood\na,-1,up\n", "line 2: '-1' is no shot"),
        ("title,shot,mood\n,1,up\n", "line 2 names no title"),
        ("title,start_s,end_s,mood\na,3,2,up\n", "line 2: from 3 s to 2 s is no stretch of time"),
        ("title,start_s,end_s,mood\na,soon,2,up\n", "line 2: 'soon' is no time"),
        ("title,mood\nnobody,up\n", "line 2: there is no title 'nobody'"),
        ("<a>", "no sound XML"),
        ("<a/>", "no ELAN document: its first element is 'a'"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "no sound XML"),
        ("[{]", "no sound JSON"),
        ('[{"video": "a.mp4"}]', "task 0 has no annotations"),
        ('[{"id": 3, "annotations": []}]', "task 3 does not say which film"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_file_and_line(catalog, tmp_path, text, sentence):
    with pytest.raises(InputError) as error:
        read(catalog, tmp_path / "l.csv", text)
    assert sentence in str(error.value) and "l.csv" in str(error.value)


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT><HEADER><MEDIA_DESCRIPTOR MEDIA_URL="file:///home/me/b.mp4"/></HEADER>
<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="t2"/>
<TIME_SLOT TIME_SLOT_ID="t3" TIME_VALUE="8000"/></TIME_ORDER>
<TIER TIER_ID="mood">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="t1" TIME_SLOT_REF2="t2">
<ANNOTATION_VALUE>calm</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="t2" TIME_SLOT_REF2="t3">
<ANNOTATION_VALUE>tense</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="why"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
<ANNOTATION_VALUE>a storm</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
<TIER TIER_ID="how"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a3">
<ANNOTATION_VALUE>loud</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""


def test_tiers_of_elan_are_labels_and_the_film_is_that_of_the_file_or_of_its_medium(catalog, tmp_path):
    expected = {
        "mood": {("b", 0, 2, ("calm",)), ("b", 2, 4, ("tense",))},
        "why": {("b", 2, 4, ("a storm",))},
        "how": {("b", 2, 4, ("loud",))},
    }
    assert read(catalog, tmp_path / "session-1.eaf", EAF) == expected
    of_a = read(catalog, tmp_path / "a.eaf", EAF)
    assert {e[0] for examples in of_a.values() for e in examples} == {"a"}


def test_an_annotation_of_elan_without_a_time_is_named(catalog, tmp_path):
    with pytest.raises(InputError, match="annotation a1 of tier 'mood' has no stretch of time"):
        read(catalog, tmp_path / "b.eaf", EAF.replace('ID="t3" TIME_VALUE="8000"', 'ID="t9"'))


def studio(*results: dict, video: str = "/data/upload/3/0a1b2c3d-b.mp4", **data) -> str:
    old = {
        "was_cancelled": True,
        "result": [{"value": {"choices": ["wrong"]}, "from_name": "genre", "type": "choices"}],
    }
    return json.dumps([{"id": 7, "data": {"video": video, **data}, "annotations": [old, {"result": list(results)}]}])


def region(name: str, kind: str, value: dict, **more) -> dict:
    return {"from_name": name, "type": kind, "value": value, **more}


def test_timelines_segments_choices_and_numbers_of_label_studio_are_labels(catalog, tmp_path):
    text = studio(
        region("act", "timelinelabels", {"ranges": [{"start": 1, "end": 100}], "timelinelabels": ["one"]}),
        region("sound", "timeserieslabels", {"start": 8, "end": 12, "timeserieslabels": ["rain", "wind"]}, id="r"),
        region("strength", "number", {"number": 3.5}, id="r"),
        region("genre", "choices", {"choices": ["drama"]}),
        region("box", "videorectangle", {"sequence": []}),
        fps=25,
    )
    assert read(catalog, tmp_path / "export.json", text) == {
        "act": {("b", 0, 2, ("one",))},
        "sound": {("b", 4, 6, ("rain", "wind"))},
        "strength": {("b", 4, 6, ("3.5",))},
        "genre": {("b", 0, 6, ("drama",))},
    }


def test_frames_need_their_rate(catalog, tmp_path):
    text = studio(region("act", "timelinelabels", {"ranges": [{"start": 1, "end": 48}], "timelinelabels": ["one"]}))
    with pytest.raises(InputError, match=r"task 7, 'act' counts frames; say how many .* with --fps"):
        read(catalog, tmp_path / "export.json", text)
    assert read(catalog, tmp_path / "export.json", text, fps=24)["act"] == {("b", 0, 1, ("one",))}
