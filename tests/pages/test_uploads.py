"""What a visitor brings cannot name a place outside its folder, nor become an option of the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from msm import InputError
from msm.ingest import FilmReport, IngestReport
from workbench.app_pages.data import uploads
from workbench.app_pages.data.upload_panel import ingest_warnings


class Upload:
    def __init__(self, name: str, content: bytes = b"x"):
        self.name, self._content = name, content

    def getbuffer(self) -> memoryview:
        return memoryview(self._content)


NASTY = [
    "../../etc/passwd",
    "..\\..\\a.mp4",
    "/abs.mp4",
    "..",
    ".",
    "",
    ".hidden.mp4",
    "a\0b\n.mp4",
    "x" * 400 + ".mp4",
    "CON/",
]


@pytest.mark.parametrize("name", NASTY)
def test_an_uploads_name_never_leaves_its_folder(tmp_path, name):
    (path,) = uploads.save_uploads([Upload(name)], tmp_path / "files")
    assert path.parent == tmp_path / "files" and path.is_file() and not path.name.startswith(".")
    assert [p.name for p in tmp_path.iterdir()] == ["files"]


def test_two_uploads_of_one_name_are_both_kept(tmp_path):
    saved = uploads.save_uploads(
        [Upload("a.mp4", b"1"), Upload("x/A.mp4", b"2"), Upload("a.srt", b"3")], tmp_path / "f"
    )
    assert [p.read_bytes() for p in saved] == [b"1", b"2", b"3"] and len({p.name.lower() for p in saved}) == 3


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "", "   ", "taken", "…"])
def test_a_new_catalog_stands_beside_the_others_under_a_plain_name(tmp_path, name):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError):
        uploads.new_catalog(tmp_path / "catalog", name)
    assert uploads.new_catalog(tmp_path / "catalog", "mine") == tmp_path / "mine"


def test_names_that_look_like_options_stay_names(tmp_path):
    words = uploads.ingest_words([tmp_path / "--replace"], tmp_path / "c", encoders="x", facts={"name": "--seed 3"})
    assert words.index("--") < words.index(str(tmp_path / "--replace")) and "--name=--seed 3" in words


def test_choices_of_words_hold_for_all_films():
    films, choices = [Path("a.mp4"), Path("b.mp4")], {"language": " de ", "transcribe": ""}
    words = uploads.ingest_words(films, Path("c"), encoders="x", facts={"name": "One"}, choices=choices)
    assert words == ["ingest", "--json", "--encoders=x", "--language=de", "--", "a.mp4", "b.mp4", "c"]


def test_a_folder_and_a_table_of_films_are_left_to_msm_ingest(tmp_path):
    folder, table = tmp_path / "films", tmp_path / "films.csv"
    for name in ("s1/a.mp4", "s2/b.webm", "s2/.hidden.mp4", "s2/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    table.touch()
    assert [p.name for p in uploads.videos_among([folder])] == ["a.mp4", "b.webm"]
    for given, end in ((folder, ["--", str(folder), "c"]), (table, [f"--manifest={table}", "--", "c"])):
        words = uploads.ingest_words([given], Path("c"), encoders="x", facts={"name": "One"})
        assert words[-len(end) :] == end and "--name=One" not in words
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no video"):
        uploads.videos_among([tmp_path / "empty"])


def test_subtitles_of_another_name_go_with_a_single_film_only(tmp_path):
    film, words, more = (tmp_path / n for n in ("a.mp4", "b.srt", "c.mp4"))
    for name in ("a.mp4", "b.srt", "c.mp4", "a.en.srt", "c_German.vtt"):
        (tmp_path / name).touch()
    assert uploads.subtitles_for([film], [film, words], "") == str(words)
    assert uploads.subtitles_for([film, more], [film, more, tmp_path / "a.en.srt"], "") == ""
    assert uploads.subtitles_for([film, more], [film, more, tmp_path / "c_German.vtt"], "") == ""
    with pytest.raises(InputError, match=r"b.srt is called like none of these films"):
        uploads.subtitles_for([film, more], [film, more, words], "")


def test_the_warnings_of_an_ingest_are_shown_with_their_titles():
    row = FilmReport(video="a.mp4", title_id="a")
    row.warn("3 frames could not be decoded")
    row.warn("3 frames could not be decoded")
    report = IngestReport([(Path("a.mp4"), row), (Path("b.mp4"), FilmReport(video="b.mp4", title_id="b"))])
    assert ingest_warnings(report.as_dict()) == ["a: 3 frames could not be decoded"]
    assert ingest_warnings({}) == ingest_warnings({"films": None}) == []


def test_the_columns_of_a_parquet_table_are_chosen_on_the_page(monkeypatch, tmp_path):
    import numpy as np
    import pandas as pd

    from tests.browser.small_world import write_trio
    from tests.pages.test_pages import DATA, visit
    from workbench.app_pages.data import form
    from workbench.app_pages.data.parquet_columns import of_source

    table = pd.DataFrame({"film": ["a", "a", "b"], "no": [0, 1, 0], "mood": ["x", "y", "x"], "text": ["p", "q", "r"]})
    for name in ("looks", "sounds like"):
        table[name] = list(np.ones((3, 4), dtype=np.float32))
    table.to_parquet(tmp_path / "shots.parquet")
    uploaded = of_source([Upload("shots.parquet", (tmp_path / "shots.parquet").read_bytes())], "")
    assert [*uploaded.vectors] == ["looks", "sounds like"] and uploaded.rest("film", "no") == ["mood"]
    assert of_source([Upload("a.parquet", b"no table")], "") is None and of_source([], "/nowhere/x.parquet") is None

    started = {}
    monkeypatch.setattr(form.jobs, "start", lambda folder, title, words, about: started.update(words=words))
    world = write_trio(tmp_path / "w", 5)
    app = visit(monkeypatch, DATA, world / "catalog", world / "runs")
    next(c for c in app.button_group if c.options and "Embeddings" in "".join(map(str, c.options))).set_value(
        "import"
    ).run()
    next(t for t in app.text_input if t.key and t.key.endswith("path.import")).set_value(
        str(tmp_path / "shots.parquet")
    ).run()
    boxes = {s.label: s for s in app.selectbox}
    boxes["Column of the titles"].set_value("film")
    boxes["Column of the shots"].set_value("no")
    next(m for m in app.multiselect if m.label == "Columns of vectors").set_value(["sounds like"]).run()
    labels = next(m for m in app.multiselect if m.label == "Labels for [GLOBAL]")
    assert labels.options == ["mood"]
    labels.set_value(["mood"]).run()
    next(b for b in app.button if b.label == "Import").click().run()
    assert not app.exception
    words = started["words"]
    assert {"--title-column=film", "--shot-column=no", "--modality=sounds like=sounds like"} <= {*words}
    assert "--global-from=mood" in words and words[-2] == str(tmp_path / "shots.parquet")


def test_shards_of_a_table_are_a_source_as_files_as_a_folder_and_as_a_glob(tmp_path):
    import numpy as np
    import pandas as pd

    from workbench.app_pages.data.parquet_columns import of_source
    from workbench.app_pages.data.uploads import typed_source

    table = pd.DataFrame({"title_id": ["a"], "shot": [0], "year": [1999], "embedding": [np.ones(4, dtype=np.float32)]})
    for number in range(2):
        table.to_parquet(tmp_path / f"part-{number}.parquet")
    uploads = [Upload(p.name, p.read_bytes()) for p in sorted(tmp_path.glob("*.parquet"))]
    for given, typed in (
        (uploads, ""),
        ([], str(tmp_path)),
        ([], f"{tmp_path}/part-*.parquet"),
        ([], f"'{tmp_path}/part-1.parquet'"),
    ):
        found = of_source(given, typed)
        assert found and [*found.vectors] == ["embedding"] and found.of_titles("title_id", "shot") == ["year"]
    assert of_source([*uploads, Upload("notes.npz", b"")], "") is None
    assert typed_source(f"{tmp_path}/part-*.parquet") == tmp_path / "part-*.parquet"
    with pytest.raises(InputError, match="missing on the machine"):
        typed_source(f"{tmp_path}/none-*.parquet")
