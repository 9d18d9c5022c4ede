"""Frozen probes: what a linear model or the nearest neighbours can predict from embeddings.

The embeddings are not trained further. A probe is fitted on the training titles, its regularisation is chosen on the
validation titles, and it is scored on the test titles (or another split). Arrays in, JSON values out;
`msm.evaluation.probe_run` applies the probes to a run and a catalog. docs/metrics.md describes them.
"""

from msm.evaluation.probes.labels import Label, Unusable, read_labels
from msm.evaluation.probes.rows import Rows
from msm.evaluation.probes.suite import probe_label, probe_number_labels, probe_scenes

__all__ = ["Label", "Rows", "Unusable", "probe_label", "probe_number_labels", "probe_scenes", "read_labels"]
