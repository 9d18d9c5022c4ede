"""The table of what each verb costs as a catalog grows: a row a verb, CPU seconds at each size, and the memory at the largest."""

from __future__ import annotations

from benchmarks.figures.results import read

SIZES = (100_000, 1_000_000, 10_000_000)
VERBS = {
    "imported": "`msm import` of a hundred Parquet shards",
    "import_arrow": "the same shards by pyarrow and `numpy.save`",
    "check": "`msm info`, the first look: everything is read",
    "train_first": "`msm train` to its first step, statistics not there",
    "train": "`msm train` to its first step, statistics there",
    "evaluate": "`msm evaluate`, a tenth of the shots",
    "surprise": "`msm surprise`, a tenth of the shots",
    "embed": "`msm embed`",
    "index": "`msm index`",
    "map": "`msm map --sample 10000`",
}


def scale() -> str:
    """The table of `benchmarks.figures.results.costs`, after its command."""
    found = read("costs")
    sizes = " | ".join(f"{size:,} shots" for size in SIZES)
    lines = [f"    {found['command']}", "", f"| CPU seconds | {sizes} | peak memory at the largest |"]
    lines.append("| --- |" + " --: |" * (len(SIZES) + 1))
    for verb, words in VERBS.items():
        own = [found[verb].get(str(size)) for size in SIZES]
        cells = ["–" if row is None else f"{row['cpu_seconds']:.1f}" for row in own]
        last = next(row for row in reversed(own) if row is not None)
        lines.append(f"| {words} | {' | '.join(cells)} | {last['peak_mb']:,} MB |")
    return "\n".join(lines)
