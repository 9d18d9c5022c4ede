"""Keep the tables that `msm ablate` left and write them into the documentation.

    python -m benchmarks.findings ABLATIONS

ABLATIONS is a folder of ablations; the table.json of each is copied to benchmarks/results/ablations, without the paths of this
machine, and every figure of the documentation is written again (`python -m benchmarks.figures` does that alone).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.figures import pages
from benchmarks.figures.results import ABLATIONS
from msm.io import files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ablations", type=Path)
    for table in sorted(parser.parse_args().ablations.glob("*/table.json")):
        keep(table)
    for page in pages.all_pages():
        pages.update(page)


def keep(path: Path) -> None:
    """Copy the table of an ablation, its folders named as in the documentation."""
    text = path.read_text(encoding="utf-8")
    table = json.loads(text)
    catalog, out = Path(table["catalog"]["path"]), path.parent
    text = text.replace(str(catalog), f"catalogs/{catalog.name}").replace(str(out), f"ablations/{out.name}")
    ABLATIONS.mkdir(parents=True, exist_ok=True)
    files.write_json(ABLATIONS / f"{out.name}.json", json.loads(text))


if __name__ == "__main__":
    main()
