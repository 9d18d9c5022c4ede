"""Shots that exist already are read from every format to within half a frame, whatever the rate of the film."""

from __future__ import annotations

import csv
import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scenedetect import FrameTimecode
from scenedetect.scene_manager import write_scene_list

from msm import InputError
from msm.ingest.shot_lists import GivenShot, read_shot_list, tidied
from msm.ingest.shot_lists.timecode import seconds_of

RATES = {
    "23.976": Fraction(24000, 1001),
    "24": Fraction(24),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "30": Fraction(30),
    "59.94": Fraction(60000, 1001),
    "60": Fraction(60),
}
HOURS = 2.5  # of a film: after so long a wrong way of counting is seconds away


def cuts(rate: Fraction) -> list[int]:
    """Frames at which shots begin, and the last end: at both sides of minutes and of tens of minutes too."""
    near = [m * 60 * rate + d for m in (1, 2, 9, 10, 11, 59, 60, 61) for d in (-2, -1, 0, 1, 2, 40)]
    rng = np.random.default_rng(0)
    return sorted({0, *(int(n) for n in near), *rng.integers(1, int(HOURS * 3600 * rate), 60).tolist()})


def code_of(frame: int, rate: Fraction, drop: bool = False, hours: int = 0) -> str:
    """SMPTE 12M, counted up and not computed back: an independent way."""
    nominal = round(rate)
    if drop:
        lost, per_minute = nominal // 15, nominal * 60 - nominal // 15
        tens, rest = divmod(frame, per_minute * 10 + lost)
        frame += 9 * lost * tens + lost * max(0, (rest - lost) // per_minute)
    seconds, part = divmod(frame, nominal)
    separator = ";" if drop else ":"
    return f"{seconds // 3600 + hours:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{separator}{part:02d}"


def edl(rate: Fraction, *, drop: bool = False, hours: int = 0) -> str:
    lines = ["TITLE: FILM", f"FCM: {'' if drop else 'NON-'}DROP FRAME", ""]
    frames = cuts(rate)
    for number, (start, end) in enumerate(pairwise(frames), start=1):
        record = f"{code_of(start, rate, drop, hours)} {code_of(end, rate, drop, hours)}"
        source = f"{code_of(0, rate, drop)} {code_of(end - start, rate, drop)}"
        lines += [f"{number:06d}  REEL_7   V     C        {source} {record}", f"* FROM CLIP NAME: shot {number}.mov"]
    return "\r\n".join([*lines, ""])


def scene_list(rate: Fraction, *, with_cuts: bool) -> str:
    frames = [FrameTimecode(n, float(rate)) for n in cuts(rate)]
    file = io.StringIO()
    write_scene_list(file, list(pairwise(frames)), include_cut_list=with_cuts)
    return file.getvalue()


def edl_of_scenedetect(rate: Fraction) -> str:
    """What its `save-edl` writes, hours to seconds of the clock and the frames since then, rounded down."""

    def code(frame: int) -> str:
        seconds, fps = frame / float(rate), float(rate)
        clock = f"{int(seconds // 3600):02d}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
        return f"{clock}:{int((seconds * fps) % fps):02d}"

    frames, lines = cuts(rate), ["* CREATED WITH PYSCENEDETECT 0.6.7", "TITLE: FILM", "FCM: NON-DROP FRAME", ""]
    for number, (start, end) in enumerate(pairwise(frames), start=1):
        lines.append(f"{number:03d}  AX V     C        {code(start)} {code(end)} {code(start)} {code(end)}")
    return "\n".join([*lines, ""])


def fcpxml(rate: Fraction, *, decimals: bool = False, begins: int = 0) -> str:
    def time(frames: int) -> str:
        return f"{float(frames / rate):.3f}s" if decimals else f"{frames * rate.denominator}/{rate.numerator}s"

    frames, tag = cuts(rate), "clip" if decimals else "asset-clip"
    clips = "".join(
        f'<{tag} name="shot {n}" offset="{time(start + begins)}" start="{time(7)}" duration="{time(end - start)}">'
        f'<asset-clip lane="1" offset="{time(9)}" duration="{time(3)}" name="connected"/></{tag}>'
        for n, (start, end) in enumerate(pairwise(frames), start=1)
    )
    begin = f' tcStart="{time(begins)}"' if begins else ""
    spine = f"<library><event><project><sequence{begin}><spine>{clips}</spine></sequence></project></event></library>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n<fcpxml version="1.9"><resources/>{spine}</fcpxml>'
    )


def table(rate: Fraction, separator: str) -> str:
    frames, file = cuts(rate), io.StringIO()
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(["start_s", "end_s", "clip", "scene"])
    for n, (start, end) in enumerate(pairwise(frames), start=1):
        writer.writerow([f"{float(start / rate):.4f}", f"{float(end / rate):.4f}", f"shot {n}", n // 4])
    return file.getvalue()


FORMATS = {
    "PySceneDetect's CSV": lambda rate: scene_list(rate, with_cuts=True),
    "PySceneDetect's CSV without the list of cuts": lambda rate: scene_list(rate, with_cuts=False),
    "PySceneDetect's EDL": edl_of_scenedetect,
    "PySceneDetect's FCPXML": lambda rate: fcpxml(rate, decimals=True),
    "an EDL": edl,
    "an EDL that begins at one hour": lambda rate: edl(rate, hours=1),
    "a drop-frame EDL": lambda rate: edl(rate, drop=True),
    "a drop-frame EDL that begins at one hour": lambda rate: edl(rate, drop=True, hours=1),
    "FCPXML": fcpxml,
    "FCPXML that begins at one hour": lambda rate: fcpxml(rate, begins=round(3600 * rate)),
    "a CSV with commas": lambda rate: table(rate, ","),
    "a CSV with semicolons": lambda rate: table(rate, ";"),
}
GRID = [(f, r) for f in FORMATS for r in RATES if "drop" not in f or r in ("29.97", "59.94")]


@pytest.mark.parametrize(("kind", "rate"), GRID)
def test_every_format_gives_the_shots_to_within_half_a_frame(tmp_path, kind, rate):
    path, fps = tmp_path / "shots.x", RATES[rate]
    path.write_text(FORMATS[kind](fps), encoding="utf-8", newline="")
    found = read_shot_list(path, float(fps))
    truth = np.array(cuts(fps), dtype=float) / float(fps)
    assert len(found) == len(truth) - 1
    within_s = (1.01 if "PySceneDetect's EDL" in kind else 0.5) / float(fps)  # it rounds down what floats rounded down
    np.testing.assert_allclose([s.start_s for s in found], truth[:-1], atol=within_s)
    np.testing.assert_allclose([s.end_s for s in found], truth[1:], atol=within_s)
    if "PySceneDetect's CSV" not in kind and "PySceneDetect's EDL" not in kind:
        assert str(found[4].labels["clip"]).startswith("shot 5")


def test_a_table_in_parquet_gives_shots_and_labels(tmp_path):
    rows = {
        "title_id": "a",
        "shot": [0, 1],
        "start_s": [0.0, 2.0],
        "end_s": [2, 5],
        "text": "x",
        "tone": ["calm", None],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "shots.parquet")
    assert read_shot_list(tmp_path / "shots.parquet", 25) == [
        GivenShot(0.0, 2.0, {"tone": "calm"}),
        GivenShot(2.0, 5.0),
    ]


@pytest.mark.parametrize(("rate", "nominal"), [(30000 / 1001, 30), (60000 / 1001, 60)])
def test_no_number_of_a_drop_frame_code_is_counted_twice(rate, nominal):
    """Every code of eleven minutes in turn, without the dropped ones, is one frame later than the one before."""
    lost = nominal // 15
    codes = [
        f"00:{m:02d}:{s:02d};{f:02d}"
        for m in range(11)
        for s in range(60)
        for f in range(nominal)
        if s or f >= lost or m % 10 == 0
    ]
    found = np.array([seconds_of(code, rate) for code in codes]) * rate
    np.testing.assert_allclose(found, np.arange(len(codes)), atol=1e-6)


def test_sound_black_and_the_first_line_of_a_dissolve_are_no_shots(tmp_path):
    path = tmp_path / "cut.edl"
    path.write_text(
        "TITLE: CUT\nFCM: NON-DROP FRAME\n"
        "001  A001 V     C        00:00:00:00 00:00:02:00 01:00:01:00 01:00:03:00\n"
        "002  A001 V     C        00:00:02:00 00:00:02:00 01:00:03:00 01:00:03:00\n"
        "002  A002 V     D    024 00:00:00:00 00:00:02:00 01:00:03:00 01:00:05:00\n"
        "* FROM CLIP NAME: one.mov\n* TO CLIP NAME: two.mov\n"
        "003  BL   V     C        00:00:00:00 00:00:01:00 01:00:05:00 01:00:06:00\n"
        "004  A001 AA    C        00:00:00:00 00:00:09:00 01:00:00:00 01:00:09:00\n"
        "005  A1 B AA/V  C        00:00:00:00 00:00:01:00 01:00:06:00 01:00:07:00\n"
        "M2   A1 B       048.0                00:00:00:00\n",
        encoding="utf-8",
    )
    assert read_shot_list(path, 25) == [GivenShot(1, 3), GivenShot(3, 5, {"clip": "two.mov"}), GivenShot(6, 7)]


def test_gaps_and_transitions_of_fcpxml_are_no_shots(tmp_path):
    path = tmp_path / "cut.fcpxml"
    spine = (
        '<asset-clip name="a" duration="2s"/><transition offset="3/2s" duration="1s"/><gap duration="1s"/>'
        '<audition><video name="b" duration="50/25s"/><video name="c" duration="9s"/></audition>'
    )
    path.write_text(f"<fcpxml><sequence><spine>{spine}</spine></sequence></fcpxml>", encoding="utf-8")
    assert read_shot_list(path, 25) == [GivenShot(0, 2, {"clip": "a"}), GivenShot(3, 5, {"clip": "b"})]


def test_the_project_is_read_and_no_compound_clip_before_it(tmp_path):
    inside = '<resources><media><sequence><spine><clip duration="9s"/></spine></sequence></media></resources>'
    project = '<project><sequence><spine><ref-clip duration="4s"/></spine></sequence></project>'
    (tmp_path / "a.fcpxml").write_text(f"<fcpxml>{inside}{project}</fcpxml>", encoding="utf-8")
    assert read_shot_list(tmp_path / "a.fcpxml", 25) == [GivenShot(0, 4)]


def test_lists_are_put_in_order_and_kept_within_the_film():
    frame = 0.04
    given = [(4.0, 6.0), (0.0, 1.96), (2.0, 4.5), (2.0, 3.0), (8.0, 9.0), (9.0, 99.0), (50.0, 60.0), (0.01, 0.02)]
    found = tidied([GivenShot(*times) for times in given], frame, 10.0)
    assert [(s.start_s, s.end_s) for s in found] == [(0, 2), (2, 4), (4, 6), (8, 9), (9, 10)]


BAD = {
    "no list": ("hello\nworld\n", "its first line must have the columns start_s and end_s"),
    "nothing": ("", "its first line must have the columns"),
    "no rows": ("start_s,end_s\n", "there is no shot in it"),
    "no time": ("start_s,end_s\n0,1\n1,x\n", "line 3: 'x' is no time"),
    "no length": ("start_s,end_s\n2,1\n", "line 2: a shot from 2 s to 1 s has no length"),
    "before the film": ("start_s,end_s\n-1,1\n", "line 2: a shot from -1 s"),
    "too few cells": ("start_s,end_s,a\n0,1,b\n1,2\n", "line 3 has 2 cells, but 3 columns"),
    "several titles": (
        "start_s,end_s,title_id\n0,1,a\n0,1,b\n",
        "it holds shots of 2 titles (title_id), but must hold those of one film",
    ),
    "beyond the film": ("start_s,end_s\n100,200\n", "none of its 1 shots lies within the film, which lasts 10.0 s"),
    "an event cut off": ("TITLE: X\n001  AX V C 00:00:00:00\n", "line 2 is no event of an EDL"),
    "no events": ("TITLE: X\n", "there is no video event in it"),
    "a frame that the rate lacks": (
        "TITLE: X\n001 AX V C 00:00:00:00 00:00:01:29 00:00:00:00 00:00:01:29\n",
        "line 2: timecode 00:00:01:29 counts frame 29, but the film has 25.000 frames a second",
    ),
    "drop-frame codes at another rate": (
        "TITLE: X\n001 AX V C 00:00:00;00 00:00:01;00 00:00:00;00 00:00:01;00\n",
        "line 2: timecode 00:00:00;00 is a drop-frame code, but the film has 25.000",
    ),
    "an event backwards": (
        "TITLE: X\n001 AX V C 00:00:00:00 00:00:01:00 00:00:02:00 00:00:01:00\n",
        "line 2: an event ends at 00:00:01:00, before it begins at 00:00:02:00",
    ),
    "broken XML": ("<fcpxml><sequence>", "it is no sound XML"),
    "the older XML": ("<xmeml/>", "it is no FCPXML: its first element is 'xmeml'; export FCPXML or an EDL"),
    "XML without a sequence": ("<fcpxml><resources/></fcpxml>", "there is no sequence with a storyline"),
    "a sequence without clips": ("<fcpxml><sequence><spine/></sequence></fcpxml>", "there is no clip"),
    "a time that is none": (
        '<fcpxml><sequence><spine><clip duration="1/0s"/></spine></sequence></fcpxml>',
        "duration of a <clip> is '1/0s', but must be a time",
    ),
    "entities": ('<!DOCTYPE a [<!ENTITY b "c">]><fcpxml>&b;</fcpxml>', "it is no sound XML"),
    "bytes": ("start_s\0end_s", "it is no text"),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.values(), ids=BAD)
def test_a_list_that_cannot_be_read_is_one_sentence_with_its_line(tmp_path, text, sentence):
    path = tmp_path / "shots.x"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_shot_list(path, 25.0, 10.0)
    assert str(path) in str(refused.value) and sentence in str(refused.value) and "\n" not in str(refused.value)


def test_a_list_that_is_missing_and_a_folder_are_said(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        read_shot_list(tmp_path / "none.edl", 25.0)
    with pytest.raises(InputError, match="is no file"):
        read_shot_list(tmp_path, 25.0)
    bundle = tmp_path / "cut.fcpxmld"
    bundle.mkdir()
    Path(bundle / "Info.fcpxml").write_text(fcpxml(Fraction(25)), encoding="utf-8")
    assert len(read_shot_list(bundle, 25.0)) > 10
