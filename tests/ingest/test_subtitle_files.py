"""What is read of subtitle files of every kind, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm.errors import InputError
from msm.ingest.subtitles import Line, open_subtitles, read_subtitles

NOISY_VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

REGION
id:fred
width:40%

NOTE a note
of two rows

intro
00:01.000 --> 00:02.500 region:fred align:left
<v Emo>Hello <i>there</i>

NOTE 00:00:01.000 --> 00:00:02.000 is what stood here

100:00:05.500 --> 100:00:07.000
word<100:00:05.700> times
"""
FORMATS = {
    "a.sbv": "0:00:01.000,0:00:02.500\nHello there\n\n0:00:03.000,0:00:04.000\nAgain\n",
    "a.sub": "{25}{62}Hello|there\n{75}{100}{y:i}Again\n",
    "a.smi": "<SAMI><BODY><SYNC Start=1000><P Class=ENCC>Hello<br>there<SYNC Start=2500><P Class=ENCC>&nbsp;"
    "<SYNC Start=3000><P Class=ENCC>Again<SYNC Start=4000><P Class=ENCC>&nbsp;</BODY></SAMI>",
    "a.ttml": '<?xml version="1.0" encoding="utf-8"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    '<p begin="00:00:01.000" end="00:00:02.500">Hello<br/>there</p>'
    '<p begin="3s" end="4s">Again</p></div></body></tt>',
    "a.srt": "1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nAgain\n",
    "numbers without blank rows.srt": "1\n0:0:1,0 --> 0:0:2,5\nHello there\n2\n00:00:03.000-->00:00:04.000\nAgain\n",
    "a.vtt": "\ufeffWEBVTT\r\n\r\n00:01.000 --> 00:02.500\r\nHello there\r\n\r\n00:03.000 --> 00:04.000\r\nAgain\r\n",
    "a.ssa": "[Script Info]\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: Marked=0,0:00:01.00,0:00:02.50,*Default,,0,0,0,,Hello\\Nthere\n"
    "Dialogue: Marked=0,0:00:03.00,0:00:04.00,*Default,,0,0,0,,Again\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(tmp_path, name):
    (tmp_path / name).write_text(FORMATS[name], encoding="utf-8", newline="")
    lines = open_subtitles(tmp_path / name, frame_rate=25.0).lines
    assert [line.text for line in lines] == ["Hello there", "Again"]
    assert [line.start_s for line in lines] == pytest.approx([1.0, 3.0], abs=0.05)


def test_notes_styles_and_regions_are_no_words(tmp_path):
    (tmp_path / "a.vtt").write_text(NOISY_VTT, encoding="utf-8")
    hour = 100 * 3600
    assert read_subtitles(tmp_path / "a.vtt") == [
        Line(1.0, 2.5, "Hello there"),
        Line(hour + 5.5, hour + 7.0, "word times"),
    ]


@pytest.mark.parametrize("hours", [0, 99, 100, 999, 12345])
@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_clock_times_may_be_of_any_length(tmp_path, hours, kind):
    path = tmp_path / f"a.{kind}"
    start, end = (f"{hours}:59:{s}.500" for s in (58, 59))
    cue = f"{start} --> {end}\nlate\n"
    texts = {
        "srt": f"1\n{cue.replace('.', ',')}",
        "vtt": f"WEBVTT\n\n{cue}",
        "ass": f"[Events]\nDialogue: 0,{start[:-1]},{end[:-1]},Default,,0,0,0,,late\n",
    }
    path.write_text(texts[kind], encoding="utf-8")
    assert read_subtitles(path) == [Line(hours * 3600 + 3598.5, hours * 3600 + 3599.5, "late")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path, ending):
    path = tmp_path / "a.srt"
    path.write_bytes(FORMATS["a.srt"].replace("\n", ending).encode())
    assert [line.text for line in read_subtitles(path)] == ["Hello there", "Again"]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (r"{\p1}m 0 0 l 1 1{\p0}", None),
        (r"{\an8\p1\pos(1,1)}m 0 0 l 100 0 100 100", None),
        (r"{\p2}m 0 0{\p0}Hello{\p4}m 1 1{\p0} there", "Hello there"),
        (r"{\pos(3,4)\pbo5}Hello there", "Hello there"),
        (r"{\k20}Hel{\k30}lo {typeset note}there", "Hello there"),
        (r"{\clip(1,m 0 0 l 5 5)}Hello\hthere", "Hello there"),
        (r"{\i1}Hello\Nthere{\i0}", "Hello there"),
    ],
)
def test_drawing_commands_and_styles_are_no_words(tmp_path, event, said):
    path = tmp_path / "a.ass"
    rows = [f"Dialogue: 0,0:00:0{i}.00,0:00:0{i}.90,Default,,0,0,0,,{text}" for i, text in ((1, event), (2, "End"))]
    path.write_text("[Script Info]\n\n[Events]\n" + "\n".join(rows), encoding="utf-8")
    assert [line.text for line in read_subtitles(path)] == ([said] if said else []) + ["End"]


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "there is no line with a time in it"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "it is a web page"),
        (b"<html><pre>1\n00:00:01,000 --> 00:00:02,000\nHello</pre></html>", "it is a web page"),
        (b"\x00\x01\x02" * 50, "it is no text"),
        (b"PK\x03\x04" + bytes(range(256)) * 9, "is not readable as subtitles"),
        (b"nothing of the kind", "its format is none of"),
        (b"1\n00:00:01 --> soon\nHello\n", "is not readable as subtitles"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nHello\n", "there is no line with a time in it"),
    ],
)
def test_what_holds_no_subtitles_is_named_with_a_reason(tmp_path, contents, reason):
    path = tmp_path / "a.srt"
    path.write_bytes(contents)
    with pytest.raises(InputError, match=reason) as error:
        read_subtitles(path)
    assert str(path) in str(error.value)


FRAGMENTS = st.sampled_from(
    [b"1\n", b"00:00:01,000 --> 00:00:02,000\n", b"WEBVTT\n\n", b"<00:00:01.000>", b"<c>", b"{\\p1}", b"{", b"}", b"<", b"\n\n",
     b"[Events]\n", b"Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,", b"Format: Start, End, Text\n", b"<SAMI>", b"<SYNC Start=1>",
     b"{1}{2}x|y\n", b"[1][2]x\n", b"00:00:01:x\n", b"Caf\xe9", b"\xcf\xf0\xe8", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"\x1b$B", b"&#xD800;",
     b"999999:99:99,999 --> 999999:99:99,999\n", b"<tt xmlns='http://www.w3.org/ns/ttml'><body><div><p begin='1s'>", b"--> ", b"9" * 5000]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=8)), max_size=12).map(b"".join))
def test_whatever_a_file_holds_it_gives_lines_or_one_sentence(tmp_path_factory, contents):
    path = tmp_path_factory.getbasetemp() / "any.srt"
    path.write_bytes(contents)
    try:
        lines = open_subtitles(path, frame_rate=25.0).lines
    except InputError as error:
        assert str(path) in str(error)
        return
    for line in lines:
        assert line.text.encode("utf-8") and 0 <= line.end_s < 1e10 and line.start_s < line.end_s
    assert [line.start_s for line in lines] == sorted(line.start_s for line in lines)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "repeated", [b"\n", b"{", b"<", b"<a ", b" ", b"9", b"0:", b"&", b"a\n", b"<00:00:0", b"\xc3\xa9\xff"]
)
def test_reading_takes_time_in_proportion_to_the_file(tmp_path, repeated):
    """Quadratic time would be hours here."""
    path = tmp_path / "a.srt"
    path.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nHello\n" + repeated * (300_000 // len(repeated)))
    assert read_subtitles(path)[0].text.startswith("Hello")
