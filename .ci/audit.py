"""Are there known vulnerabilities in the exact versions of constraints.txt? `make audit` asks.

0 where none is known, and where the advisory source does not answer, which is said; 1 where one is, with what mends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parents[1] / "constraints.txt"
PATIENCE_S = 300


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps", "--disable-pip"]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print("audit: the advisory source does not answer, so nothing is known")
        return 0
    return say(packages)


def say(packages: list[dict]) -> int:
    """packages: of pip-audit, each `name` with `version` and `vulns`, or with `skip_reason` where nobody knew it."""
    known = [p for p in packages if "skip_reason" not in p]
    vulnerable = [p for p in known if p["vulns"]]
    for package in vulnerable:
        for one in package["vulns"]:
            mended = " or ".join(one.get("fix_versions") or []) or "no version yet"
            print(f"audit: {package['name']} {package['version']}: {one['id']}, mended in {mended}")
    if not known:
        print(f"audit: the advisory source answered for none of {len(packages)} packages, so nothing is known")
        return 0
    unknown = len(packages) - len(known)
    said = f"; the advisory source did not answer for {unknown} others" if unknown else ""
    print(f"audit: {len(known)} packages looked at, {len(vulnerable)} of them vulnerable{said}")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
