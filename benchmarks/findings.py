"""Writes the tables of docs/findings.md from what `msm ablate` left: `python -m benchmarks.findings [ABLATIONS]`.

ABLATIONS is a folder of ablations; their table.json are copied to benchmarks/results/ablations first, with the paths of
this machine taken out. Without it, the tables that are already there are written again.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from msm.io import files

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TABLES = RESULTS / "ablations"
FINDINGS = ROOT / "docs" / "findings.md"
SETS = ("scene_shots", "screenplays", "series")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ablations", type=Path, nargs="?")
    chosen = parser.parse_args()
    if chosen.ablations:
        for table in sorted(chosen.ablations.glob("*/table.json")):
            keep(table)
    text = FINDINGS.read_text(encoding="utf-8")
    for name in re.findall(r"<!-- table: (\S+) -->", text):
        made = best() if name == "best" else cells(files.read_json(TABLES / f"{name}.json"))
        block = f"<!-- table: {name} -->\n{made}\n<!-- end -->"
        text = re.sub(rf"<!-- table: {name} -->(?:.*?<!-- end -->)?", lambda _: block, text, count=1, flags=re.DOTALL)  # noqa: B023
    with files.whole_file(FINDINGS) as temporary:
        temporary.write_text(text, encoding="utf-8")


def keep(path: Path) -> None:
    """A table of an ablation, its folders named as the findings name them."""
    text = path.read_text(encoding="utf-8")
    table = json.loads(text)
    catalog, out = Path(table["catalog"]["path"]), path.parent
    text = text.replace(str(catalog), f"catalogs/{catalog.name}").replace(str(out), f"ablations/{out.name}")
    TABLES.mkdir(parents=True, exist_ok=True)
    files.write_json(TABLES / f"{out.name}.json", json.loads(text))


def cells(table: dict[str, Any]) -> str:
    """A row a cell: the best first."""
    lines = ["", *(f"    {command}" for command in commands(table)), ""]
    best_baseline = table["cells"][0][table["split"]]["best_baseline"]
    lines += ["| | test | difference to the base (95 %) | answer | median rank | validation |", "| --- " * 6 + "|"]
    done = [c for c in table["cells"] if c.get(table["split"])]
    for cell in sorted(done, key=lambda c: -c[table["split"]]["centred_cosine"]):
        measured, versus = cell[table["split"]], cell.get("vs_base")
        name = f"`{cell['name']}`" if versus else f"`{table['base']['recipe']}` (base)"
        difference = f"{versus['difference']:+.3f} ({versus['low']:+.3f} to {versus['high']:+.3f})" if versus else "–"
        lines.append(
            f"| {name} | {measured['centred_cosine']:.3f} | {difference} | {versus['answer'] if versus else '–'} "
            f"| {measured['median_rank']:.1%} | {cell['validation']['centred_cosine']:.3f} |"
        )
    lines.append(
        f"| best baseline | {best_baseline['centred_cosine']:.3f} | | | {best_baseline['median_rank']:.1%} | |"
    )
    return "\n".join([*lines, ""])


def commands(table: dict[str, Any]) -> list[str]:
    """What makes the whole table again: whatever the seeds of the commands that made it step by step, these ask for all."""
    seeds = f"--seeds {table['seeds']}"
    return list(dict.fromkeys(re.sub(r"--seeds \d+", seeds, command) for command in table["commands"]))


def best() -> str:
    """A row a real set: the best baseline, `mediafm` at its larger budget, `neighbour`."""
    larger = files.read_json(RESULTS / "real_sets.json")["sets"]
    lines = ["", "| set | training shots | best baseline | its rank | `mediafm`, larger budget | its rank "]
    lines[-1] += "| `neighbour` | its rank | lead over the baseline (95 %) | on these very titles |"
    lines.append("| --- " * 10 + "|")
    for name in SETS:
        table = files.read_json(next(p for p in _tables_of(name) if p.exists()))
        own = next(
            c
            for c in table["cells"]
            if c["name"] in ("base", "recipe=neighbour") and c["recipe"]["name"] == "neighbour"
        )
        measured, lead = own["test"], own["vs_baseline"]
        same = lead.get("same_titles")
        plain, baseline = larger[name]["model"], measured["best_baseline"]
        lines.append(
            f"| {name} | {table['catalog']['train_shots']:,} | {baseline['centred_cosine']:.3f} | {baseline['median_rank']:.1%} "
            f"| {plain['centred_cosine']:.3f} | {plain['median_rank']:.1%} | **{measured['centred_cosine']:.3f}** "
            f"| {measured['median_rank']:.1%} | **{lead['difference']:+.3f}** ({lead['low']:+.3f} to {lead['high']:+.3f}) "
            f"| {f'{same[0]:+.3f} to {same[1]:+.3f}' if same else '–'} |"
        )
    return "\n".join([*lines, ""])


def _tables_of(name: str) -> tuple[Path, ...]:
    """Where a set's best recipe may stand: in an ablation of its own, or beside the other recipes."""
    return TABLES / f"best-{name}.json", TABLES / f"recipes-{name}.json"


if __name__ == "__main__":
    main()
