"""Words of strangers' files in ours: the name of a split, and an id made of a name."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from msm.data.schema import SPLITS
from msm.errors import InputError

SPLIT_WORDS = {"training": "train", "val": "validation", "valid": "validation", "dev": "validation"}


def split_of(value: Any, where: str) -> str:
    """A split's name in our words, "" for an empty one; InputError for any other word."""
    if value is None or value != value or str(value).strip() == "":
        return ""
    word = known_split(str(value).strip())
    if word is None:
        raise InputError(f"{where}: split is {value!r}, but must be one of {', '.join(SPLITS)}")
    return word


def known_split(word: str) -> str | None:
    """A split's name in our words; None for a word that names none."""
    word = SPLIT_WORDS.get(word.lower(), word.lower())
    return word if word in SPLITS else None


def slug_of(name: str) -> str:
    """A name in lower case with hyphens, of any length; accents are left out, and an empty one is `title`."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", letters).strip("-") or "title"
