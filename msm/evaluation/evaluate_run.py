"""Evaluate a run and save the report: what `msm evaluate` and the Evaluation page call.

The report has parts: fill-ins (always), the full protocol, frozen probes. A part that is not measured now is kept
from an earlier report of the same weights on the same titles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from msm import baselines
from msm.data.catalog import Catalog
from msm.evaluation.evaluate_titles import evaluate_titles
from msm.evaluation.kept_space import space_of
from msm.inference.metadata import left_out
from msm.inference.run import Run
from msm.runner import HERE, Place
from msm.runs.folder import weights_fingerprint

FULL, PROBES = ("by_ratio", "spans", "by_part"), ("probes",)
COMPARABLE = ("split", "catalog_fingerprint", "weights")  # equal in both reports, else no earlier part is kept


def evaluate_run(
    run: Run,
    catalog: Catalog,
    *,
    split: str = "test",
    full: bool = False,
    probes: bool = False,
    most_titles: int | None = None,
    place: Place = HERE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Evaluate a run on a catalog, save the report as RUN/evaluation.json, and return it.

    full      also by mask ratio, with spans hidden, and with one modality hidden
    probes    also frozen probes (minutes), of all titles
    most_titles  of a split with more titles, evaluate a stratified and seeded sample of so many; None = all
    place     where titles are scored; what was stopped goes on where it was. Probes are computed here
    progress  called with (done, in all), from the start for each part
    """
    given, catalog = catalog, run.adapt(catalog)
    fit_missing_baselines(run, catalog)
    measured = evaluate_titles(
        run.predict,
        catalog,
        run.space,
        split,
        progress,
        full=full,
        sees_rest=run.sees_rest,
        sharpen=run.sharpen,
        most_titles=most_titles,
        run=run,
        place=place,
    )
    measured["weights"] = weights_fingerprint(run.path)
    if unknown := left_out(given, catalog):
        measured["metadata_left_out"] = unknown
    if probes:
        from msm.evaluation.probe_run import probe_run  # scikit-learn takes a second to import

        measured["probes"] = probe_run(run, catalog, split=split, progress=progress)
    measured = with_earlier_parts(measured, run.evaluation)
    run.folder.save_evaluation(measured)
    return measured


def fit_missing_baselines(run: Run, catalog: Catalog) -> None:
    """Fit baselines that the run lacks, because it is older than they are, and keep them with the run.

    Only on the catalog that it was trained on, because they are estimated on its training and validation titles.
    """
    missing = [name for name in baselines.fitted_names() if name not in run.space.baselines]
    if not missing or run.info["state"] == "running" or catalog.fingerprint != run.info["catalog"]["fingerprint"]:
        return
    space = run.space
    fitted = space_of(catalog, space.fusion).space
    run.space = replace(space, baselines={**fitted.baselines, **space.baselines})
    run.folder.save_baselines(run.space.baselines)


def with_earlier_parts(measured: dict[str, Any], earlier: dict[str, Any] | None) -> dict[str, Any]:
    """The report, completed with parts of an earlier one on the same weights, split and catalog."""
    if earlier is None or any(k not in earlier or earlier[k] != measured.get(k) for k in COMPARABLE):
        return measured
    if earlier.get("sample") != measured.get("sample"):
        return measured
    return {**measured, **{k: earlier[k] for k in (*FULL, *PROBES) if k in earlier and k not in measured}}
