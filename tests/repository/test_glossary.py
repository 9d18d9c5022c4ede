"""The glossary is in order, has one sentence for each term, and is where the guides send a reader."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = next(p for p in Path(__file__).resolve().parents if (p / "mkdocs.yml").is_file()) / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^### (.+)\n\n(.+)$", GLOSSARY, re.MULTILINE)
GUIDES = [p for p in sorted(DOCS.glob("*.md")) if p.name not in ("glossary.md", "commands.md")]


def by_letters(term: str) -> str:
    return re.sub(r"[^\w @-]", "", term).lower().strip()


def test_the_terms_stand_in_alphabetical_order_and_each_once():
    names = [by_letters(term) for term, _ in TERMS]

    assert len(names) > 100 and len(names) == len(re.findall(r"^### ", GLOSSARY, re.MULTILINE))
    assert names == sorted(set(names))


def test_a_term_has_one_sentence_and_says_where_it_is_used():
    meanings = {term: text.split(" *Also called:*")[0].split(" *Used in:*")[0] for term, text in TERMS}

    assert [term for term, text in TERMS if "*Used in:*" not in text] == []
    assert [term for term, meaning in meanings.items() if re.search(r"\. [A-Z]", meaning)] == []


def test_every_guide_sends_its_reader_to_the_glossary():
    lacking = [p.name for p in GUIDES if "(glossary.md" not in p.read_text(encoding="utf-8")]

    assert lacking == []
