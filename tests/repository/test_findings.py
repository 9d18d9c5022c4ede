"""The commands above the tables of docs/findings.md ask for every cell of the table (its figures: tests/test_figures.py)."""

import re
import shlex
from typing import Any

import pytest

from benchmarks.figures import pages, results
from benchmarks.figures.ablations import EARLIER
from msm.ablation.plan import make_plan
from msm.recipes.recipe import Recipe

TEXT = (pages.ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
BLOCKS = {block["name"].removeprefix("ablation "): block["text"] for block in pages.BLOCK.finditer(TEXT)}
ABLATIONS = re.findall(r"<!-- figures: ablation ([^>]+) -->", TEXT)  # names of one table or of several that are joined


def asked_for(command: str) -> dict[str, Any]:
    """The words of one `msm ablate` as `make_plan` takes them."""
    words = shlex.split(command)

    def after(option: str) -> list[str]:
        return [words[i + 1] for i, word in enumerate(words) if word == option]

    return {
        "recipes": after("--recipe")[0].split(","),
        "settings": after("--set"),
        "vary": after("--vary"),
        "seeds": int(after("--seeds")[0]),
        "each": "--each" in words,
    }


def test_there_are_tables_to_look_at():
    assert len(ABLATIONS) == 4


@pytest.mark.parametrize("names", ABLATIONS)
def test_the_commands_above_a_table_train_every_cell_of_it_with_as_many_seeds_and_what_changed_since_says_so(names):
    kept = [results.read_json(results.ABLATIONS / f"{name}.json") for name in names.split()]
    plans = [make_plan(**asked_for(line)) for line in BLOCKS[names].splitlines() if line.startswith("    msm ablate")]
    assert {plan.seeds for plan in plans} == {table["seeds"] for table in kept}
    asked = {cell.name: cell.recipe for plan in plans for cell in plan.cells}
    found = {cell["name"]: Recipe.from_dict(cell["recipe"]).to_dict() for table in kept for cell in table["cells"]}
    assert asked.keys() == found.keys()
    differ = {name for name, recipe in found.items() if asked[name] != recipe}
    assert differ == set(re.findall(rf"^\| `(.*)`{EARLIER} \|", BLOCKS[names], re.MULTILINE))


@pytest.mark.parametrize("names", [names for names in ABLATIONS if " " in names])
def test_ablations_that_are_joined_in_a_table_have_the_same_base(names):
    """Its scores may differ by rounding, since a row stands beside the difference to the base it was trained with."""
    first, *more = [results.read_json(results.ABLATIONS / f"{name}.json") for name in names.split()]
    for other in more:
        assert other["base"] == first["base"]
        seeds = [table["cells"][0][first["split"]]["by_seed"] for table in (first, other)]
        assert seeds[0] == pytest.approx(seeds[1], abs=5e-4)
