"""What stands after `--` on the command line: where the catalog and the runs are."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent  # the checkout, where there is one


@dataclass(frozen=True, kw_only=True)
class Arguments:
    catalog: Path = Path("sample_data/catalog")
    runs: Path = Path("sample_data/runs")
    unknown: tuple[str, ...] = ()  # words that nobody understands


def read_arguments(words: list[str] | None = None) -> Arguments:
    """Read `--catalog DIR --runs DIR`; relative defaults are looked up beside the app too."""
    parser = argparse.ArgumentParser(prog="streamlit run workbench/app.py --", allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--catalog", type=Path, default=_beside_app(Arguments.catalog))
    parser.add_argument("--runs", type=Path, default=_beside_app(Arguments.runs))
    words = sys.argv[1:] if words is None else words
    try:
        known, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError:
        return Arguments(unknown=tuple(words))
    return Arguments(catalog=known.catalog, runs=known.runs, unknown=tuple(unknown))


def _beside_app(path: Path) -> Path:
    return path if path.exists() or not (ROOT / path).exists() else ROOT / path
