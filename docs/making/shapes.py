"""Lines of shapes in a docstring ("shots   (B, S, D)  float") are a table by their alignment: kept as they stand."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

ALIGNED = re.compile(r"^\s*[\w.`,*%() -]*\S {2,}\S")  # a name, at least two blanks, what it is


class Shapes(Extension):
    """Makes each paragraph that has an aligned line a code block."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = "\n\n".join(map(as_block, obj.docstring.value.split("\n\n")))


def as_block(paragraph: str) -> str:
    lines = paragraph.splitlines()
    if not any(ALIGNED.match(line) for line in lines):
        return paragraph
    return "\n".join(["```text", *lines, "```"])
