"""Captions that roll, grow or are doubled say each line once, when it is first said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm.ingest.subtitles import Cue, lines_of, read_subtitles

WORDS = st.sampled_from(["no", "yes", "we", "go", "home", "now", "ship", "Mother!", "[Music]", "♪ la ♪", "1999"])
SPOKEN = st.lists(st.lists(WORDS, min_size=1, max_size=6), min_size=3, max_size=12)


def clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def timed_words(words: list[str], start: float, length: float) -> str:
    """`we<00:00:01.000><c> go</c>`, as YouTube writes a row while it is said."""
    rest = [f"<{clock(start + length * i / len(words))}><c> {word}</c>" for i, word in enumerate(words) if i]
    return words[0] + "".join(rest)


def youtube(spoken: list[list[str]]) -> str:
    """Two rows: the former line and the one that is said, then 10 ms of the one that was said."""
    blocks, former = ["WEBVTT\nKind: captions\nLanguage: en\n"], " "
    for i, words in enumerate(spoken):
        start, end = 3.0 * i, 3.0 * i + 2.99
        place = "align:start position:0%"
        blocks.append(f"{clock(start)} --> {clock(end)} {place}\n{former}\n{timed_words(words, start, 2.9)}\n")
        former = " ".join(words)
        blocks.append(f"{clock(end)} --> {clock(end + 0.01)} {place}\n{former}\n \n")
    return "\n".join(blocks)


@settings(max_examples=60, deadline=None)
@given(SPOKEN)
def test_captions_of_youtube_are_said_once_at_their_times(tmp_path_factory, spoken):
    path = tmp_path_factory.getbasetemp() / "youtube.vtt"
    path.write_text(youtube(spoken), encoding="utf-8")
    lines = read_subtitles(path)
    assert [line.text for line in lines] == [" ".join(words) for words in spoken]
    assert [line.start_s for line in lines] == pytest.approx([3.0 * i for i in range(len(spoken))], abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(SPOKEN, st.integers(2, 4))
def test_rows_that_roll_up_are_said_once(spoken, height):
    """Without word times, as converted captions are; lines differ, as else nobody could tell a new one."""
    texts = [f"{i} {' '.join(words)}" for i, words in enumerate(spoken)]
    cues = [Cue(2.0 * i, 2.0 * i + 2, "\n".join(texts[max(0, i + 1 - height) : i + 1])) for i in range(len(texts))]
    lines = lines_of(cues)
    assert [(line.start_s, line.text) for line in lines] == [(2.0 * i, text) for i, text in enumerate(texts)]


@settings(max_examples=60, deadline=None)
@given(SPOKEN)
def test_rows_that_grow_by_a_word_are_said_once_and_whole(spoken):
    texts = [[f"{i}", *words] for i, words in enumerate(spoken)]
    cues, at = [], 0.0
    for i, words in enumerate(texts):
        above = [" ".join(texts[i - 1])] if i else []
        for count in range(1, len(words) + 1):
            cues.append(Cue(at, at + 0.4, "\n".join([*above, " ".join(words[:count])])))
            at += 0.4
    assert [line.text for line in lines_of(cues)] == [" ".join(words) for words in texts]


def test_a_word_said_twice_in_common_subtitles_is_kept_twice():
    cues = [
        Cue(0, 1, "No."),
        Cue(1, 2, "No."),
        Cue(2.5, 4, "I said no."),
        *(Cue(i, i + 1, f"Line {i}") for i in range(5, 30)),
    ]
    assert [line.text for line in lines_of(cues)][:3] == ["No.", "No.", "I said no."]


def test_a_sign_that_moves_and_a_doubled_layer_are_one_line():
    sign = [Cue(i / 25, (i + 1) / 25, rf"{{\pos({i},1)}}HARBOUR") for i in range(50)]
    layers = [Cue(3, 4, r"{\blur4}Shadow"), Cue(3, 4, "Shadow")]
    assert [(line.start_s, line.end_s, line.text) for line in lines_of(sign + layers)] == [
        (0.0, 2.0, "HARBOUR"),
        (3, 4, "Shadow"),
    ]


def test_a_line_begins_with_its_first_word_where_the_file_says_when():
    cue = Cue(1, 6, "we<00:00:02.000> go\n<00:00:04.000>home<00:00:05.000> now")
    again = Cue(6, 7, "home now")
    assert [(line.start_s, line.text) for line in lines_of([cue, again])] == [(1, "we go"), (4.0, "home now")]


def test_captions_of_the_given_case_are_said_once(cases):
    lines = read_subtitles(cases / "youtube_vtt" / "youtube.vtt")
    assert [line.text for line in lines] == ["hello there my", "friend what now", "we go home"]
