"""The table of benchmarks/results/threads.json: a row a way of using the cores, a column a recipe, alone and two at once."""

from __future__ import annotations

from benchmarks.figures.results import read


def threads() -> str:
    """Milliseconds of a step; the command stands below."""
    found = read("threads")
    lines = ["| | `mediafm` | two at once | `neighbour` | two at once |", "| --- | --- | --- | --- | --- |"]
    for row in found["rows"]:
        figures = (row[f"{recipe}_{how}"] for recipe in ("mediafm", "neighbour") for how in ("alone", "two"))
        lines.append(f"| {row['way']} | {' | '.join(f'{value:.0f} ms' for value in figures)} |")
    about = f"{found['catalog']}, {found['machine']}, median of {found['repeats']}"
    return "\n".join([*lines, "", f"A step on {about}: `python -m benchmarks.threads`."])
