"""The marked blocks of a Markdown page: find them, compare them with the results, write them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarks.figures import results, tables

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- figures: (?P<name>[^>]+?) -->(?P<text>.*?)<!-- /figures -->", re.DOTALL)
FIRST_OF_LINE = re.compile(r"^ *<!-- figures: [^>]+:[^>]+ -->", re.MULTILINE)  # Markdown would end the paragraph there
MARK = re.compile(r"<!-- (/?)figures\b[^>]*-->")


def all_pages() -> list[Path]:
    """The Markdown files of the root, of sample_data/ and of docs/."""
    return [*sorted(ROOT.glob("*.md")), ROOT / "sample_data" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def update(page: Path, check: bool = False) -> list[str]:
    """Write the blocks of a page, unless `check`; return a line for each block that differs from the results.

    Raises ValueError where a comment has no partner or names nothing that there is.
    """
    text, where = page.read_text(encoding="utf-8"), os.path.relpath(page, ROOT)
    made = filled(text, where)
    if made != text and not check:
        temporary = page.with_name(f".{page.name}.tmp")
        temporary.write_text(made, encoding="utf-8")
        temporary.replace(page)
    pairs = zip(BLOCK.finditer(text), BLOCK.finditer(made), strict=True)
    return [f"{where}: {was['name']}{shown(was, now)}" for was, now in pairs if was["text"] != now["text"]]


def filled(text: str, page: str) -> str:
    """The text of a page with every block as the results say."""
    marks = [found[1] for found in MARK.finditer(text)]
    if marks != ["", "/"] * (len(marks) // 2):
        raise ValueError(f"{page}: each <!-- figures: NAME --> needs one <!-- /figures --> before the next begins")
    if found := FIRST_OF_LINE.search(text):
        raise ValueError(f"{page}: {found[0].strip()} has to stand inside a line, not at its beginning")
    try:
        return BLOCK.sub(lambda block: f"<!-- figures: {block['name']} -->{made(block['name'])}<!-- /figures -->", text)
    except (KeyError, IndexError) as error:
        raise ValueError(f"{page}: the results have no {error.args[0]}") from None


def made(name: str) -> str:
    """What stands between the comments: a table between lines of its own, or a single value."""
    path, colon, form = name.partition(":")
    if colon:
        return format(results.value(path), form)
    return f"\n{tables.table(name)}\n"


def shown(was: re.Match[str], now: re.Match[str]) -> str:
    return "" if "\n" in now["text"] else f" is {was['text']}, the results say {now['text']}"
