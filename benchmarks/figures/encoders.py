"""Tables of trained encoders: words on scripts, films by `trained` against the same by descriptors, and what a run makes of them."""

from __future__ import annotations

from typing import Any

from benchmarks.figures.results import read

MEASURES = ("map", "boundary_ap")


def words() -> str:
    """The encoders of words on windows of scripts."""
    found = read("encoders")
    head = "| | columns | ms a window, one thread | same-scene mAP | lead (95 %) | AP of boundaries | lead (95 %) |"
    lines = [
        head,
        f"|{' --- |' * 7}",
        f"| chance | | | {found['chance']['map']:.3f} | | {found['chance']['boundary_ap']:.3f} | |",
    ]
    for name, row in found["encoders"].items():
        cells = [f"{row[m]:.3f} | {'' if name == found['against'] else lead(row['leads'][m])}" for m in MEASURES]
        lines.append(f"| {name} | {row['dim']} | {row['ms']:.{1 if row['ms'] < 10 else 0}f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def films() -> str:
    """Scenes told apart by `trained` and by descriptors, on the sample films and the real film."""
    found = read("trained")["scenes"]
    head = "| films | of the shots | measure | chance | descriptors | trained | lead (95 %) |"
    lines = [head, f"|{' --- |' * 7}"]
    for films_, modalities in found.items():
        for modality, scores in modalities.items():
            lines += [_row(films_, modality, measure, scores) for measure in MEASURES]
    return "\n".join(lines)


def runs() -> str:
    """A small `neighbour` run on either kind of embedding."""
    found = read("trained")["skill"]
    head = "| embeddings | films | best baseline, centred cosine | `neighbour` | skill |"
    lines = [head, f"|{' --- |' * 5}"]
    for kind, films_ in found.items():
        for name, report in films_.items():
            best = max(report["baselines"].values())
            lines.append(f"| {kind} | {name} | {best:.3f} | {report['centred_cosine']:.3f} | {_skill(report)} |")
    return "\n".join(lines)


def lead(difference: dict[str, Any]) -> str:
    spread = difference["interval"]
    text = f"{difference['difference']:+.3f}"
    return text if spread is None else f"{text} ({spread['low']:+.3f} to {spread['high']:+.3f})"


def _row(films_: str, modality: str, measure: str, scores: dict[str, Any]) -> str:
    name = {"map": "same-scene mAP", "boundary_ap": "AP of boundaries"}[measure]
    plain, trained = (scores["columns"][kind] for kind in ("descriptors", "trained"))
    difference = (
        trained["leads"][measure] if scores["num_titles"] > 1 else {**trained["leads"][measure], "interval": None}
    )
    what = {"video": "pictures", "text": "words"}.get(modality, modality)
    chance = f"{scores['chance'][measure]:.3f}"
    return f"| {films_} | {what} | {name} | {chance} | {plain[measure]:.3f} | {trained[measure]:.3f} | {lead(difference)} |"


def _skill(report: dict[str, Any]) -> str:
    spread = (report.get("intervals") or {}).get("skill")
    return f"{report['skill']:+.3f}" + (f" ({spread['low']:+.3f} to {spread['high']:+.3f})" if spread else "")
