"""What cannot be ingested is refused in one sentence, leaves nothing half-written, and harms no other title."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from msm.ingest.encode_title import TitleJob, encode_title
from msm.ingest.metadata import facts_of
from tests.ingest.conftest import HZ, Scene, write_film


def msm(*arguments: object, **choices) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "msm", *map(str, arguments)], capture_output=True, text=True, timeout=120, **choices
    )


def only_sound(path: Path) -> Path:
    with av.open(str(path), "w") as target:
        stream = target.add_stream("aac", rate=HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, HZ), np.int16), format="s16", layout="mono")
        frame.sample_rate = HZ
        target.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def cut_off(path: Path, share: float = 0.05) -> Path:
    """A file that opens, as its streams are described in front, of which only a share is left."""
    source = write_film(path.with_name("source.mkv"), [Scene(i % 5) for i in range(12)])
    whole = source.read_bytes()
    path.write_bytes(whole[: round(len(whole) * share)])
    source.unlink()
    return path


def picture(path: Path) -> Path:
    Image.new("RGB", (64, 64), "red").save(path, "PNG")
    return path


def text(path: Path, words: str) -> Path:
    path.write_text(words, encoding="utf-8")
    return path


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


BAD = {
    "a text file": (lambda d: text(d / "bad.mp4", "hello\n"), "is not readable as a video"),
    "an empty file": (lambda d: text(d / "bad.mp4", ""), "is not readable as a video"),
    "a playlist": (lambda d: text(d / "bad.mp4", "#EXTM3U\n#EXTINF:5,\nother.mp4\n"), "not"),
    "only sound": (lambda d: only_sound(d / "bad.mp4"), "holds no video, only sound"),
    "a cut-off file": (lambda d: cut_off(d / "bad.mkv"), "is cut off: it ends after"),
    "a picture": (lambda d: picture(d / "bad.mp4"), "is not a video"),
    "no file": (lambda d: d / "bad.mp4", "is missing"),
    "a folder": (lambda d: empty_folder(d / "bad.mp4"), "is a folder without a video in it"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_videos_are_named_and_leave_nothing(tmp_path, kind):
    make, sentence = BAD[kind]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    video = make(tmp_path / "in")
    report = ingest([video], tmp_path / "out" / "catalog")
    assert sentence in report.failed[video] and str(video) in report.failed[video]
    assert list((tmp_path / "out").iterdir()) == []


def test_of_a_film_that_is_cut_off_what_is_there_goes_in_with_a_warning(tmp_path):
    half = cut_off(tmp_path / "half.mkv", 0.5)
    (row,) = ingest([half], tmp_path / "catalog").films
    assert row.outcome == "added" and 50 < row.frames < 80 and row.seconds == pytest.approx(row.frames / 12, abs=0.1)
    assert "it is cut off: it ends after" in row.warnings[0] and "of the 12 s it declares" in row.warnings[0]
    strict = ingest([half], tmp_path / "strict", IngestOptions(strict=True))
    assert f"{half} is cut off: it ends after" in strict.failed[half] and not (tmp_path / "strict").exists()


def test_the_good_videos_go_in_and_the_bad_ones_are_listed(film):
    bad, other = text(film.with_name("bad.mp4"), "hello"), write_film(film.with_name("other.mp4"), [Scene(4)])
    done = msm("ingest", film, bad, other, film.parent / "catalog")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"msm: {bad} is not readable as a video: Invalid data found when processing input"
    ]
    assert list(Catalog.open(film.parent / "catalog").titles["title_id"]) == ["film", "other"]


DAMAGED_SUBTITLES = [b"\x00\x01\x02" * 50, b"nothing of the kind", b"", b"1\n00:00:01 --> soon\nHello\n"]


@pytest.mark.parametrize("damage", DAMAGED_SUBTITLES)
def test_unreadable_subtitles_that_were_named_are_an_error(film, damage):
    subtitles = film.with_name("other.srt")
    subtitles.write_bytes(damage)
    report = ingest([film], film.parent / "catalog", IngestOptions(subtitles=subtitles))
    assert f"{subtitles} is not readable as subtitles" in report.failed[film]
    assert not (film.parent / "catalog").exists()


@pytest.mark.parametrize(
    ("sidecar", "sentence"),
    [
        ('{"split": "train",', "is not readable as JSON"),
        ('{"name": "A", "colour": 1}', "'colour' is not known"),
        ('{"synopsys": "A storm."}', "'synopsys' is not known"),
        ('{"Tags": []}', "'Tags' is not known"),
        ('{"split": "exam"}', "split is 'exam'"),
        ('{"name": 3}', "name is 3, but must be text"),
        ('{"labels": {"split": "test"}}', "cannot be called 'split'"),
        ('{"labels": {"a": [1]}}', "labels.a is [1], but must be a text or a number"),
        ('{"shots": [{"start_s": 1}]}', "shots[0].end_s is missing"),
        ('{"tags": [1]}', "but must be a list of words"),
        ('{"shots": 3}', "shots is 3, but must be a list"),
        ('{"title_id": "../up"}', "title id '../up' cannot be used"),
    ],
)
def test_bad_sidecars_are_named(film, sidecar, sentence):
    film.with_suffix(".json").write_text(sidecar, encoding="utf-8")
    assert sentence in ingest([film], film.parent / "catalog").failed[film]


def test_a_failed_title_leaves_the_catalog_as_it_was(film):
    path = film.parent / "catalog"
    ingest([film], path)
    before = {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}
    report = ingest([cut_off(film.with_name("bad.mkv"))], path)
    assert report.failed
    assert {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()} == before


def test_two_videos_that_are_given_one_id_are_refused(film, tmp_path):
    twin = write_film(tmp_path / "twin.mp4", [Scene(0)])
    for video in (film, twin):
        video.with_suffix(".json").write_text('{"title_id": "one"}', encoding="utf-8")
    report = ingest([film, twin], tmp_path / "catalog")
    assert "would both be title 'one'" in report.failed[twin]


def test_a_folder_that_is_no_catalog_is_left_alone(film):
    with pytest.raises(InputError, match="exists and is no catalog"):
        ingest([film], film.parent)
    assert film.exists()


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [(["--encoders", "magic"], "no encoders called 'magic'"), (["--workers", "0"], "--workers is 0")],
)
def test_choices_that_do_not_exist_are_refused(film, choices, sentence):
    done = msm("ingest", film, film.parent / "catalog", *choices)
    assert done.returncode == 2 and sentence in done.stderr and "Traceback" not in done.stderr


def test_facts_of_a_title_are_for_one_video(film):
    with pytest.raises(InputError, match="one video at a time"):
        ingest([film, film], film.parent / "catalog", IngestOptions(subtitles=film))


@pytest.mark.fault
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_ingest_goes_on_at_the_next_title(tmp_path, workers):
    films = [write_film(tmp_path / f"film-{i}.mp4", [Scene(i), Scene(i + 1)] * (1 + 20 * i)) for i in range(3)]
    command = [sys.executable, "-m", "msm", "ingest", *map(str, films), str(tmp_path / "out" / "catalog")]
    process = subprocess.Popen([*command, "--workers", str(workers)])
    first = tmp_path / "out" / ".catalog.ingest" / "film-0" / "title.json"
    while not first.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "out" / "catalog").exists(), "it was killed too late for this test"
    made = first.stat().st_mtime_ns
    vectors = (first.parent / "vectors.npy").read_bytes()

    seen: list[int] = []
    report = ingest(
        films, tmp_path / "out" / "catalog", progress=lambda done, total: seen.append(first.stat().st_mtime_ns)
    )
    assert report.added == ["film-0", "film-1", "film-2"]
    assert set(seen) == {made}, "the finished title was made again"
    catalog = Catalog.open(tmp_path / "out" / "catalog")
    assert [t.num_shots for t in catalog] == [2, 42, 82]
    assert (
        catalog["film-0"].embeddings.astype(np.float16).tobytes()
        == np.load(_spooled(tmp_path, vectors)).astype(np.float16).tobytes()
    )
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["catalog"]


def _spooled(folder: Path, contents: bytes) -> Path:
    path = folder / "vectors.npy"
    path.write_bytes(contents)
    return path


@pytest.mark.fault
def test_a_stopped_ingest_leaves_no_process_and_no_half_title(tmp_path):
    film = write_film(tmp_path / "film.mp4", [Scene(i % 7) for i in range(120)])
    process = subprocess.Popen([sys.executable, "-m", "msm", "ingest", str(film), str(tmp_path / "catalog")])
    while not list(tmp_path.glob(".catalog.ingest/.film.tmp-*")) and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(30) == 143
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4"]


def test_a_title_finished_from_other_files_is_made_again(film):
    """An ingest was killed after its title was finished; then subtitles came."""
    folder = film.parent / ".catalog.ingest" / "film"
    job = TitleJob(video=film, facts=facts_of(film), subtitles=None, encoders="descriptors", media=True, folder=folder)
    staged = encode_title(job)
    assert staged.fits(job)
    film.with_suffix(".srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nHello\n", encoding="utf-8")
    assert not staged.fits(job)
    ingest([film], film.parent / "catalog")
    assert Catalog.open(film.parent / "catalog")["film"].shots["text"][0] == "Hello"
