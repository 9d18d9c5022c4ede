"""Break a seeded sample of lines, one at a time, and print those that no test noticed as a Markdown list.

    python -m tests.mutation.sample --count 100 --seed 0 [--only 'msm.io.files.*']

mutmut makes the mutants and runs, for each, the tests that reach its function; pyproject.toml says of which files, with
which tests. What it cannot break: module constants and decorated functions (docs/contributing/mutants.md).
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

NOTICED = ("killed", "timeout", "suspicious", "segfault", "caught by type check")
RESULT = re.compile(r"^\s+(?P<name>\S+__mutmut_\d+): (?P<status>.+)$", re.MULTILINE)
NOTHING = "nothing.has.this.name"


def mutmut(*words: str) -> str:
    """What mutmut says; the sample's own exit status where it fails for another reason than an empty choice."""
    done = subprocess.run([sys.executable, "-m", "mutmut", *words], capture_output=True, text=True)
    if done.returncode and NOTHING not in words:
        sys.exit(f"mutmut {words[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout


def statuses() -> dict[str, str]:
    """Every mutant and what is known of it."""
    return {m["name"]: m["status"].strip() for m in RESULT.finditer(mutmut("results", "--all", "true"))}


def drawn(names: Iterable[str], count: int, seed: int) -> list[str]:
    """The same sample for the same code and seed."""
    known = sorted(names)
    return random.Random(seed).sample(known, min(count, len(known)))


def change(name: str) -> str:
    """The line before and after, in one."""
    lines = mutmut("show", name).splitlines()
    before, after = ([x[1:].strip() for x in lines if x[:1] == s and x[:3] != 3 * s] for s in "-+")
    return f"`{' '.join(before)}` → `{' '.join(after)}`"


def report(known: dict[str, str], chosen: Iterable[str]) -> str:
    """How many were noticed, then a line for each that was not."""
    found = {name: known.get(name, "not checked") for name in chosen}
    missed = sorted(name for name, status in found.items() if status not in NOTICED)
    counts = ", ".join(f"{number} {status}" for status, number in Counter(found.values()).most_common())
    share = len(missed) / max(1, len(found))
    lines = [f"{len(found)} mutants: {counts}; {share:.0%} were not noticed.", ""]
    return "\n".join([*lines, *(f"- {name} ({found[name]}): {change(name)}" for name in missed)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="*", help="a pattern of mutants' names")
    asked = parser.parse_args()
    if not Path("pyproject.toml").is_file():
        sys.exit("run it from the root of the repository")
    mutmut("run", "--max-children", "1", NOTHING)  # makes the mutants and learns which tests reach which function
    chosen = drawn((n for n in statuses() if fnmatch(n, asked.only)), asked.count, asked.seed)
    if not chosen:
        sys.exit(f"no mutant is called {asked.only}: are the files of [tool.mutmut] in pyproject.toml still there?")
    mutmut("run", *chosen)
    print(report(statuses(), chosen))


if __name__ == "__main__":
    main()
