"""Video files become titles: shots, words, thumbnails, and what happens to files that are none."""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from msm import Catalog, InputError
from msm.ingest import IngestOptions, TitleFacts, ingest, playable
from msm.ingest.thumbnails import save_thumbnail
from tests.ingest.conftest import PLACES, Look, Scene, write_film

SRT = """1
00:00:00,100 --> 00:00:00,900
Where <i>are</i> we?

2
00:00:01,700 --> 00:00:02,900
At the
harbour.
"""


def only_title(catalog: Path):
    return next(iter(Catalog.open(catalog)))


def ingested(video: Path, **choices):
    """The one title of a new catalog beside the video."""
    path = video.parent / "catalog"
    report = ingest([video], path, IngestOptions(**choices))
    assert report.failed == {}
    return only_title(path)


def test_shots_are_cut_where_the_picture_changes(film):
    title = ingested(film)
    np.testing.assert_allclose(title.shots["start_s"], range(6), atol=0.001)
    np.testing.assert_allclose(title.shots["end_s"], range(1, 7), atol=0.1)
    assert title.present[:, :2].all() and not title.present[:, 2].any()
    title.catalog.validate()


def test_shots_of_the_same_place_are_nearest_to_each_other(film):
    title = ingested(film)
    for modality in title.catalog.modalities[:2]:
        vectors = title.embeddings[:, modality.columns]
        vectors = vectors - vectors.mean(axis=0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        alike = vectors @ vectors.T
        np.fill_diagonal(alike, -2)
        assert {i: int(alike[i].argmax()) for i in (0, 3, 1, 5)} == {0: 3, 3: 0, 1: 5, 5: 1}, modality.name


def test_the_same_film_gives_the_same_vectors(film):
    once = ingested(film).embeddings
    ingest([film], film.parent / "again")
    np.testing.assert_array_equal(once, only_title(film.parent / "again").embeddings)


def test_each_shot_has_a_thumbnail_of_itself(film):
    title = ingested(film)
    folder = title.catalog.path / "media" / "thumbnails" / "film"
    assert sorted(p.name for p in folder.iterdir()) == [f"{i}.webp" for i in range(6)]
    for shot, place in enumerate(PLACES):
        seen = np.asarray(Image.open(folder / f"{shot}.webp").convert("RGB"), dtype=float)
        shown = Scene(place).frame(0.5, seen.shape[1], seen.shape[0])
        assert np.abs(seen - shown).mean() < 25, shot


def test_the_catalog_plays_the_film_unless_it_is_left_out(film):
    assert (ingested(film).catalog.path / "media" / "film.mp4").read_bytes() == film.read_bytes()
    ingest([film], film.parent / "bare", IngestOptions(media=False))
    assert not (film.parent / "bare" / "media" / "film.mp4").exists()


@pytest.mark.parametrize(("name", "codec"), [("film.mkv", "libx264"), ("film.avi", "mpeg4")])
def test_other_containers_and_codecs_become_playable(tmp_path, name, codec):
    video = write_film(tmp_path / name, [Scene(0), Scene(1)], Look(codec=codec))
    title = ingested(video)
    with av.open(str(title.catalog.path / "media" / "film.mp4")) as copy:
        assert [s.codec_context.name for s in copy.streams] == ["h264", "aac"]
        assert sum(1 for _ in copy.decode(video=0)) == 24
        assert copy.duration / 1e6 == pytest.approx(2, abs=0.2)


def test_words_go_to_the_shot_that_they_overlap_most(film):
    film.with_suffix(".en.srt").write_text(SRT, encoding="utf-8")
    title = ingested(film)
    assert list(title.shots["text"]) == ["Where are we?", "", "At the harbour.", "", "", ""]
    assert list(title.present[:, 2]) == [True, False, True, False, False, False]


def test_subtitles_inside_the_file_are_read(film):
    film.with_suffix(".srt").write_text(SRT, encoding="utf-8")
    inside = film.with_name("inside.mkv")
    with (
        av.open(str(film)) as source,
        av.open(str(film.with_suffix(".srt"))) as words,
        av.open(str(inside), "w") as out,
    ):
        streams = [source.streams.video[0], words.streams.subtitles[0]]
        copies = [out.add_stream_from_template(s) for s in streams]
        packets = [(p, c) for s, c, f in zip(streams, copies, (source, words), strict=True) for p in f.demux(s)]
        for packet, copy in sorted(
            (x for x in packets if x[0].dts is not None), key=lambda x: x[0].dts * x[0].time_base
        ):
            packet.stream = copy
            out.mux(packet)
    text = list(ingested(inside).shots["text"])
    assert (text[0], text[2]) == ("Where are we?", "At the harbour.")


def test_the_sidecar_gives_facts_and_labels_of_shots(film):
    spans = [{"start_s": 0, "end_s": 2.9, "scene": 0, "place": "harbour"}, {"start_s": 2.9, "end_s": 6, "scene": 1}]
    facts = {
        "name": "The Film",
        "synopsis": "A journey.",
        "tags": ["sea", "fog"],
        "split": "train",
        "labels": {"year": 1999},
    }
    film.with_suffix(".json").write_text(json.dumps({**facts, "shots": spans}), encoding="utf-8")
    title = ingested(film)
    row = title.row
    assert (row["name"], row["synopsis"], row["tags"], row["split"], row["year"]) == (
        "The Film",
        "A journey.",
        "sea|fog",
        "train",
        1999,
    )
    assert list(title.shots["scene"]) == [0, 0, 0, 1, 1, 1]
    assert np.linalg.norm(title.global_embedding) == pytest.approx(1, abs=1e-3)


def test_what_the_command_gives_outweighs_the_sidecar(film):
    film.with_suffix(".json").write_text(json.dumps({"name": "Old", "synopsis": "Kept."}), encoding="utf-8")
    title = ingested(film, facts=TitleFacts(name="New"))
    assert (title.name, title.row["synopsis"]) == ("New", "Kept.")


def test_a_film_without_sound_has_no_audio(tmp_path):
    title = ingested(write_film(tmp_path / "mute.mp4", [Scene(0), Scene(1)], Look(sound=False)))
    assert title.num_shots == 2 and not title.present[:, 1:].any()


def test_one_single_shot_is_a_title(tmp_path):
    title = ingested(write_film(tmp_path / "one.mp4", [Scene(0, 3)]))
    assert title.num_shots == 1
    assert title.duration_s == pytest.approx(3, abs=0.01)


def test_a_single_frame_is_a_title(tmp_path):
    title = ingested(write_film(tmp_path / "frame.mp4", [Scene(0, 1 / 12)], Look(sound=False)))
    assert title.num_shots == 1 and title.duration_s > 0


def test_black_between_fades_parts_shots(tmp_path):
    scenes = [Scene(i, 3, fade=True) for i in range(3)]
    title = ingested(write_film(tmp_path / "fades.mp4", scenes, Look(rate=50, sound=False)))
    np.testing.assert_allclose(title.shots["start_s"], [0, 3.77, 6.77], atol=0.15)  # half as bright as it gets


@pytest.mark.parametrize("size", [(97, 55), (64, 16), (30, 200)])
def test_odd_sizes_go_through(tmp_path, size):
    title = ingested(write_film(tmp_path / "odd.mp4", [Scene(0), Scene(1)], Look(size=size)))
    thumbnail = Image.open(title.catalog.path / "media" / "thumbnails" / "odd" / "0.webp")
    assert title.num_shots == 2
    assert thumbnail.width / thumbnail.height == pytest.approx(size[0] / size[1], rel=0.05)


def test_times_come_from_the_stamps_where_the_rate_varies(tmp_path):
    """The first shot's frames stand four times as long as the second's."""

    def times(number: int) -> float:
        return number / 6 if number < 12 else 2 + (number - 12) / 24

    title = ingested(write_film(tmp_path / "vfr.mp4", [Scene(0), Scene(1)], Look(times=times, sound=False)))
    assert list(title.shots["start_s"]) == pytest.approx([0, 2], abs=0.01)
    assert title.duration_s == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("encoded_anew", [False, True])
def test_a_rotated_film_stands_upright(film, monkeypatch, encoded_anew):
    """A telephone held upright: the sensor's left is the viewer's top."""
    whole = film.read_bytes()
    at = whole.index(b"tkhd") + 4 + 40  # version 0: the matrix is 40 bytes into the box
    assert whole[at : at + 4] == struct.pack(">i", 65536), "the matrix is where this test looks for it"
    matrix = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    film.write_bytes(whole[:at] + matrix + whole[at + 36 :])
    if encoded_anew:
        monkeypatch.setattr(playable, "VIDEO", {})
    title = ingested(film)
    seen = np.asarray(Image.open(title.catalog.path / "media" / "thumbnails" / "film" / "0.webp").convert("RGB"))
    shown = np.rot90(Scene(0).frame(0.5, 160, 96), -1).astype(float)
    assert seen.shape == shown.shape
    assert np.abs(seen - shown).mean() < 25
    if encoded_anew:
        with av.open(str(title.catalog.path / "media" / "film.mp4")) as copy:
            played = next(copy.decode(video=0))
            assert not played.rotation
            shown = np.rot90(Scene(0).frame(0, 160, 96), -1)
            assert np.abs(played.to_ndarray(format="rgb24").astype(float) - shown).mean() < 25


def test_later_titles_join_and_former_ones_stay(film):
    first = ingested(film)
    before = first.embeddings
    second = write_film(film.with_name("second.mp4"), [Scene(4), Scene(5)])
    report = ingest([film, second], first.catalog.path)
    catalog = Catalog.open(first.catalog.path)
    assert (report.added, report.skipped) == (["second"], ["film"])
    assert list(catalog.titles["title_id"]) == ["film", "second"]
    np.testing.assert_array_equal(catalog["film"].embeddings, before)
    kept = catalog.path / "media"
    assert len(list((kept / "thumbnails" / "film").iterdir())) == 6
    assert (kept / "film.mp4").exists() and (kept / "second.mp4").exists()


def test_replace_makes_a_title_anew_in_its_place(film):
    second = write_film(film.with_name("second.mp4"), [Scene(4), Scene(5)])
    path = film.parent / "catalog"
    ingest([film, second], path)
    film.unlink()  # the catalog's film is a link to the same file
    write_film(film, [Scene(3), Scene(2)])
    report = ingest([film], path, IngestOptions(replace=True))
    catalog = Catalog.open(path)
    assert report.added == ["film"]
    assert list(catalog.titles["title_id"]) == ["film", "second"]
    assert catalog["film"].num_shots == 2
    assert len(list((path / "media" / "thumbnails" / "film").iterdir())) == 2


def test_nothing_hidden_is_left_beside_the_catalog(film):
    before = set(film.parent.iterdir())
    ingested(film)
    assert set(film.parent.iterdir()) - before == {film.parent / "catalog"}


def test_what_a_killed_writer_left_goes_even_where_nothing_is_left_to_write(film):
    path = ingested(film).catalog.path
    left = path.with_name(f".{path.name}.tmp-1-abcd")
    left.mkdir()
    os.utime(left, (time.time() - 60,) * 2)
    assert ingest([film], path).skipped == ["film"]
    assert not left.exists()


def test_several_workers_give_what_one_gives(film, tmp_path):
    films = [film, write_film(tmp_path / "other.mp4", [Scene(4), Scene(5)])]
    ingest(films, tmp_path / "one")
    told: list[tuple[int, int]] = []
    report = ingest(films, tmp_path / "two", IngestOptions(workers=2), lambda done, total: told.append((done, total)))
    one, two = Catalog.open(tmp_path / "one"), Catalog.open(tmp_path / "two")
    assert report.added == ["film", "other"] and told[-1] == (8, 8)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.embeddings, b.embeddings)


def test_other_encoders_do_not_join_a_catalog(make_catalog, tiny_catalog, film):
    with pytest.raises(InputError, match=r"holds shots of video 4 by unknown, text 3 by unknown"):
        ingest([film], tiny_catalog.path)


@pytest.mark.parametrize("encoded_anew", [False, True])
def test_a_film_whose_clock_starts_late_begins_at_zero(tmp_path, monkeypatch, encoded_anew):
    """As recordings of broadcasts do: the first stamp stands for zero, in the shots and in the copy."""
    if encoded_anew:
        monkeypatch.setattr(playable, "VIDEO", {})
    look = Look(times=lambda number: 100 + number / 12, sound=False)
    title = ingested(write_film(tmp_path / "late.ts", [Scene(0), Scene(1)], look))
    assert list(title.shots["start_s"]) == pytest.approx([0, 1], abs=0.01)
    with av.open(str(title.catalog.path / "media" / "late.mp4")) as copy:
        assert [f.time for f in copy.decode(video=0)][12] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("order", "shown"), [("black middle bright", 1), ("bright black bright", 0)])
def test_a_thumbnail_is_the_middle_of_a_shot_unless_that_is_empty(tmp_path, order, shown):
    looks = {"black": np.zeros((40, 64, 3), np.uint8), "middle": Scene(1).frame(0.5, 64, 40)}
    looks["bright"] = Scene(2).frame(0.5, 64, 40)
    pictures = np.stack([looks[name] for name in order.split()])
    save_thumbnail(pictures, tmp_path / "0.webp")
    seen = np.asarray(Image.open(tmp_path / "0.webp").convert("RGB"), dtype=float)
    assert np.abs(seen - pictures[shown]).mean() < 25
