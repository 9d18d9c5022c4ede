"""The text form of modalities that are hidden one by one, as in a URL and on the command line.

An empty text hides whole shots. `audio` hides only the audio of all hidden shots, the usual case. `audio:3-5;video:9` hides
only the audio of shots 3 to 5 and only the video of shot 9; the other hidden shots are hidden whole.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from msm.data.ranges import MOST_NAMED, format_ranges, parse_ranges
from msm.errors import InputError

Parts = Mapping[str, Sequence[int] | None]  # modality → the hidden shots of which it is hidden; None = all of them
MOST_SHOTS = 10_000_000  # upper bound of a shot number in a URL
MOST_PARTS = 50


def parse_parts(text: str, num_shots: int = MOST_SHOTS) -> Parts:
    """Parse the text form. Raises InputError for shots that are invalid or not in the title; modalities are not checked."""
    parts: dict[str, Sequence[int] | None] = {}
    named = 0
    if text.count(";") > MOST_PARTS:
        raise InputError(f"more than {MOST_PARTS} modalities are named; name fewer")
    for one in filter(None, text.split(";")):
        name, colon, ranges = one.partition(":")
        shots = parse_ranges(ranges, num_shots) if colon else None
        named += len(shots or ())
        if named > MOST_NAMED:
            raise InputError(f"more than {MOST_NAMED} shots are named; name fewer")
        if not name or shots == []:
            raise InputError(f"{one[:80]!r} is not a modality and its shots; write for example audio:3-5")
        known = parts.get(name, [])
        parts[name] = None if shots is None or known is None else sorted({*known, *shots})
    return parts


def format_parts(parts: Parts) -> str:
    """Write the text form, the inverse of `parse_parts`."""
    return ";".join(n if s is None else f"{n}:{format_ranges(s).replace(' ', '')}" for n, s in parts.items())


def parts_of_json(value: str | Mapping[str, Iterable[int]], hidden: Iterable[int]) -> Parts:
    """The modalities of a JSON message, for these hidden shots: the text form, or {modality: [shot, …]}; InputError for others."""
    if isinstance(value, str):
        return parse_parts(value)
    if not isinstance(value, Mapping):
        raise InputError("modality must be a text, for example audio:3-5, or an object of lists of shots")
    try:
        return simplest({str(name): sorted({int(s) for s in shots}) for name, shots in value.items()}, map(int, hidden))
    except (TypeError, ValueError, OverflowError):
        raise InputError("modality must have a list of shots, counted from 0, for each name") from None


def simplest(parts: Parts, hidden: Iterable[int]) -> Parts:
    """The shortest equivalent for these hidden shots: without shots that are not hidden, and without ranges where all
    hidden shots lose the same modalities."""
    shots = sorted({*hidden})
    held = {
        name: of if of is None else frozenset(of) for name, of in parts.items()
    }  # membership in a list takes linear time
    lost = {shot: lost_of(held, shot) for shot in shots}
    if len({*lost.values()}) == 1:
        return dict.fromkeys(lost[shots[0]])
    named = {name: [shot for shot in shots if name in lost[shot]] for name in parts}
    return {name: of for name, of in named.items() if of}


def lost_of(parts: Mapping[str, Container[int] | None], shot: int) -> tuple[str, ...]:
    """The hidden modalities of a hidden shot; an empty tuple means all of them."""
    return tuple(name for name, shots in parts.items() if shots is None or shot in shots)
