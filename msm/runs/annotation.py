"""What people write beside a run: tags, a note, a colour, and whether it is archived; the file annotation.json of its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from msm.errors import InputError
from msm.io import files

FILE = "annotation.json"
_COLOR = re.compile(r"#[0-9a-f]{6}")
_LONGEST = {"tag": 40, "note": 4000}  # characters


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """Notes on a run.

    tags      words to filter by, sorted, each once
    note      free text
    color     of the run in tables and figures, as `#rrggbb`; empty where nobody chose one
    archived  whether the run is left out of tables unless they are asked for archived runs
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    color: str = ""
    archived: bool = False


def read_annotation(run: Path) -> Annotation:
    """The annotation of a run folder; an empty one where there is none. InputError for an invalid file."""
    path = run / FILE
    if not path.exists():
        return Annotation()
    content = files.read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("tags", []), list):
        raise InputError(f"{path} is not an annotation of a run: an object with a list of tags")
    known = {key: content[key] for key in asdict(Annotation()) if key in content}
    try:
        return _checked(Annotation(**{**known, "tags": tuple(known.get("tags", ()))}))
    except InputError as error:
        raise InputError(f"{path} is not an annotation of a run: {error}") from None


def annotate(
    run: Path,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    note: str | None = None,
    color: str | None = None,
    archived: bool | None = None,
) -> Annotation:
    """Change the annotation of a run folder and return it; None leaves a field as it is.

    add, remove  tags
    color        `#rrggbb`, or empty for the colour that the run has by itself

    InputError for a folder that is no run, and for an invalid tag or colour.
    """
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is not a run: it has no run.json")
    before = read_annotation(run)
    given: dict[str, Any] = {"note": note, "color": color and color.lower(), "archived": archived}
    tags = ({*before.tags} | {tag.strip() for tag in add}) - {tag.strip() for tag in remove}
    changed = {key: value for key, value in given.items() if value is not None}
    after = _checked(replace(before, tags=tuple(sorted(tags)), **changed))
    if after != before:
        files.write_json(run / FILE, asdict(after))
    return after


def _checked(annotation: Annotation) -> Annotation:
    for tag in annotation.tags:
        if not isinstance(tag, str) or not tag or len(tag) > _LONGEST["tag"] or re.search(r"[\s,=<>!~]", tag):
            raise InputError(
                f"{tag!r} is not a tag: one word of at most {_LONGEST['tag']} characters, without , = < > ! ~"
            )
    if not isinstance(annotation.note, str) or len(annotation.note) > _LONGEST["note"]:
        raise InputError(f"a note is a text of at most {_LONGEST['note']} characters")
    if not isinstance(annotation.color, str) or (annotation.color and not _COLOR.fullmatch(annotation.color)):
        raise InputError(f"{annotation.color!r} is not a colour; write it as #2b7fd4")
    if not isinstance(annotation.archived, bool):
        raise InputError("archived must be true or false")
    return annotation
