"""What stands after `--` on the command line: where the catalog and the runs are."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

CARRIED = Path(__file__).parents[1] / "carried"  # sample data and measurements, as a wheel brings them
ROOT = CARRIED if CARRIED.is_dir() else Path(__file__).parents[2]  # else the checkout has them


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


def catalog_named(arguments: Arguments, name: str) -> Path | None:
    """The catalog of that name: the one that the app was started on, or one beside it; None where there is none."""
    here = arguments.catalog.absolute()
    if name == here.name:
        return arguments.catalog
    if not name or name != Path(name).name or name.startswith("."):  # a name, not a way out
        return None
    return here.parent / name if (here.parent / name / "catalog.json").is_file() else None


def catalog_names(arguments: Arguments) -> list[str]:
    """The catalog that the app was started on, then those beside it."""
    here = arguments.catalog.absolute()
    beside = (p.parent.name for p in here.parent.glob("*/catalog.json") if here.parent.is_dir())
    return [here.name, *sorted(n for n in beside if n != here.name and not n.startswith("."))]


def _beside_app(path: Path) -> Path:
    return path if path.exists() or not (ROOT / path).exists() else ROOT / path


SAMPLE_RUNS = _beside_app(Arguments.runs)
