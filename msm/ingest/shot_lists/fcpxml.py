"""FCPXML of Final Cut Pro, DaVinci Resolve and PySceneDetect: the clips of the first project are the shots."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from msm.errors import InputError
from msm.ingest.shot_lists.spans import GivenShot

CLIPS = ("asset-clip", "clip", "video", "ref-clip", "sync-clip", "mc-clip", "audition", "title")
FRAME_S = Fraction(1, 1000)  # nothing shorter is a clip


def read_fcpxml(raw: bytes) -> list[GivenShot]:
    """The clips of the first project's storyline, with their names as label `clip`; InputError for another XML.

    Gaps and transitions are no clips; clips that are connected to another are passed over.
    """
    try:
        root = fromstring(raw)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InputError(f"it is no sound XML: {error}") from None
    if root.tag != "fcpxml":
        hint = "; export FCPXML or an EDL instead" if root.tag == "xmeml" else ""
        raise InputError(f"it is no FCPXML: its first element is {root.tag!r}{hint}")
    sequence = root.find(".//project/sequence")  # others, of compound clips, may stand before it
    sequence = next(root.iter("sequence"), None) if sequence is None else sequence
    spine = sequence.find("spine") if sequence is not None else None
    if sequence is None or spine is None:
        raise InputError("there is no sequence with a storyline in it")
    shots = list(_clips(spine, _seconds(sequence, "tcStart") or Fraction(0)))
    if not shots:
        raise InputError("there is no clip in its first sequence")
    return shots


def _clips(spine: Element, begins_s: Fraction) -> Iterator[GivenShot]:
    now_s = begins_s
    for element in spine:
        if element.tag == "transition":
            continue
        inside = element[0] if element.tag == "audition" and len(element) else element
        offset_s, length_s = _seconds(element, "offset"), _seconds(inside, "duration")
        start_s = now_s if offset_s is None else offset_s
        now_s = start_s + (length_s or 0)
        if element.tag in CLIPS and now_s - start_s > FRAME_S:
            labels = {"clip": inside.get("name")} if inside.get("name") else {}
            yield GivenShot(float(start_s - begins_s), float(now_s - begins_s), labels)


def _seconds(element: Element, name: str) -> Fraction | None:
    """A time as FCPXML has it: `1001/30000s`, `5s`, `2.5s`; None where it is not there."""
    text = element.get(name)
    if text is None:
        return None
    try:
        return Fraction(text.strip().removesuffix("s"))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} of a <{element.tag}> is {text[:40]!r}, but must be a time as 1001/30000s") from None
