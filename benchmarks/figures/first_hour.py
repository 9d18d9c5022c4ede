"""The table of the steps of a first hour, beside what one would write by hand: a row a step, of each set that was measured."""

from __future__ import annotations

from benchmarks.figures.results import read


def first_hour() -> str:
    """The table of benchmarks/results/first_hour.json, after its command."""
    sets = read("first_hour")
    first = next(iter(sets.values()))
    options = f"--steps {first['steps']} --cells {first['steps_of_a_cell']}"
    lines = [f"    python -m benchmarks.first_hour {' '.join(sets)} {options}", ""]
    for name, found in sets.items():
        lines += [f"| {name} | seconds | by hand | CPU seconds | by hand |", "| --- | --: | --: | --: | --: |"]
        for row in found["rows"]:
            mine, theirs = row["ours"], row.get("by_hand", {})
            cells = [
                f"{who[key]:.1f}" if key in who else "–" for key in ("seconds", "cpu_seconds") for who in (mine, theirs)
            ]
            lines.append(f"| {row['step']} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()
