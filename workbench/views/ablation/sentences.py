"""The findings of an ablation as sentences. All functions take the content of table.json or an entry of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msm import baselines
from workbench.views.formatting import count, number

NOTHING_FOUND = "No choice here made a difference that stands out from chance."
SIGNIFICANT = ("better", "worse")

# key → (as a heading, as a change; {v} is the value tried and {r} the one it stands against)
HYPERPARAMETERS = {
    "recipe": ("Recipe", "The recipe {v} instead of {r}"),
    "fusion": ("Modality fusion", "Fusing {v} instead of {r}"),
    "steps": ("Training steps", "{v} steps instead of {r}"),
    "batch_windows": ("Batch size", "{v} windows a batch instead of {r}"),
    "accumulate": ("Gradient accumulation", "{v} batches accumulated instead of {r}"),
    "noise": ("Input noise", "Noise of {v} instead of {r}"),
    "time_reversal": ("Time reversal", "{v} of windows backwards instead of {r}"),
    "mask.ratio": ("Mask ratio", "Hiding {v} instead of {r}"),
    "mask.policy": ("Masking strategy", "Hiding by {v} instead of {r}"),
    "mask.parts": ("Modality masking", "Hiding one modality of {v} more instead of {r}"),
    "mask.schedule": ("Mask ratio schedule", "A {v} schedule instead of {r}"),
    "model.width": ("Encoder width", "A width of {v} instead of {r}"),
    "model.depth": ("Encoder depth", "{v} layers instead of {r}"),
    "model.heads": ("Attention heads", "{v} heads instead of {r}"),
    "model.max_shots": ("Maximum window length", "Windows of {v} shots instead of {r}"),
    "model.dropout": ("Dropout", "A dropout of {v} instead of {r}"),
    "model.positions": ("Positions", "{v} positions instead of {r}"),
    "model.head": ("Head", "The head {v} instead of {r}"),
    "model.use_global": ("[GLOBAL] metadata", "Metadata {v} instead of {r}"),
    "model.tokens": ("Tokens of hidden shots", "Tokens {v} instead of {r}"),
    "model.mask_vectors": ("Mask embeddings", "Mask embeddings {v} instead of {r}"),
    "objective.loss": ("Loss", "The loss {v} instead of {r}"),
    "objective.target": ("Target", "The target {v} instead of {r}"),
    "optim.name": ("Optimiser", "The optimiser {v} instead of {r}"),
    "optim.lr": ("Learning rate", "A learning rate of {v} instead of {r}"),
    "optim.weight_decay": ("Weight decay", "A weight decay of {v} instead of {r}"),
    "optim.average": ("Weight averaging", "Averaging by {v} instead of {r}"),
}
SHARES = {"mask.ratio", "mask.start_ratio", "mask.parts", "time_reversal", "model.global_dropout"}


def hyperparameter_label(key: str) -> str:
    return HYPERPARAMETERS.get(key, (key, ""))[0]


def value_label(key: str, value: Any) -> str:
    """`40 %` for a share, `on` and `off`, else as a recipe writes it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if key in SHARES and isinstance(value, int | float):
        return f"{100 * value:g} %"
    if isinstance(value, float):
        return f"{value:g}"
    return (value or "none").replace("_", " ") if isinstance(value, str) else json.dumps(value)


def signed(value: float) -> str:
    return ("+" if value >= 0 else "") + number(value, 3)


def interval_words(found: dict[str, Any]) -> str:
    """`−0.013, 95 % −0.020 to −0.006`."""
    if found.get("low") is None:
        return signed(found["difference"])
    return f"{signed(found['difference'])}, 95 % {signed(found['low'])} to {signed(found['high'])}"


def hyperparameter_sentence(parameter: dict[str, Any]) -> str:
    """The effects of one hyperparameter: significant values with their numbers, then the others together."""
    key, known = parameter["key"], [e for e in parameter["effects"] if "difference" in e]
    if not known:
        return "Nothing is known yet: its cells are not trained."
    sure = sorted((e for e in known if e["answer"] in SIGNIFICANT), key=lambda e: -abs(e["difference"]))
    rest = [e for e in known if e["answer"] not in SIGNIFICANT]
    parts = [_change(key, parameter["reference"], e, short=i > 0) for i, e in enumerate(sure)]
    if rest and not sure:
        largest = max(rest, key=lambda e: abs(e["difference"]))
        more = "" if len(rest) == 1 else "the largest is "
        first = _phrase(key, _listed([value_label(key, e["value"]) for e in rest]), parameter["reference"])
        said = "too few trainings to tell" if largest["answer"] == "not known yet" else "no difference seen"
        parts.append(f"{first}: {said} ({more}{interval_words(largest)})")
        if largest.get("low") is not None and largest["low"] * largest["high"] > 0:
            parts.append("by itself that would stand out, among all these comparisons it may be chance")
    elif rest:
        parts.append(f"{_listed([value_label(key, e['value']) for e in rest])}: no difference seen")
    return _capital("; ".join(parts)) + "."


def _change(key: str, reference: Any, effect: dict[str, Any], *, short: bool) -> str:
    value = value_label(key, effect["value"])
    lead = " (in the lead over the best baseline)" if effect.get("of", "").startswith("lead") else ""
    phrase = value if short else _phrase(key, value, reference)
    return f"{phrase} makes it {effect['answer']}: {interval_words(effect)}{lead}"


def _phrase(key: str, value: str, reference: Any) -> str:
    text = HYPERPARAMETERS[key][1] if key in HYPERPARAMETERS else f"{key} {{v}} instead of {{r}}"
    return text.format(v=value, r=value_label(key, reference))


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def headline(table: dict[str, Any]) -> str:
    """The hyperparameter with the largest effect, or that none was significant."""
    parameters = table["knobs"]
    if table.get("search"):
        shares = table["search"]["importance"]
        return (
            f"{hyperparameter_label(next(iter(shares)))} mattered most in the search."
            if shares
            else "A search is under way …"
        )
    if not any("difference" in e for k in parameters for e in k["effects"]):
        return "The first cells are being compared …"
    if not any(e.get("answer") in SIGNIFICANT for e in parameters[0]["effects"]):
        return NOTHING_FOUND
    first = hyperparameter_label(parameters[0]["key"])
    others = sum(any(e.get("answer") in SIGNIFICANT for e in k["effects"]) for k in parameters[1:])
    if len(parameters) == 1:
        return f"{first} matters."
    return f"{first} mattered most" + (
        f", then {count(others, 'other choice')}." if others else "; nothing else stood out."
    )


def picked_sentence(table: dict[str, Any]) -> str:
    """The cell that validation picks, compared with the best baseline."""
    cells = {c["name"]: c for c in table["cells"]}
    picked = cells.get(table["picked_by_validation"] or "base", table["cells"][0])
    split, lead = table["split"], picked["vs_baseline"]
    if split not in picked or "difference" not in lead:
        return ""
    who = "the base itself" if picked["name"] == "base" else f"**{cell_label(picked)}**"
    how = f"Validation titles alone would pick {who}" if table["picked_by_validation"] else f"The best is {who}"
    than = baselines.term(picked[split]["best_baseline"]["name"]).lower()
    against = {"better": "above", "worse": "below"}.get(lead["answer"])
    words = (
        f"{against} the best baseline ({than})" if against else f"not distinguishable from the best baseline ({than})"
    )
    return f"{how}: centred cosine {number(picked[split]['centred_cosine'], 3)} on {split} titles, {words}: {interval_words(lead)}."


def cell_label(cell: dict[str, Any]) -> str:
    """`base`, or what a cell changes: `mask.ratio 40 %`."""
    return ", ".join(f"{k} {value_label(k, v)}" for k, v in cell["changes"].items()) or "base"


def facts_sentence(table: dict[str, Any]) -> str:
    """The catalog, the measured shots and titles, the seeds and the base."""
    catalog, base = table["catalog"], table["base"]
    settings = f" with {', '.join(base['settings'])}" if base["settings"] else ""
    return (
        f"{catalog['name']}: {count(catalog['train_shots'], 'training shot')}; measured on {count(table['num_hidden'], 'hidden shot')} "
        f"of {count(table['num_titles'], 'title')} of the {table['split']} split; {count(table['seeds'], 'seed')}. "
        f"Base: {base['recipe']}{settings}."
    )
