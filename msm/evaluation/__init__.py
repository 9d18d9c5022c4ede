"""The report: a model against predictions without a model, on titles it never saw; geometry and frozen probes.

`protocol` hides shots, `scoring` scores predictions of them, `report` summarises scores, `evaluate_titles` does all three for
any predictor, `evaluate_run` for a run whose report is kept. `space` estimates the mean and the baselines' parameters on the
training and validation titles; `probes/` reads embeddings.
"""
