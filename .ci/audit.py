"""Are there known vulnerabilities in the exact versions of constraints.txt and of the tools beside it (.ci/tools)? `make audit` asks.

0 where none is known, and where the advisory source does not answer, which is said; 1 where one is, with what mends it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

REPO = Path(__file__).parents[1]
LISTS = [REPO / "constraints.txt", *sorted((REPO / ".ci" / "tools").glob("*.txt"))]
PATIENCE_S = 300


def main() -> int:
    packages = []
    for pins in rounds(LISTS):
        found = ask(pins)
        if found is None:
            return 0
        packages += found
    return say(packages)


def rounds(lists: Sequence[Path]) -> list[list[str]]:
    """The pins of all lists, each once, so divided that no round has two versions of a package: pip-audit refuses that."""
    found: list[dict[str, str]] = []
    for line in dict.fromkeys(line for one in lists for line in one.read_text(encoding="utf-8").splitlines()):
        name, pinned, version = line.partition("==")
        if not pinned or version in [held.get(plain(name)) for held in found]:
            continue
        free = next((held for held in found if plain(name) not in held), None)
        if free is None:
            found.append(free := {})
        free[plain(name)] = version
    return [[f"{name}=={version}" for name, version in held.items()] for held in found]


def ask(pins: Sequence[str]) -> list[dict] | None:
    """What pip-audit knows of these packages; None, with a sentence, where it says nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--requirement", file.name, "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            print("audit: the advisory source does not answer, so nothing is known")
            return None
    try:
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        said = [line.partition(":")[2] for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        reason = said[-1].partition(":")[2] if said else "the advisory source does not answer"
        print(f"audit: {reason[:200]}, so nothing is known")
        return None


def say(packages: list[dict]) -> int:
    """packages: of pip-audit, each `name` with `version` and `vulns`, or with `skip_reason` where nobody knew it."""
    known = [p for p in packages if "skip_reason" not in p]
    vulnerable = [p for p in known if p["vulns"]]
    for package in vulnerable:
        for one in package["vulns"]:
            mended = " or ".join(one.get("fix_versions") or []) or "no version yet"
            where = "".join(f", in {path}" for path in lists_of(package["name"], package["version"]))
            print(f"audit: {package['name']} {package['version']}: {one['id']}, mended in {mended}{where}")
    if not known:
        print(f"audit: the advisory source answered for none of {len(packages)} packages, so nothing is known")
        return 0
    unknown = len(packages) - len(known)
    said = f"; the advisory source did not answer for {unknown} others" if unknown else ""
    print(f"audit: {len(known)} packages looked at, {len(vulnerable)} of them vulnerable{said}")
    return 1 if vulnerable else 0


def lists_of(name: str, version: str) -> list[str]:
    """The lists that have this version, as paths in the repository."""
    pin = (plain(name), version)
    held = {one: [line.partition("==") for line in one.read_text(encoding="utf-8").splitlines()] for one in LISTS}
    return [str(one.relative_to(REPO)) for one, lines in held.items() if pin in [(plain(n), v) for n, _, v in lines]]


def plain(name: str) -> str:
    """A name as registries compare it: importlib_metadata is importlib-metadata."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
