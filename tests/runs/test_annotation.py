"""Tags, a note, a colour and the archive of a run are kept in its folder, and nothing else is changed."""

from __future__ import annotations

import json

import pytest

from msm.errors import InputError
from msm.runs.annotation import FILE, Annotation, annotate, read_annotation
from tests.small_runs import rising, write_run


def test_what_is_written_beside_a_run_is_read_again_and_a_field_that_is_not_named_stays(tmp_path):
    run = write_run(tmp_path, "one", rising(4))
    assert read_annotation(run) == Annotation()
    annotate(run, add=["good", "paper", "good"], note="more heads", color="#BC394C")
    assert annotate(run, remove=["paper"], archived=True) == Annotation(
        tags=("good",), note="more heads", color="#bc394c", archived=True
    )
    assert read_annotation(run) == annotate(run)
    assert annotate(run, note="", color="", archived=False) == Annotation(tags=("good",))


def test_an_annotation_changes_no_other_file_of_the_run(tmp_path):
    run = write_run(tmp_path, "one", rising(4))
    before = {p.name: p.read_bytes() for p in run.iterdir()}
    annotate(run, add=["x"])
    assert {p.name: p.read_bytes() for p in run.iterdir() if p.name != FILE} == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"add": ["two words"]}, "'two words' is not a tag"),
        ({"add": [""]}, "is not a tag"),
        ({"add": ["a=b"]}, "is not a tag"),
        ({"color": "red"}, "'red' is not a colour"),
        ({"note": "x" * 5000}, "at most 4000"),
    ],
)
def test_what_is_no_annotation_is_refused_and_nothing_is_written(tmp_path, change, sentence):
    run = write_run(tmp_path, "one", rising(4))
    with pytest.raises(InputError, match=sentence):
        annotate(run, **change)
    assert not (run / FILE).exists()


def test_a_folder_that_is_no_run_gets_no_annotation(tmp_path):
    with pytest.raises(InputError, match="is not a run"):
        annotate(tmp_path, add=["x"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", [[], {"tags": "good"}, {"tags": [3]}, {"archived": "no"}, {"color": 7}, {"tags": 5}]
)
def test_a_file_that_somebody_spoiled_is_named(tmp_path, content):
    run = write_run(tmp_path, "one", rising(4))
    (run / FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match=FILE):
        read_annotation(run)
