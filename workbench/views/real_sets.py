"""The default recipe on sets that other people made: model against best baseline, won or lost."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.views.comparison import comparison_table
from workbench.views.wording import baseline_label


def real_sets_table(measured: dict[str, Any]) -> pd.DataFrame:
    """A row a set: Set, Model, Best baseline, its name, Difference (all centred cosine).

    measured  {"sets": {name: {"model": {"centred_cosine"}, "baselines": {name: {"centred_cosine"}}}}}
    """
    rows = []
    for name, entry in measured.get("sets", {}).items():
        table = comparison_table({**entry["model"], "baselines": entry["baselines"]}).set_index("name")
        best = table[table["kind"] == "best"].index[0]
        model, baseline = table["centred_cosine"]["model"], table["centred_cosine"][best]
        rows.append((name, model, baseline, baseline_label(best), model - baseline))
    return pd.DataFrame(rows, columns=["Set", "Model", "Best baseline", "which is", "Difference"])
