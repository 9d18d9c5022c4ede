"""Which picture, sound and subtitles of a file are read, by flags, languages and names."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest
from msm.ingest.decoding import Film
from msm.ingest.subtitles import Line, lines_of
from msm.ingest.tracks import TrackChoice
from tests.ingest.dialogue import DIALOGUE, srt

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def muxed(path: Path, subtitles: list[dict[str, str]], sounds: list[dict[str, str]] = []) -> Path:  # noqa: B006
    """A film of two seconds; each track of subtitles says its number, each sound is a tone of 300 Hz times it.

    A track is {language, title, flags}, flags as ffmpeg names dispositions, joined by +.
    """
    command = [FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", "color=red:s=64x48:r=8:d=2"]
    for number, _ in enumerate(sounds, start=1):
        command += ["-f", "lavfi", "-i", f"sine=f={300 * number}:d=2:r=16000"]
    for number, track in enumerate(subtitles, start=1):
        words = path.with_name(f"{number}.{track.get('format', 'srt')}")
        words.write_text(track.get("text") or f"1\n00:00:00,200 --> 00:00:01,000\ntrack {number}\n", encoding="utf-8")
        command += ["-i", str(words)]
    command += [word for i in range(1 + len(sounds) + len(subtitles)) for word in ("-map", str(i))]
    for kind, tracks in (("a", sounds), ("s", subtitles)):
        for i, track in enumerate(tracks):
            command += [f"-disposition:{kind}:{i}", track.get("flags", "0")]
            for key in ("language", "title"):
                command += [f"-metadata:s:{kind}:{i}", f"{key}={track.get(key, '')}"]
    text = "mov_text" if path.suffix == ".mp4" else "copy"
    subprocess.run(
        [*command, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", text, str(path)], check=True
    )
    return path


def read(path: Path, **choice: object) -> list[Line]:
    cues: list = []
    with Film(path, TrackChoice(**choice)) as film:  # type: ignore[arg-type]
        for _ in film.pictures(on_cue=cues.append):
            pass
    return lines_of(cues)


def chosen(path: Path, **choice: object) -> int:
    with Film(path, TrackChoice(**choice)) as film:  # type: ignore[arg-type]
        return film.subtitle_track.number if film.subtitle_track else 0


FULL, DEFAULT = {"language": "eng"}, {"language": "eng", "flags": "default"}
SPANISH, GERMAN, UNKNOWN = {"language": "spa"}, {"language": "ger"}, {}
FORCED = {"language": "eng", "flags": "forced"}
NAMED_FORCED = {"language": "eng", "title": "Forced"}
DEFAULT_FORCED = {"language": "eng", "flags": "default+forced"}
COMMENTARY = {"language": "eng", "flags": "comment"}
NAMED_COMMENTARY = {"language": "eng", "title": "Director's Commentary"}
SDH = {"language": "eng", "flags": "hearing_impaired"}
NAMED_SDH = {"language": "eng", "title": "English (SDH)"}
DEFAULT_SDH = {"language": "eng", "flags": "default+hearing_impaired"}

CHOICES = [  # tracks, the wanted language, the number of the right one
    ([FORCED, DEFAULT], "", 2),
    ([SPANISH, DEFAULT], "", 2),
    ([NAMED_FORCED, FULL], "", 2),
    ([DEFAULT_FORCED, SPANISH, FULL], "", 3),
    ([COMMENTARY, SPANISH], "", 2),
    ([NAMED_COMMENTARY, FULL], "", 2),
    ([SDH, FULL], "", 2),
    ([NAMED_SDH, FULL], "", 2),
    ([DEFAULT_SDH, FULL], "", 2),
    ([SPANISH, DEFAULT_SDH], "", 2),
    ([SPANISH, FULL], "", 2),
    ([SPANISH, GERMAN], "", 1),
    ([{**SPANISH, "flags": "default"}, FULL], "", 1),
    ([{**SPANISH, "flags": "default"}, DEFAULT], "", 2),
    ([SPANISH, DEFAULT], "es", 1),
    ([SPANISH, DEFAULT], "Spanish", 1),
    ([{**SPANISH, "flags": "forced"}, GERMAN, DEFAULT], "es", 3),
    ([SPANISH, GERMAN, DEFAULT], "fr", 3),
    ([FORCED], "", 1),
    ([UNKNOWN, SPANISH], "", 1),
]


@pytest.mark.parametrize(("tracks", "language", "right"), CHOICES)
def test_the_track_that_says_all_in_the_right_language_is_read(tmp_path, tracks, language, right):
    path = muxed(tmp_path / "film.mkv", tracks)
    assert chosen(path, language=language) == right
    assert [line.text for line in read(path, language=language)] == [f"track {right}"]


def test_the_choice_does_not_depend_on_the_order_of_tracks(tmp_path):
    tracks = {"default": DEFAULT, "forced": FORCED, "spanish": SPANISH, "commentary": NAMED_COMMENTARY}
    for i, order in enumerate(itertools.permutations(tracks)):
        if i % 4 == 0:
            path = muxed(tmp_path / "film.mkv", [tracks[name] for name in order])
            assert chosen(path) == 1 + order.index("default")
            assert chosen(path, language="es") == 1 + order.index("spanish")


def test_an_mp4_has_its_text_track_read(tmp_path):
    assert [line.text for line in read(muxed(tmp_path / "film.mp4", [SPANISH, DEFAULT]))] == ["track 2"]


def test_a_track_is_read_by_its_number(tmp_path):
    path = muxed(tmp_path / "film.mkv", [FORCED, DEFAULT, SPANISH])
    for number in (1, 2, 3):
        assert [line.text for line in read(path, subtitle_track=number)] == [f"track {number}"]
    for number in (0, 4):
        with pytest.raises(
            InputError, match=r"film\.mkv: --subtitle-track is .* are 1 \(en, partial\), 2 \(en, default\), 3"
        ):
            read(path, subtitle_track=number)


def test_an_inner_track_with_drawings_says_its_words_alone(tmp_path):
    events = [r"{\p1}m 0 0 l 1 1{\p0}", r"{\an8}Hello\Nthere", r"{\an8\p1}m 5 5 b 1 2 3 4 5 6"]
    rows = [f"Dialogue: {i},0:00:00.{i + 1}0,0:00:01.00,Default,,0,0,0,,{event}" for i, event in enumerate(events)]
    fields = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    text = "\n".join(["[Script Info]", "ScriptType: v4.00+", "", "[Events]", fields, *rows, ""])
    path = muxed(tmp_path / "film.mkv", [{"format": "ass", "text": text}])
    assert [line.text for line in read(path)] == ["Hello there"]


def loudest_hz(path: Path, **choice: object) -> int:
    """The tone of a film's sound, to 100 Hz."""
    pieces: list[np.ndarray] = []
    with Film(path, TrackChoice(**choice)) as film:  # type: ignore[arg-type]
        for _ in film.pictures(on_sound=lambda start_s, piece: pieces.append(piece)):
            pass
    spectrum = np.abs(np.fft.rfft(np.concatenate(pieces)[:16000].astype(float)))
    return round(int(spectrum.argmax()) / 100) * 100


@pytest.mark.parametrize(
    ("sounds", "choice", "right"),
    [
        ([SPANISH, DEFAULT], {}, 2),
        ([COMMENTARY, FULL], {}, 2),
        ([{"language": "eng", "flags": "visual_impaired"}, SPANISH], {}, 2),
        ([DEFAULT, SPANISH], {"language": "es"}, 2),
        ([DEFAULT, SPANISH, GERMAN], {"audio_track": 3}, 3),
        ([DEFAULT, SPANISH], {"language": "fr"}, 1),
    ],
)
def test_the_right_sound_is_heard(tmp_path, sounds, choice, right):
    assert loudest_hz(muxed(tmp_path / "film.mkv", [], sounds), **choice) == 300 * right


def test_a_sound_track_that_is_not_there_is_named(tmp_path):
    path = muxed(tmp_path / "film.mkv", [], [DEFAULT])
    with pytest.raises(InputError, match="--audio-track is 2, but the tracks of sound are 1"):
        Film(path, TrackChoice(audio_track=2))


@pytest.mark.parametrize("flagged", [0, 1])
def test_the_flagged_picture_is_seen_and_never_an_attached_one(tmp_path, flagged):
    path, cover = tmp_path / "film.mkv", tmp_path / "cover.jpg"
    subprocess.run(
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "color=white:s=32x32", "-frames:v", "1", cover], check=True
    )
    films = [word for c in ("red", "blue") for word in ("-f", "lavfi", "-i", f"color={c}:s=64x48:r=8:d=1")]
    flags = ["-disposition:v:0", "default" if flagged == 0 else "0", "-disposition:v:1", "default" if flagged else "0"]
    maps = [
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "libx264",
        *flags,
        "-attach",
        cover,
        "-metadata:s:t",
        "mimetype=image/jpeg",
    ]
    subprocess.run([FFMPEG, "-v", "error", *films, *maps, path], check=True)
    with Film(path) as film:
        colour = next(film.pictures()).frame.to_ndarray(format="rgb24").mean(axis=(0, 1))
    assert int(colour.argmax()) == (2 if flagged else 0)


@pytest.mark.parametrize("name", ["forcedfirst", "spanishfirst"])
def test_given_cases_have_their_default_track_read(cases, name):
    path = cases / "forced_or_foreign_first" / f"{name}.mkv"
    assert chosen(path) == 2
    said = [line.text for line in read(path)]
    assert said and not any("SIGN" in text or "hola" in text.lower() for text in said)


@pytest.mark.parametrize("suffix", ["mkv", "webm", "mp4"])
@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_every_format_of_text_is_read_from_every_container(tmp_path, suffix, kind):
    texts = {
        "srt": "1\n00:00:00,200 --> 00:00:01,000\n<i>Où</i> {\\an8}est\nle café &amp; ?\n",
        "vtt": "WEBVTT\n\nNOTE no words\n\n00:00.200 --> 00:01.000 align:left\n<v Emo>Où est\nle café &amp; ?\n",
        "ass": "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, "
        "MarginV, Effect, Text\nDialogue: 0,0:00:00.20,0:00:01.00,Default,,0,0,0,,{\\i1}Où est\\Nle café & ?\n",
    }
    if suffix == "webm":
        vtt = tmp_path / "1.vtt"
        vtt.write_text(texts["vtt"], encoding="utf-8")
        inputs = ["-f", "lavfi", "-i", "color=red:s=64x48:r=8:d=1", "-i", vtt, "-c:v", "libvpx-vp9", "-c:s", "webvtt"]
        subprocess.run([FFMPEG, "-v", "error", *inputs, tmp_path / "film.webm"], check=True)
    else:
        muxed(tmp_path / f"film.{suffix}", [{"format": kind, "text": texts[kind]}])
    (line,) = read(tmp_path / f"film.{suffix}")
    assert (line.text, round(line.start_s, 2), round(line.end_s, 2)) == ("Où est le café & ?", 0.2, 1.0)


@pytest.mark.parametrize(
    ("language", "encoding"), [("ru", "cp1251"), ("zh", "gb18030"), ("pl", "cp1250"), ("ja", "cp932")]
)
def test_an_inner_track_in_an_old_encoding_is_read(tmp_path, language, encoding):
    """FFmpeg's decoders of text refuse it, a packet at a time."""
    words = DIALOGUE[language].splitlines()[:5]
    (tmp_path / "1.srt").write_bytes(srt(words).encode(encoding))
    inputs = [
        "-f",
        "lavfi",
        "-i",
        "color=red:s=64x48:r=8:d=10",
        "-i",
        tmp_path / "1.srt",
        "-c:v",
        "libx264",
        "-c:s",
        "copy",
    ]
    subprocess.run([FFMPEG, "-v", "error", *inputs, tmp_path / "film.mkv"], check=True)
    report = ingest([tmp_path / "film.mkv"], tmp_path / "catalog", IngestOptions(media=False))
    (title,) = Catalog.open(tmp_path / "catalog")
    assert " ".join(title.shots["text"]) == " ".join(words)
    assert report.films[0].encoding == encoding and report.films[0].warnings == []
