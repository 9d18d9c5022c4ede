"""Reports of `msm probe` as tables, sentences and figures."""
