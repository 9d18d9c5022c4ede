"""The report: a model against predictions without a model, on titles it never saw; geometry and frozen probes.

`protocol` hides and scores, `report` sums up, `evaluate_run` measures a run and keeps the report, `probes/` reads embeddings.
"""
