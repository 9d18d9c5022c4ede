"""Text of times, numbers and modalities, and escaping for Markdown and Plotly."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msm.data.ranges import format_ranges
from msm.masking.parts import Parts

# modality → its usual name, where a catalog has another
PARTS = {"visual": "video", "image": "video", "sound": "audio", "words": "text"}


def part(modality: str) -> str:
    """The usual name of a modality: video, audio or text for those that are one; other names stay."""
    return PARTS.get(modality, modality)


def modality_label(modality: str) -> str:
    """A modality as a button, an axis or a heading names it: Video, Audio, Text, or its own name with a capital."""
    name = part(modality)
    return name[:1].upper() + name[1:]


def hidden_in_words(parts: Parts, hidden: Sequence[int]) -> str:
    """Which modalities of the hidden shots are hidden, as a sentence."""
    if all(shots is None for shots in parts.values()):
        lost = " and ".join(part(name) for name in parts)
        verb = "are" if len(parts) > 1 else "is"
        return f"Only the {lost} {verb} hidden, and only the {lost} {verb} compared."
    words = [f"the {part(n)} of {_shots(hidden if s is None else s)}" for n, s in parts.items()]
    covered = {shot for shots in parts.values() for shot in (hidden if shots is None else shots)}
    if rest := [shot for shot in hidden if shot not in covered]:
        words.append(f"all of {_shots(rest)}")
    return f"Hidden: {'; '.join(words)}. Each shot is compared by what is hidden of it."


def hidden_and_shown(parts: Parts, hidden: Sequence[int], sees_rest: bool) -> str:
    """`hidden_in_words`, and whether the run was given the remaining modalities of these shots."""
    words = hidden_in_words(parts, hidden)
    if sees_rest:
        return words
    return f"{words} This run learned with whole shots hidden, so it was not shown the rest of these shots either."


def _shots(shots: Sequence[int]) -> str:
    return f"{'shot' if len(shots) == 1 else 'shots'} {format_ranges(shots)}"


def clock(seconds: float) -> str:
    """mm:ss, or h:mm:ss from one hour; empty for NaN."""
    if not math.isfinite(seconds):
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign, and none before a zero; a dash for NaN."""
    return f"{value:z.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def signed(value: float, digits: int = 2) -> str:
    """`+0.04`, `−0.03`, and `0.00` where nothing is left of it."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and float(text) > 0 else text


def grouped(number: int) -> str:
    """1200 as `1 200`, with narrow spaces between thousands, at which no line breaks."""
    return f"{number:,}".replace(",", "\u202f")


def percent(share: float, digits: int = 0) -> str:
    """0.13 as `13 %`, with a narrow space at which no line breaks; a dash for NaN."""
    return f"{number(100 * share, digits)}\u202f%" if math.isfinite(share) else "–"


def count(number: int, noun: str) -> str:
    """`1 shot`, `1 200 shots`."""
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"


def provenance_lines(facts: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """A line `key: value` for each entry; nested entries as `key, key: value`."""
    for key, value in facts.items():
        name = f"{within}{key}"
        if isinstance(value, Mapping):
            yield from provenance_lines(value, f"{name}, ")
        else:
            yield f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"


def ordinal(number: int) -> str:
    """`1st`, `22nd`, `113th`."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{grouped(number)}{ending}"


def left_in_words(seconds: float | None) -> str:
    """`about 2 min left`; empty where the time is unknown."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 60:
        return f"about {max(1, round(seconds))} s left"
    minutes = seconds / 60
    return f"about {round(minutes)} min left" if minutes < 90 else f"about {minutes / 60:.1f} h left"


def escape_plotly(text: object) -> str:
    """Escape text for Plotly, which reads a subset of HTML in titles, labels and hover texts."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_markdown(text: object) -> str:
    """Escape text for Streamlit's Markdown, so that names, labels and paths are shown as they are written."""
    return _NUMERAL.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", str(text)))


# A colon before a letter starts a colour or an icon, before a slash a link. An underscore inside a word is plain text.
# At the start of a line a sign or a numeral starts a list.
_MARKUP = re.compile(r"[\\`*{}\[\]<>#|~$!]|:(?=[^\W\d]|/)|(?<![^\W_])_|_(?![^\W_])|(?<![^\n])[-+=](?=\s|[-=])")
_NUMERAL = re.compile(r"^(\s*\d+)([.)])(?=\s)", re.MULTILINE)
