"""An ablation's table in words: sentences, Markdown, CSV. Takes the content of table.json alone."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from msm import baselines
from msm.ablation.plan import Plan
from msm.ablation.progress import stopped_early
from msm.ablation.table import TABLE, make_table
from msm.io import files
from msm.metrics.intervals import few_titles_note


def write_tables(out: Path, plan: Plan) -> dict[str, Any]:
    """Make table.json, table.md and table.csv of what is finished; the content of the first."""
    table = make_table(out, plan)
    files.write_json(out / TABLE, table)
    for name, text in (("table.md", as_markdown(table)), ("table.csv", as_csv(table))):
        with files.whole_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return table


def shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def interval(found: dict[str, Any]) -> str:
    """`−0.013 (−0.020 to −0.006)`, or without an interval where there can be none."""
    if "difference" not in found:
        return "–"
    if found["low"] is None:
        return signed(found["difference"])
    return f"{signed(found['difference'])} ({signed(found['low'])} to {signed(found['high'])})"


def effect_sentence(key: str, reference: Any, effect: dict[str, Any]) -> str:
    """`mask.ratio 0.4 instead of 0.2: worse, −0.013 (−0.020 to −0.006)`."""
    head = f"{key} {shown(effect['value'])} instead of {shown(reference)}"
    if "difference" not in effect:
        return f"{head}: not known yet"
    of = "" if effect["of"] == "centred cosine" else f", in the {effect['of']}"
    return f"{head}: {effect['answer']}, {interval(effect)}{of}"


def method_sentence(table: dict[str, Any]) -> str:
    """What the intervals speak for."""
    of_cells = [c["vs_base"] for c in table["cells"] if c.get("vs_base")]  # a search has no effects of single values
    estimates = [e for e in ([e for k in table["knobs"] for e in k["effects"]] or of_cells) if "covers" in e]
    covers = estimates[0]["covers"] if estimates else "nothing"
    comparisons = sum(e.get("p") is not None for e in estimates)
    text = {
        "titles and seeds": "cover other titles like these and other seeds",
        "titles": "cover other titles like these, but not other seeds, since one training a cell says nothing of them",
        "seeds": "cover other seeds, but not other titles, since there is only one",
    }.get(covers, "cannot be given yet")
    return (
        f"Differences are paired by title and seed; the 95 % intervals {text}. "
        f"“Better” and “worse” hold after Holm's correction for {comparisons} comparisons; an interval by itself is not corrected."
        + (f" {note}" if (note := few_titles_note(table["num_titles"])) else "")
    )


def as_markdown(table: dict[str, Any]) -> str:
    """Commands, what was measured, the answers, and a row a cell."""
    split = table["split"]
    lines = [f"    {command}" for command in table["commands"]] + [""]
    package = ", ".join(f"{k} {v}" for k, v in table["versions"].items())
    lines += [f"{table['date']}, {table['machine']}, {package}.", "", *_facts(table), ""]
    lines += ["## What mattered", ""]
    lines += [f"- {effect_sentence(k['key'], k['reference'], e)}" for k in table["knobs"] for e in k["effects"]]
    lines += [f"- {line}" for line in search_sentences(table)]
    lines += ["", method_sentence(table), "", "## Every cell", ""]
    lines += [
        f"| cell | {split} | difference to base (95 %) | answer | skill | median rank | lead over best baseline (95 %) | validation | seeds | best step |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_markdown_row(cell, split) for cell in table["cells"]]
    return "\n".join([*lines, "", *_choice_lines(table), *_losses(table)]).rstrip() + "\n"


def search_sentences(table: dict[str, Any]) -> list[str]:
    """What a search did and which hyperparameter its score depended on; none for a grid."""
    found = table.get("search")
    if not found:
        return []
    ended = [t for t in found["trials"] if t["state"] == "complete"]
    failed = sum(t["state"] == "fail" for t in found["trials"])
    pruned = sum(t["state"] == "pruned" for t in found["trials"])
    first = f"A search of {found['budget']} trials by Optuna: {len(ended)} done"
    first += f", {pruned} stopped early ({found['prune']} pruner)" if pruned else ""
    first += f", {failed} failed" if failed else ""
    lines = [first + "."]
    if ended:
        best = max(ended, key=lambda t: t["score"])
        lines.append(
            f"Trial {best['number']}, `{best['cell']}`, was best on validation titles: centred cosine {best['score']:.3f}."
        )
    if shares := found["importance"]:
        said = ", ".join(f"`{key}` {share:.0%}" for key, share in shares.items())
        lines.append(f"Of the variance of the score over the trials, a fit (fANOVA) explains by {said}.")
    return lines


def _facts(table: dict[str, Any]) -> list[str]:
    catalog, base, split = table["catalog"], table["base"], table["split"]
    settings = "".join(f" --set {s}" for s in base["settings"])
    best = next((c[split]["best_baseline"] for c in table["cells"] if split in c), None)
    lines = [
        f"Catalog {catalog['name']}: {catalog['train_shots']:,} training shots of {catalog['train_titles']} titles; "
        f"measured on {table['num_hidden']:,} hidden shots of {table['num_titles']} {split} titles. "
        f"Base: recipe `{base['recipe']}`{settings}. "
        f"{table['trainings']['done']} of {table['trainings']['planned']} trainings are done."
    ]
    if best:
        name = baselines.label(best["name"])
        rank = "" if best["median_rank"] is None else f", median rank {best['median_rank']:.1%}"
        lines[0] += f" Best baseline: the {name}, centred cosine {best['centred_cosine']:.3f}{rank}."
    return lines


def _markdown_row(cell: dict[str, Any], split: str) -> str:
    measured, held = cell.get(split), cell.get("validation")
    fields = [f"`{cell['name']}`"]
    fields.append(f"{measured['centred_cosine']:.3f}" if measured else "–")
    fields += [interval(cell["vs_base"]), stopped_early(cell) or cell["vs_base"].get("answer", "–")]
    fields.append(f"{measured['skill']:+.3f}".replace("-", "−") if measured else "–")
    fields.append(f"{measured['median_rank']:.1%}" if measured else "–")
    fields += [interval(cell["vs_baseline"]), f"{held['centred_cosine']:.3f}" if held else "–", str(len(cell["seeds"]))]
    step = cell.get("best_step")
    return "| " + " | ".join([*fields, "–" if step is None else f"{step:.0f}"]) + " |"


def _choice_lines(table: dict[str, Any]) -> list[str]:
    picked, best = table["picked_by_validation"], table["best_on_split"]
    if picked is None:
        return []
    same = "which is also the best" if picked == best else f"the best there is `{best}`"
    return [f"Validation titles alone would have picked `{picked}`; on {table['split']} titles {same}.", ""]


def _losses(table: dict[str, Any]) -> list[str]:
    failed = [f"- `{c['name']}`, seed {s}: {said}" for c in table["cells"] for s, said in c["failures"].items()]
    skipped = [
        f"- {', '.join(f'{k}={shown(v)}' for k, v in s['changes'].items())}: {s['sentence']}" for s in table["skipped"]
    ]
    lines = ["## What failed", "", *failed, ""] if failed else []
    return lines + (["## What is impossible", "", *skipped, ""] if skipped else [])


def as_csv(table: dict[str, Any]) -> str:
    """A row a cell, every number whole."""
    text, split = io.StringIO(), table["split"]
    keys = [k["key"] for k in table["knobs"]] or [d["key"] for d in (table.get("search") or {}).get("space", [])]
    head = ["cell", *keys, "seeds", "centred_cosine", "cosine", "skill", "median_rank", "validation_centred_cosine"]
    head += ["difference", "low", "high", "p", "p_holm", "answer", "best_baseline", "best_baseline_centred_cosine"]
    head += ["lead", "lead_low", "lead_high", "best_step", "seconds"]
    head += ["pruned_at_step"] if table.get("search") else []
    writer = csv.DictWriter(text, head, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for cell in table["cells"]:
        lead = cell["vs_baseline"]
        best = cell.get(split, {}).get("best_baseline", {})
        row = {"cell": cell["name"], **{k: shown(v) for k, v in cell["changes"].items()}, **cell.get(split, {})}
        row |= {**cell["vs_base"], "seeds": len(cell["seeds"]), "best_baseline": best.get("name")}
        row |= {"best_baseline_centred_cosine": best.get("centred_cosine"), "lead": lead.get("difference")}
        row |= {"lead_low": lead.get("low"), "lead_high": lead.get("high")}
        row |= {"validation_centred_cosine": cell.get("validation", {}).get("centred_cosine")}
        row |= {"pruned_at_step": max((cell.get("pruned") or {}).values(), default=None)}
        writer.writerow({**row, "best_step": cell.get("best_step"), "seconds": cell.get("seconds")})
    return text.getvalue()
