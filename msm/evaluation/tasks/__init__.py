"""Tasks: labels from a file, predicted from frozen embeddings by a probe; the shot alone against the shot in its title.

`task` turns labels into targets, `inputs` makes the embeddings side by side, `splits` divides titles, `linear` and `attentive` are
the probes, `measures` scores them, `curve` counts labels, and `report` does it all for a catalog and a run (`msm probe`).
"""
