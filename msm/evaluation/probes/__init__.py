"""Frozen probes: what can be read off embeddings by a linear model, or by looking at neighbours.

The embeddings stay as they are. A probe is fitted on the training titles, its strength of
regularisation chosen on the validation titles, and scored on the titles asked for. Plain arrays in,
plain values out; `msm.evaluation.probe_run` brings a run and a catalog here. docs/metrics.md says what is read how.
"""

from msm.evaluation.probes.labels import Label, Unusable, read_labels
from msm.evaluation.probes.rows import Rows
from msm.evaluation.probes.suite import probe_label, probe_scenes

__all__ = ["Label", "Rows", "Unusable", "probe_label", "probe_scenes", "read_labels"]
