"""Cards of runs and catalogs: the README.md of their repositories, written from what they say of themselves."""

from __future__ import annotations

from typing import Any

from huggingface_hub import DatasetCardData, ModelCardData

from msm import baselines
from msm.data.catalog import Catalog
from msm.inference.run import Run
from msm.models.pretrained import LIBRARY

TAGS = ["masked-shot-modeling", "video", "representation-learning"]
NOT_EVALUATED = "This run has not been evaluated yet: `msm evaluate RUN CATALOG`."
USE = """```python
from msm.models.encoder import ShotEncoder

model = ShotEncoder.from_pretrained("{name}")
```

The whole run, for `msm evaluate`, `msm fill` and the app:

    msm pull {name} runs
"""


def model_card(run: Run, name: str, licence: str | None = None) -> str:
    """Markdown with a header of metadata: how to load it, training data, results beside the baselines with intervals, limits."""
    header = ModelCardData(
        library_name=LIBRARY, pipeline_tag="feature-extraction", tags=TAGS, license=licence,
        model_name=name.rpartition("/")[2],
    )  # fmt: skip
    parts = [
        f"---\n{header.to_yaml()}\n---",
        f"# {name.rpartition('/')[2]}",
        "A masked-shot model of MSM Workbench: it predicts the embeddings of hidden shots of a film from the visible ones, and embeds "
        "each shot in the context of its title.",
        "## Use",
        USE.format(name=name).rstrip(),
        "## Training",
        _training(run),
        "## Results",
        _results(run.evaluation),
        "## Limits",
        _limits(run),
    ]
    return "\n\n".join(parts) + "\n"


def _training(run: Run) -> str:
    facts, recipe, best = run.info["catalog"], run.recipe, run.info["best"] or {}
    blocks = ", ".join(
        f"{m['name']} ({m['dim']}, {m.get('encoder') or 'encoder not named'})" for m in facts["modalities"]
    )
    size = sum(p.numel() for p in run.model.parameters())
    lines = [
        f"| training data | {facts['train_titles']:,} titles, {facts['train_shots']:,} shots |",
        f"| a shot | {facts['shot_dim']:,} numbers: {blocks}; fused by `{recipe.fusion}` |",
        f"| [GLOBAL] | {'metadata of ' + str(facts['global_dim']) + ' numbers' if facts['global_dim'] and recipe.model.use_global else 'none'} |",
        f"| model | {size:,} parameters, head `{recipe.model.head}`, width {recipe.model.width}, depth {recipe.model.depth} |",
        f"| training | {run.info['steps_done']:,} steps, best at {best.get('step', '–')}, seed {run.info['seed']}, {run.info['device']} |",
    ]
    return "\n".join(["| | |", "| --- | --- |", *lines, "", "Every hyperparameter is in `recipe.json`."])


def _results(found: dict[str, Any] | None) -> str:
    if found is None:
        return NOT_EVALUATED
    intervals = found.get("intervals") or {}
    rows = [f"| **this model** | {_value(found, intervals.get('centred_cosine'))} | {found['median_rank']:.1%} |"]
    for name, scores in found["baselines"].items():
        spread = intervals.get("baselines", {}).get(name)
        rank = "–" if scores["median_rank"] is None else f"{scores['median_rank']:.1%}"
        rows.append(f"| {baselines.label(name)} | {_value(scores, spread)} | {rank} |")
    lead = intervals.get("difference")
    told = (
        ""
        if lead is None
        else f" Its lead over the best of them is {lead['mean']:+.3f} ({lead['low']:+.3f} to {lead['high']:+.3f})."
    )
    return "\n".join([
        f"{found['num_titles']} {found['split']} titles, {found['num_hidden']:,} hidden shots, {found['ratio']:.0%} of each title hidden. "
        f"The other rows are predictions without a model.{told}",
        "",
        "| | centred cosine (95 % over titles) | median rank of the true shot |",
        "| --- | --- | --- |",
        *rows,
    ])  # fmt: skip


def _value(scores: dict[str, Any], spread: dict[str, float] | None) -> str:
    interval = "" if spread is None else f" ({spread['low']:.3f} to {spread['high']:.3f})"
    return f"{scores['centred_cosine']:.3f}{interval}"


def _limits(run: Run) -> str:
    found = run.evaluation
    lead = ((found or {}).get("intervals") or {}).get("difference")
    lines = [
        "- It reads embeddings of the encoders named above; those of other encoders are refused or mean nothing to it."
    ]
    if found is None:
        lines.append("- Nobody has compared it with the baselines.")
    elif lead is None or lead["low"] <= 0:
        lines.append(
            "- It is not shown to be better than the best prediction without a model: the interval of its lead includes zero."
        )
    if found is not None and found["num_titles"] <= 8:
        lines.append("- Intervals over eight titles or fewer are too narrow rather than too wide.")
    lines.append("- A lead on these titles says nothing of films of another kind.")
    return "\n".join(lines)


def catalog_card(catalog: Catalog, name: str, licence: str | None = None) -> str:
    """Markdown with a header of metadata: how to load it, its splits, blocks and labels."""
    header = DatasetCardData(license=licence, tags=TAGS, pretty_name=name.rpartition("/")[2])
    titles = catalog.titles
    splits = titles.groupby("split", sort=False)["num_shots"].agg(["size", "sum"])
    rows = [f"| {split} | {row['size']:,} | {row['sum']:,} |" for split, row in splits.iterrows()]
    blocks = [f"| {m.name} | {m.dim:,} | {m.encoder or '–'} |" for m in catalog.modalities]
    labels = ", ".join(f"`{label}`" for label in (*catalog.title_labels, *catalog.shot_labels)) or "none"
    return "\n".join([
        f"---\n{header.to_yaml()}\n---",
        "",
        f"# {name.rpartition('/')[2]}",
        "",
        "Embeddings of the shots of films, a catalog of MSM Workbench:",
        "",
        f"    msm pull {name} catalogs",
        "",
        "| split | titles | shots |",
        "| --- | --- | --- |",
        *rows,
        "",
        "| modality | numbers | encoder |",
        "| --- | --- | --- |",
        *blocks,
        "",
        f"Labels: {labels}.",
        "",
    ])  # fmt: skip
