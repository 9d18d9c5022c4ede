"""Annotations of ELAN: an .eaf file is about one film, each of its tiers is a label."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from msm.errors import InputError
from msm.evaluation.label_files.marks import Mark


def read_elan(raw: bytes, stem: str, known: frozenset[str] = frozenset()) -> list[Mark]:
    """The marks of an .eaf file; InputError that names the annotation.

    stem   of the file, which is the title unless only the name of its media file is one
    known  ids and names of titles
    """
    try:
        root = fromstring(raw)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InputError(f"it is no sound XML: {error}") from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise InputError(f"it is no ELAN document: its first element is {root.tag!r}")
    title = next((name for name in [stem, *_media(root)] if name in known), stem)
    slots, spans, marks = _slots(root), {}, []
    references: list[tuple[str, str, str, Element]] = []
    for tier in root.iter("TIER"):
        name = tier.get("TIER_ID") or "tier"
        for found in tier.iter("ALIGNABLE_ANNOTATION"):
            where = f"annotation {found.get('ANNOTATION_ID')} of tier {name!r}"
            span = tuple(slots.get(found.get(f"TIME_SLOT_REF{i}") or "", -1.0) for i in (1, 2))
            if span[0] < 0 or span[1] <= span[0]:
                raise InputError(f"{where} has no stretch of time")
            spans[found.get("ANNOTATION_ID") or ""] = (span[0], span[1])
            marks.append(Mark(title, name, _value(found), where, seconds=(span[0], span[1])))
        references += [
            (name, r.get("ANNOTATION_ID") or "", r.get("ANNOTATION_REF") or "", r) for r in tier.iter("REF_ANNOTATION")
        ]
    parents = {own: parent for _, own, parent, _ in references}
    for name, own, parent, found in references:
        for _ in range(len(parents)):  # a reference may lead to another one
            parent = parents.get(parent, parent)
        if parent not in spans:
            raise InputError(f"annotation {own} of tier {name!r} refers to {parent!r}, which has no time")
        marks.append(Mark(title, name, _value(found), f"annotation {own} of tier {name!r}", seconds=spans[parent]))
    return marks


def _value(annotation: Element) -> str:
    return " ".join((annotation.findtext("ANNOTATION_VALUE") or "").split())


def _media(root: Element) -> list[str]:
    """Stems of the media files that it names."""
    urls = [d.get(key) or "" for d in root.iter("MEDIA_DESCRIPTOR") for key in ("RELATIVE_MEDIA_URL", "MEDIA_URL")]
    return [PurePosixPath(unquote(re.split(r"[/\\]", url)[-1])).stem for url in urls if url]


def _slots(root: Element) -> dict[str, float]:
    """Seconds of each time slot; those without a time lie evenly between their neighbours, as ELAN draws them."""
    names, times = [], []
    for slot in root.iter("TIME_SLOT"):
        names.append(slot.get("TIME_SLOT_ID") or "")
        value = slot.get("TIME_VALUE")
        if value is not None and not re.fullmatch(r"\d{1,12}", value):
            raise InputError(f"time slot {names[-1]}: {value!r} is no time in milliseconds")
        times.append(None if value is None else int(value) / 1000)
    timed = [i for i, t in enumerate(times) if t is not None]
    slots = {}
    for i, (name, time) in enumerate(zip(names, times, strict=True)):
        if time is None:
            before, after = (
                max((k for k in timed if k < i), default=None),
                min((k for k in timed if k > i), default=None),
            )
            if before is None or after is None:
                continue
            a, b = times[before] or 0.0, times[after] or 0.0
            time = a + (b - a) * (i - before) / (after - before)
        slots[name] = time
    return slots
