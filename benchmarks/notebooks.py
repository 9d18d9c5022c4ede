"""The numbers with which the notebooks close, for the table in the README.

    python -m benchmarks.notebooks               all notebooks of NUMBERS (five minutes on two cores)
    python -m benchmarks.notebooks 02 05         only these; the others keep the numbers of before

Runs the code cells of a notebook from top to bottom in one namespace, reads the numbers of its answer from there, and writes
them with the lines that the last cell printed to benchmarks/results/notebooks.json. Notebooks 07 and 09 are left out, since
their answers depend on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"
OUT = ROOT / "benchmarks" / "results" / "notebooks.json"
RUN = ROOT / "sample_data" / "runs" / "neighbour"  # the run that the notebooks open
Values = dict[str, Any]  # the names that a notebook has defined, with their values


def pair_cosines(values: Values) -> dict[str, float]:
    return {"raw": values["raw"], "centred": values["centred"], "best_baseline": values["reached"]}


def fill_in(values: Values) -> dict[str, float]:
    return {"model": values["report"]["centred_cosine"], "best_baseline": values["best"]}


def curves(values: Values) -> dict[str, float]:
    first_ahead = values["checks"].query("centred_cosine > @copied", local_dict=values)["step"].min()
    best = values["best"]
    return {"first_ahead": first_ahead, "model": best["centred_cosine"], "best_baseline": values["copied"]}


def probes(values: Values) -> dict[str, dict[str, float]]:
    read = values["read"]
    rows = {"genre": ("genre of the title, from one shot", "linear"), "pattern": ("pattern", "linear")}
    return {name: {c: read.loc[row, c] for c in ("raw", "alone", "contextual")} for name, row in rows.items()}


def map_neighbours(values: Values) -> dict[str, float]:
    return {"raw": values["one"][0], "contextual": values["other"][0], "chance": values["one"][1]}


def retrieval(values: Values) -> dict[str, float]:
    return dict(values["measured"].set_index("how")["map"])


def cuts(values: Values) -> dict[str, float]:
    return {"found": values["found_share"]}


NUMBERS: dict[str, Callable[[Values], dict[str, Any]]] = {  # notebook → its numbers
    "01": pair_cosines,
    "02": fill_in,
    "03": curves,
    "04": probes,
    "05": map_neighbours,
    "06": retrieval,
    "08": cuts,
}


def code_cells(number: str) -> Iterator[str]:
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def measure(number: str) -> dict[str, Any]:
    """Run a notebook; return its numbers and the lines that its last cell prints."""
    values: Values = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.chdir(NOTEBOOKS):
        for cell in code_cells(number):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(cell, number, "exec"), values)
    return {**rounded(NUMBERS[number](values)), "printed": printed.getvalue().splitlines()}


def rounded(numbers: dict[str, Any]) -> dict[str, Any]:
    """The same as Python floats of six places."""
    return {k: rounded(v) if isinstance(v, dict) else round(float(v), 6) for k, v in numbers.items()}


def before(measured: dict[str, str]) -> dict[str, Any]:
    """The numbers that are there already, if they are of the same run and catalog."""
    document = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    return document["notebooks"] if measured.items() <= document.items() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", metavar="NUMBER", help=f"some of {', '.join(NUMBERS)} (default: all)")
    chosen = parser.parse_args().notebooks or list(NUMBERS)
    if unknown := sorted(set(chosen) - set(NUMBERS)):
        parser.error(f"no numbers are known of {', '.join(unknown)}")
    evaluation = json.loads((RUN / "evaluation.json").read_text(encoding="utf-8"))
    measured = {"weights": evaluation["weights"], "catalog_fingerprint": evaluation["catalog_fingerprint"]}
    document = {
        "command": "python -m benchmarks.notebooks",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in ("torch", "numpy", "scikit-learn")},
        **measured,
        "notebooks": dict(sorted((before(measured) | {number: measure(number) for number in chosen}).items())),
    }
    OUT.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
