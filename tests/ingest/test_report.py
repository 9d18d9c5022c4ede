"""A batch ends in a report: a row a film, whole on the terminal, in `--json`, and kept in the catalog."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from msm import Catalog, InputError, TitleData
from msm.data.schema import INGEST_REPORT
from msm.errors import printable
from msm.ingest import IngestOptions, ingest
from msm.ingest.report import IngestReport, read_report
from tests.ingest.conftest import Look, Scene, write_film

SILENT = Look(sound=False)
UNDECODABLE = os.fsdecode(b"caf\xe9.mp4")


def msm(*arguments: object, **choices) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "msm", *map(str, arguments)], capture_output=True, text=True, timeout=120, **choices
    )


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Two shots of half a second, without sound."""
    return write_film(tmp_path / "short.mp4", [Scene(0, 0.5), Scene(1, 0.5)], SILENT)


def test_every_refused_film_is_named_on_a_line_of_its_own(short, tmp_path):
    bad = [tmp_path / f"a-film-with-a-rather-long-name-that-is-none-{i}.mp4" for i in range(11)]
    for path in bad:
        path.write_text("no film")
    done = msm("ingest", *bad[:5], short, *bad[5:], tmp_path / "catalog", "--json")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 11 and all(f"msm: {path} is not" in line for path, line in zip(bad, lines, strict=True))
    answer = json.loads(done.stdout)
    assert [row["outcome"] for row in answer["films"]] == [*["failed"] * 5, "added", *["failed"] * 6]
    assert [row["video"] for row in answer["failed"]] == [str(path) for path in bad]
    assert list(Catalog.open(tmp_path / "catalog").titles["title_id"]) == ["short"]


def test_the_row_of_a_film_says_what_went_in(short, tmp_path):
    short.with_suffix(".srt").write_text("1\n00:00:00,100 --> 00:00:00,400\nHello\n", encoding="utf-8")
    (row,) = ingest([short], tmp_path / "catalog").films
    assert (row.title_id, row.shots, row.words, row.lines) == ("short", 2, "short.srt", 1)
    assert row.seconds == pytest.approx(1, abs=0.01)
    assert row.as_line().startswith("short: 2 shots, 1.0 s, ") and "words from short.srt (" in row.as_line()


def test_a_catalog_keeps_the_rows_of_all_its_ingests(short, tmp_path):
    catalog, second, bad = tmp_path / "catalog", tmp_path / "second.mp4", tmp_path / "bad.mp4"
    write_film(second, [Scene(2, 0.5)], SILENT)
    bad.write_text("no film")
    ingest([short, bad], catalog)
    before = Catalog.open(catalog).fingerprint
    assert [(row.video, row.outcome) for row in read_report(catalog)] == [(str(short), "added"), (str(bad), "failed")]
    (catalog / INGEST_REPORT).unlink()
    assert Catalog.open(catalog).fingerprint == before and read_report(catalog) == []

    ingest([short, bad], catalog, IngestOptions(replace=True))
    bad.unlink()
    write_film(bad, [Scene(3, 0.5)], SILENT)
    ingest([second, bad], catalog)
    assert [(row.title_id, row.outcome) for row in read_report(catalog)] == [
        ("short", "added"),
        ("second", "added"),
        ("bad", "added"),
    ]
    Catalog.open(catalog).validate()


def test_the_report_outlives_a_catalog_that_is_written_anew(short, tmp_path):
    ingest([short], tmp_path / "catalog")
    kept = read_report(tmp_path / "catalog")
    opened = Catalog.open(tmp_path / "catalog")
    title = TitleData(title_id="short", embeddings=opened["short"].embeddings, split="test")
    Catalog.write(tmp_path / "catalog", [title], modalities=opened.modalities, replace=True)
    assert read_report(tmp_path / "catalog") == kept and len(kept) == 1


def test_a_report_that_cannot_be_read_stops_nothing(short, tmp_path):
    ingest([short], tmp_path / "catalog")
    (tmp_path / "catalog" / INGEST_REPORT).write_text('{"films": 3}')
    ingest([write_film(tmp_path / "second.mp4", [Scene(2, 0.5)], SILENT)], tmp_path / "catalog")
    assert [row.title_id for row in read_report(tmp_path / "catalog")] == ["second"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_name_that_is_no_utf8_goes_in(short, tmp_path, workers):
    odd = short.rename(tmp_path / UNDECODABLE)
    good = write_film(tmp_path / "good.mp4", [Scene(2, 0.5)], SILENT)
    done = msm("ingest", good, odd, tmp_path / "catalog", "--workers", workers, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["films"][1]["video"] == str(tmp_path / "caf\\xe9.mp4")
    catalog = Catalog.open(tmp_path / "catalog")
    assert [title.name for title in catalog] == ["good", "caf\\xe9"]
    catalog.validate()


def test_every_sentence_of_a_report_can_be_written_as_json(tmp_path):
    report, video = IngestReport(), Path(UNDECODABLE)
    report.fail(video, f"{video} is no film")
    report.skip(video, "cafe", f"{video}: there already")
    json.dumps(report.as_dict(), ensure_ascii=False).encode()


def test_a_name_that_is_no_utf8_is_named_where_the_film_is_refused(tmp_path):
    odd = tmp_path / UNDECODABLE
    odd.write_text("no film")
    done = msm("ingest", odd, tmp_path / "catalog")
    assert done.returncode == 2 and done.stderr.startswith(f"msm: {tmp_path}/caf\\xe9.mp4 is not readable as a video")
    assert "caf\\xe9.mp4" in str(InputError(f"{odd} is missing"))


@pytest.mark.parametrize("text", ["plain", "é ü", "\udce9", "\ud800", "a\udcffb\ud83d"])
def test_printable_text_can_be_encoded(text):
    assert printable(text).encode() and (printable(text) == text) == text.isprintable()


@pytest.mark.fault
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_says_its_one_sentence(tmp_path, workers):
    film = write_film(tmp_path / "long.mp4", [Scene(i % 7) for i in range(60)], SILENT)
    films = [film, *(film.with_name(f"film-{i}.mp4") for i in range(3))]
    for number, path in enumerate(films[1:], 1):  # an empty box at the end makes it another film
        path.write_bytes(film.read_bytes() + number * b"\0\0\0\x08free")
    command = [sys.executable, "-m", "msm", "ingest", *map(str, films), str(tmp_path / "out" / "catalog")]
    process = subprocess.Popen(
        [*command, "--workers", str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    while not list(tmp_path.glob("out/.catalog.ingest/.*.tmp-*")) and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers hear it too
    assert process.wait(30) == 130
    assert process.stderr is not None and process.stderr.read() == "msm: stopped by Ctrl-C\n"
