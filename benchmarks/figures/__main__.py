"""Write the figures of the documentation from the results of the benchmarks.

python -m benchmarks.figures             write every marked block of README.md, SECURITY.md, sample_data/README.md and docs/
python -m benchmarks.figures --check     write nothing; exit with 1 and name the blocks that differ from the results
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.figures import pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path, help="Markdown files (default: all pages of the documentation)")
    parser.add_argument("--check", action="store_true", help="tell which blocks differ and write nothing")
    chosen = parser.parse_args()
    try:
        differing = [line for page in chosen.pages or pages.all_pages() for line in pages.update(page, chosen.check)]
    except ValueError as error:
        sys.exit(str(error))
    print("\n".join(differing) or "Every figure is as the results say.")
    if chosen.check and differing:
        sys.exit(1)


if __name__ == "__main__":
    main()
