"""The command-line arguments of the app: the catalog and the folder of runs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

CARRIED = Path(__file__).parents[1] / "carried"  # sample data and benchmark results in a wheel
ROOT = CARRIED if CARRIED.is_dir() else Path(__file__).parents[2]  # in a checkout


@dataclass(frozen=True, kw_only=True)
class Arguments:
    catalog: Path = Path("sample_data/catalog")
    runs: Path = Path("sample_data/runs")
    unknown: tuple[str, ...] = ()  # arguments that were not recognised


def read_arguments(words: list[str] | None = None) -> Arguments:
    """Parse `--catalog DIR --runs DIR`; the defaults are also looked for beside the app."""
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
    """The path of the catalog of this name: the one given at the start or one beside it; None where there is none."""
    here = arguments.catalog.absolute()
    if name == here.name:
        return arguments.catalog
    if not name or name != Path(name).name or name.startswith("."):  # a path or a hidden folder is no name
        return None
    return here.parent / name if (here.parent / name / "catalog.json").is_file() else None


def catalog_names(arguments: Arguments) -> list[str]:
    """The name of the catalog given at the start, then the names of those beside it."""
    here = arguments.catalog.absolute()
    beside = (p.parent.name for p in here.parent.glob("*/catalog.json") if here.parent.is_dir())
    return [here.name, *sorted(n for n in beside if n != here.name and not n.startswith("."))]


def catalog_label(path: Path) -> str:
    """The name of a catalog's folder; of a folder that is only called catalog, the name of the one around it."""
    path = path.absolute()
    return path.parent.name if path.name == "catalog" and path.parent.name else path.name


def _beside_app(path: Path) -> Path:
    return path if path.exists() or not (ROOT / path).exists() else ROOT / path


SAMPLE_RUNS = _beside_app(Arguments.runs)
