"""The table of docs/search.md: an index of a million shots against exact search."""

from __future__ import annotations

from benchmarks.figures.results import read

# what, measured, must reach
ROWS = (
    ("index on disk", "{large[index_mb]:.0f} MB", ""),
    ("memory of a search", "{large[memory_mb]:.0f} MB", "1.5 GB"),
    ("recall@10, {large[queries]} queries that the build did not use", "{large[recall_at_10]:.3f}", "0.95"),
    (
        "queries a second, one at a time",
        "{alone[ours_per_s]:.0f}, exact search {alone[flat_per_s]:.1f}: {alone[ratio]:.0f} ×",
        "20 ×",
    ),
    (
        "queries a second, {large[queries]} at once",
        "{batch[ours_per_s]:.0f}, exact search {batch[flat_per_s]:.0f}: {batch[ratio]:.0f} ×",
        "20 ×",
    ),
    ("building the index", "{large[build_s]:.0f} s", ""),
    ("opening the index", "{large[open_ms]:.0f} ms", "500 ms"),
    (
        "`flat` with {small[shots]:,} shots, time against FAISS called directly",
        "{small[index_against_faiss]:.2f} × the index, {small[nearest_against_faiss]:.2f} × with filters and the table of results",
        "1.2 ×",
    ),
)


def million_shots() -> str:
    """The command and a row for each figure of an index of a million shots."""
    found = read("search")
    batch = found["large"][f"{found['large']['queries']}_at_once"]
    values = {**found, "alone": found["large"]["one_at_a_time"], "batch": batch}
    lines = [
        f"    {found['command']}",
        "",
        f"{found['cores']} cores, FAISS {found['faiss']}, {found['shots']:,} shots:",
        "",
    ]
    lines += ["| | measured | required |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |".format(**values) for row in ROWS)])
