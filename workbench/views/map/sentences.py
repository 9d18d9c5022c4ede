"""Sentences about a map and about the shots that are selected on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from msm.data.selection import Shots
from workbench.views.formatting import count, escape_markdown, grouped, number, percent

FEWEST, MOST_NAMED, CLEARLY = 4, 3, 0.15
DEFAULTS = {"dims": 2, "neighbours": 15, "min_dist": 0.1, "densmap": False, "components": 50, "seed": 0}


def map_name(facts: Mapping[str, Any]) -> str:
    """The name of a map: the source of its vectors, and the options that differ from the defaults."""
    sources = [s["run"] or "Raw shots" for s in facts["sources"]]
    parts = [sources[facts["place"]]]
    options, layout = facts["options"], facts["options"]["layout"]
    if options["of"] == "titles":
        parts[0] = parts[0].replace("Raw shots", "Raw")
        parts.append("titles")
    if len(sources) > 1:
        parts.append("laid out with " + ", ".join(s for i, s in enumerate(sources) if i != facts["place"]))
    if options["by"]:
        parts.append(f"drawn by {options['by']}")
    parts += [f"sample of {options['sample']:,}"] if options.get("sample") else []
    parts += ["3-D"] if layout["dims"] == 3 else []
    parts += ["densMAP"] if layout["densmap"] else []
    for key, word in (("neighbours", "neighbours"), ("min_dist", "min_dist"), ("seed", "seed")):
        if layout[key] != DEFAULTS[key]:
            parts.append(f"{word} {layout[key]}")
    return " · ".join(parts)


def map_note(facts: Mapping[str, Any]) -> str:
    """Trustworthiness, seed, and remarks on how the map was made."""
    trust = facts.get("trustworthiness")
    parts = ["too few to tell how far to trust it" if trust is None else f"trustworthiness {number(trust)}"]
    if facts["method"] == "umap":
        parts.append(f"seed {facts['options']['layout']['seed']}")
    if facts.get("why"):
        parts.append(str(facts["why"]))
    if facts.get("placed"):
        how = "placed later" if facts.get("grown_from") else "placed among a sample"
        parts.append(f"{facts['placed']:,} {how}")
    return " · ".join(parts)


def typical_sentence(chosen: pd.DataFrame, everything: pd.DataFrame) -> str:
    """The label values that are over-represented among the selected points, as Markdown; empty where there are none.

    chosen, everything  a column a label
    """
    found = []
    for label in chosen:
        known = chosen[label].dropna().astype(str)
        known = known[known != ""]
        if len(known) < FEWEST or known.nunique() == len(known) > 1:
            continue
        value = known.value_counts().index[0]
        here = float((chosen[label].astype(str) == value).mean())
        all_over = float((everything[label].astype(str) == value).mean())
        if here - all_over >= CLEARLY and here >= 0.4:
            found.append(
                (here - all_over, f"{label} *{escape_markdown(value)}* {percent(here)} (of all {percent(all_over)})")
            )
    best = sorted(found, reverse=True)[:MOST_NAMED]
    return "Typical of them: " + " · ".join(words for _, words in best) if best else ""


def found_sentence(hits: np.ndarray, chosen: Sequence[int], noun: str) -> str:
    """How many points a search found, and how many of them are among the chosen.

    hits    (N,) bool
    chosen  the selected points
    """
    if not hits.any():
        return "Nothing is called or says that."
    found = f"{count(int(hits.sum()), noun)} found"
    return (
        f"{found}, {int(hits[list(chosen)].sum())} of them among the chosen (ringed)." if len(chosen) else f"{found}."
    )


def overlap_sentence(overlap: np.ndarray, points: np.ndarray, count: int) -> str:
    """How far two embeddings agree on nearest neighbours, as a sentence.

    overlap  (N,) share of each point's nearest neighbours that both embeddings have in common
    points   the selected points
    """
    whole = float(np.mean(overlap)) if len(overlap) else math.nan
    here = f"**{percent(float(overlap[points].mean()))}** around the chosen, " if len(points) else ""
    return f"Of the {count} nearest to a point, the two embeddings agree on {here}**{percent(whole)}** over all."


def label_agreement_sentence(shares: Mapping[str, tuple[float, float]], label: str, count: int) -> str:
    """How often nearest neighbours share a label, as a sentence.

    shares  map → (share of nearest neighbours with the same value, the same by chance)
    """
    if not shares:
        return ""
    named = len(shares) > 1
    parts = " and ".join(f"**{percent(share)}**{f' {name}' if named else ''}" for name, (share, _) in shares.items())
    chance = percent(next(iter(shares.values()))[1])
    return f"Of the {count} nearest to a point, {parts} share its {escape_markdown(label)}; by chance it would be {chance}."


def shown_first(by_title: Shots, splits: Mapping[str, str]) -> tuple[str, tuple[int, ...]]:
    """The title that the masking lab opens of several with chosen shots, and those shots: an unseen one, with the most."""
    order = ("train", "validation", "test")
    return max(by_title, key=lambda pair: (order.index(splits[pair[0]]), len(pair[1])))


def several_titles_sentence(name: str, split: str, num_shots: int, of_shots: int, num_titles: int) -> str:
    """Where the chosen shots of several titles go when they are hidden: the masking lab shows one title at a time."""
    rest = f"the other {grouped(of_shots - num_shots)} are hidden in {count(num_titles - 1, 'other title')}"
    return f"The lab shows one title at a time: {name} ({split}) with {grouped(num_shots)} of the {grouped(of_shots)} shots; {rest}."
