"""A presentation: a small file that anyone can write, its views, and the HTML file that needs no server."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from msm import Catalog, InputError
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run, write_thumbnails
from workbench.present import export
from workbench.present.play import Stage, play
from workbench.views.frames import Frame, figure, shortened
from workbench.views.interpret.attention import NOT_WHY
from workbench.views.slides.document import slide_document
from workbench.views.slides.markup import Slide, slide_html
from workbench.views.slides.script import SHOWS, parse_script, read_script, script_of_a_view
from workbench.views.slides.svg import arcs_svg, curve_svg

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "presentations" / "harbour-lights.toml"
EVIL = "<img src=x onerror=alert(1)></script><b>bold</b>"


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """catalog/ with two titles of 40 shots, one with pictures, one whose every word is markup; and a run."""
    folder = tmp_path_factory.mktemp("presenting")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, f"title-{s}", s, 40, name=f"A {s} title") for s in ("train", "validation", "test")]
    titles.append(small_title(rng, "markup", "test", 40, name="<b>x</b>", plain=True))
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    write_thumbnails(catalog, "title-test")
    train_run(catalog, folder / "runs" / "mediafm", steps=2)
    return folder


def script(*steps: str, title: str = "title-test") -> bytes:
    blocks = "\n".join(f"[[steps]]\n{step}\n" for step in steps)
    return f'heading = "A film"\ntitle = "{title}"\n{blocks}'.encode()


EVERY_VIEW = [
    'show = "words"\nheading = "Words"\ntext = "More words"',
    'show = "film"\nhidden = "3-5"',
    'show = "expected"\nhidden = "3-5, 20"\nshot = 4\nveil = true',
    'show = "expected"\nhidden = "3-5, 20"',
    'show = "mattered"\nhidden = "3-5, 20"',
    'show = "attention"\nhidden = "3-5, 20"\nshot = 4',
    'show = "film"\nhidden = "3-5"\nmodality = "audio:3;video:4"',
    'show = "expected"\nhidden = "3-5, 20"\nmodality = "audio"\nveil = true',
    'show = "verdict"\nhidden = "2, 6, 9, 14, 19, 25, 31"\nmodality = "audio"',
    'show = "surprise"',
    'show = "verdict"\nhidden = "2, 6, 9, 14, 19, 25, 31"',
    'show = "guess"\nhidden = "2, 6, 9, 14, 19, 25, 31"\nveil = true',
]


@pytest.fixture(scope="module")
def document(world) -> str:
    """Every kind of view of both titles, written by the command."""
    file = world / "all.toml"
    both = [*EVERY_VIEW, *(f'title = "markup"\n{step}' for step in EVERY_VIEW)]
    file.write_bytes(script(*both, f'show = "words"\nheading = "{EVIL}"\ntext = "{EVIL}"'))
    out = world / "all.html"
    where = ["--catalog", str(world / "catalog"), "--runs", str(world / "runs")]
    assert export.main([str(file), str(out), *where]) == 0
    return out.read_text(encoding="utf-8")


def test_every_kind_of_view_is_in_the_example():
    assert {re.search('show = "(.*)"', step)[1] for step in EVERY_VIEW} == set(SHOWS)


def test_the_file_needs_nothing_from_anywhere(document):
    assert not re.search(r'(?:src|href)="(?!data:)', document)
    assert "http" not in document.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in document and "@import" not in document
    assert "default-src 'none'" in document
    assert document.count("<section>") == 2 * len(EVERY_VIEW) + 1
    assert len(document) < 5e6


def test_a_picture_that_several_views_show_is_in_the_file_once(document):
    assert len(re.findall(r"data-picture=", document)) > 40
    pictures = re.findall(r"data:image/webp;base64,[^\"]+", document)
    assert len(pictures) == len(set(pictures)) <= 40


def test_what_a_script_or_a_catalog_says_is_shown_as_it_is_written(document):
    assert "<b>bold" not in document and "<img src=x" not in document and "<i>markup" not in document
    assert "&lt;b&gt;bold" in document and "&lt;i&gt;markup" in document
    assert document.count("</script>") == 1


def test_a_veiled_shot_is_neither_in_the_view_nor_in_its_words():
    frame = Frame("data:image/webp;base64,secret", "#123456", "01:00", text="what is said", veiled=True)

    assert "secret" not in figure(frame) and "what is said" not in figure(frame)


def test_a_colour_that_is_none_gets_nowhere():
    assert "javascript" not in figure(Frame(None, '#1;background:url("javascript:x")', "01:00"))


def test_the_numbers_of_a_view_are_never_the_authors(world):
    claims = parse_script(script('show = "verdict"\nhidden = "3"\ntext = "It always wins"'), "claims.toml")
    (slide,) = play(claims, stage(world), "claims.toml")

    assert slide.text == "It always wins" and "not a measurement" in slide.said
    assert slide_html(slide).index("It always wins") < slide_html(slide).index("not a measurement")


def stage(world: Path) -> Stage:
    catalog = Catalog.open(world / "catalog")
    return Stage(catalog, export.runs_in(world / "runs", catalog), export.embedded_pictures())


def test_of_a_shot_that_loses_a_part_the_rest_is_shown(world):
    told = 'show = "expected"\nhidden = "3-5"\nshot = 4\nveil = true'
    says = str(Catalog.open(world / "catalog")["title-test"].shots["text"][4])
    bodies = [
        slide.body.split("The model expected")[0]  # the real shot alone
        for part in ("audio", "video", "text", "audio:3")
        for slide in play(parse_script(script(f'{told}\nmodality = "{part}"'), "it"), stage(world), "it")
    ]
    assert [body.count("data:image") for body in bodies] == [1, 0, 1, 0]
    assert [body.count(says) for body in bodies] == [1, 1, 0, 0]
    assert [re.findall(r"\w+ hidden", body) for body in bodies] == [
        ["audio hidden"],
        ["video hidden"],
        ["text hidden"],
        [],
    ]


def test_numbers_about_a_part_say_so(world):
    told = 'show = "verdict"\nhidden = "2, 6, 9, 14"'
    whole, sound = play(parse_script(script(told, f'{told}\nmodality = "audio"'), "it"), stage(world), "it")
    assert "Only the audio is hidden" in sound.body and "was not shown the rest" in sound.body
    assert "Only the audio" not in whole.body and sound.body.split("<p class")[0] != whole.body.split("<p class")[0]


def test_attention_is_never_shown_as_the_reason(world):
    (slide,) = play(parse_script(script('show = "attention"\nhidden = "3-5"\nshot = 4'), "it"), stage(world), "it")
    assert "the model looks most at" in slide.said
    assert NOT_WHY in slide.body and "Leave one out" in slide.body and "Spearman" in slide.body


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"\xff\xfe", "not readable as TOML"),
        (b"steps = [", "not readable as TOML"),
        (b'title = "x"', r"no \[\[steps\]\]"),
        (b"steps = 3", r"no \[\[steps\]\]"),
        (b'colour = "red"\n[[steps]]\nshow = "words"', "'colour' means nothing here"),
        (script('show = "dance"'), "step 1: show is 'dance', but must be one of words"),
        (script('heading = "no show"'), "step 1: show is None"),
        (script('show = "words"', 'show = "words"\nheading = 3'), "step 2: heading is 3, but must be a text"),
        (script('show = "film"\nveil = "yes"'), "veil is 'yes', but must be true or false"),
        (script('show = "expected"\nhidden = "3"\nshot = true'), "shot is True, but must be a whole number"),
        (script('show = "expected"'), "hidden is not given"),
        (b'[[steps]]\nshow = "film"', "title is not given"),
        (
            script('show = "surprise"\nmodality = "audio"'),
            "step 1: modality is given, but surprise asks about whole shots",
        ),
        (script('show = "film"\nmodality = "audio"'), "step 1: modality is given, but no shot is hidden"),
        (
            script('show = "film"\nhidden = "3"\nmodality = "audio:"'),
            "step 1: modality is 'audio:': .*write for example",
        ),
        (script('show = "film"\nhidden = "3"\nmodality = 3'), "modality is 3, but must be a text"),
        (script('show = "words"') * 1 + b"#" * 300_000, "larger than a script can be"),
    ],
)
def test_a_script_that_cannot_be_read_gets_one_sentence_that_names_it(raw, sentence):
    with pytest.raises(InputError, match=f"mine.toml.*{sentence}"):
        parse_script(raw, "mine.toml")


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ('show = "film"\ntitle = "nowhere"', "step 1: .*no title 'nowhere'"),
        ('show = "film"\nhidden = "90"', "step 1: hidden is '90'"),
        ('show = "film"\nhidden = "x"', "step 1: hidden is 'x'"),
        ('show = "expected"\nhidden = "3"\nshot = 7', "step 1: shot is 7, but must be one of the hidden shots"),
        (
            'show = "film"\nhidden = "3"\nmodality = "smell"',
            "step 1: modality is 'smell', but these shots have video, audio",
        ),
        ('show = "film"\nhidden = "3"\nmodality = "audio:4"', "step 1: modality names shot 4, but hidden is '3'"),
        ('show = "surprise"\nrun = "../mediafm"', r"step 1: there is no run '\.\./mediafm'"),
        ('show = "guess"\nhidden = "3"', "step 1: too few of the hidden shots look different"),
    ],
)
def test_a_step_that_cannot_be_shown_gets_one_sentence_with_its_number(world, capsys, tmp_path, step, sentence):
    (tmp_path / "mine.toml").write_bytes(script(step))
    where = ["--catalog", str(world / "catalog"), "--runs", str(world / "runs")]

    assert export.main([str(tmp_path / "mine.toml"), str(tmp_path / "out.html"), *where]) == 2
    assert re.search(sentence, capsys.readouterr().err)
    assert not (tmp_path / "out.html").exists()


@pytest.mark.slow
def test_the_story_that_comes_with_the_sample_can_be_told():
    told = read_script(SAMPLE)
    catalog = Catalog.open(ROOT / "sample_data" / "catalog")
    shown = play(
        told, Stage(catalog, export.runs_in(SAMPLE.parents[1] / "runs", catalog), lambda t, s: (None, "#888888")), "it"
    )

    assert 6 <= len(shown) <= 10
    assert all(s.heading for s in shown) and "did better than" in shown[-3].said
    # What the author says in the file's own words holds for the run that is shipped with it.
    by = {step.show: slide for step, slide in zip(told.steps, shown, strict=True)}
    assert "2 shots before" in by["mattered"].said and "1 shot before" in by["attention"].said
    assert "about as well" in shown[-2].said and "Only the audio is hidden" in shown[-2].body


def test_any_title_has_a_story():
    whole = script_of_a_view("t", "A title", "mediafm", "3-5", 4)

    assert {s.show for s in whole.steps} == {"film", "expected", "mattered", "surprise", "verdict"}
    assert [s.show for s in script_of_a_view("t", "A title", "mediafm", "", None).steps] == ["film", "surprise"]


def test_the_drawings_hold_numbers_and_nothing_else():
    flat = np.zeros(5)

    for drawn in (curve_svg(flat, flat, [0], [2]), arcs_svg([(0, 3, 1.0), (4, 3, -0.5)], 5), arcs_svg([], 1)):
        assert drawn.startswith('<img src="data:image/svg+xml;base64,') and "nan" not in drawn


def test_a_document_of_nothing_but_words_stands_by_itself():
    page = slide_document(EVIL, [Slide(EVIL, "", "", "")])

    assert "<title>&lt;img" in page and page.count("</script>") == 1


def test_long_texts_end_between_words():
    assert shortened("a  b\nc") == "a b c"
    assert shortened("word " * 60).endswith(" …") and len(shortened("word " * 60)) <= 122


def test_the_guide_holds_every_view_and_what_it_shows_can_be_read():
    guide = (ROOT / "docs" / "present.md").read_text(encoding="utf-8")

    assert all(f"`{show}`" in guide for show in SHOWS)
    for block in re.findall(r"```toml\n(.*?)```", guide, re.S):
        assert parse_script(block.encode(), "docs/present.md").steps


def test_tables_of_views_need_no_labels():
    from workbench.views.interpret.surprise import surprise_figure, surprise_sentence

    table = pd.DataFrame({"shot": [0, 1, 2], "start_s": np.nan, "surprise": [0.1, 0.9, 0.2], "copy_surprise": 0.5})
    table = table.assign(baseline="kriging")
    table = table.assign(starts_scene=None)

    assert surprise_sentence(None, table) == "The model is most surprised at shot 1."
    assert surprise_figure(table, np.array([1])).layout.xaxis.title.text == "shot"
