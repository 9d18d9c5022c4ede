"""A presentation as one HTML file: `python -m workbench.present SCRIPT OUT.html [--catalog DIR --runs DIR]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from msm import Catalog, InputError, Run, Title
from msm.data.notes import Note, list_notes, texts_of_shots
from msm.io.files import whole_file
from msm.io.progress import progress_bar
from workbench.present.play import Picture, Stage, play
from workbench.session.arguments import read_arguments
from workbench.views.frames import data_uri
from workbench.views.shot_colors import fingerprint_colors
from workbench.views.slides.document import slide_document
from workbench.views.slides.script import read_script


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m workbench.present", description=__doc__)
    parser.add_argument("script", type=Path, help="the steps, as TOML")
    parser.add_argument("out", type=Path, help="the HTML file to write")
    given, rest = parser.parse_known_args(words)
    arguments = read_arguments(rest)
    if arguments.unknown:
        parser.error(f"not understood: {' '.join(arguments.unknown)}")
    try:
        catalog = Catalog.open(arguments.catalog)
        script = read_script(given.script)
        stage = Stage(catalog, runs_in(arguments.runs, catalog), embedded_pictures(), noted(catalog))
        with progress_bar("drawing the slides") as progress:
            shown = play(script, stage, str(given.script), progress)
        with whole_file(given.out) as temporary:
            temporary.write_text(slide_document(script.heading, shown), encoding="utf-8")
    except (InputError, OSError) as error:
        print(f"present: {error}", file=sys.stderr)
        return 2
    print(f"{given.out}: {len(shown)} views, {given.out.stat().st_size / 1e6:.1f} MB")
    return 0


def runs_in(folder: Path, catalog: Catalog) -> Callable[[str], Run]:
    """A function that opens a run of the folder by name, with "" the first that fits the catalog."""

    @cache
    def opened(name: str) -> Run:
        if name:
            if name != Path(name).name or not (folder / name / "run.json").is_file():
                raise InputError(f"there is no run {name!r} in {folder}")
            return fitting(folder / name)
        for path in sorted(p.parent for p in folder.glob("*/run.json")):
            try:
                return fitting(path)
            except InputError:
                continue
        raise InputError(f"no run in {folder} fits {catalog.path}")

    def fitting(path: Path) -> Run:
        run = Run.open(path)
        run.check_fits(catalog)
        return run

    return opened


def noted(catalog: Catalog) -> Callable[[Title], Mapping[int, str]]:
    """A function that gives what people noted about the shots of a title."""
    by_title: dict[str, list[Note]] = {}
    for note in list_notes(catalog.path):
        by_title.setdefault(note.title_id, []).append(note)
    texts = {title_id: texts_of_shots(notes) for title_id, notes in by_title.items()}
    return lambda title: texts.get(title.title_id, {})


def embedded_pictures() -> Picture:
    """A function that gives each shot's picture as a data URI."""

    @cache
    def colours(title: Title) -> list[str]:
        return fingerprint_colors(title.embeddings)

    @cache
    def picture(title: Title, shot: int) -> tuple[str | None, str]:
        file = title.thumbnail(shot)
        return (data_uri(file), "") if file.is_file() else (None, colours(title)[shot])

    return picture


if __name__ == "__main__":
    sys.exit(main())
