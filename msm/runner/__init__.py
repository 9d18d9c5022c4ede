"""Run one function on many jobs: here, in processes of this machine, or on a Ray cluster, each job's death its own.

`run_all` hands out jobs and gives back each as it ends: ablations train with it, and ingests read films. `run_parts` adds
files for what is finished and gives back results in their order: embeddings, reports, curves and indexes are made with it.
"""

from msm.io.portable import num_cores
from msm.runner.parts import Arrays, Stretch, load_arrays, run_parts, save_arrays, staging_folder, stretches
from msm.runner.place import HERE, Place
from msm.runner.pools import KILLED, Do, LocalPool, Pool, RayPool, Tell, Work, begin_worker, import_ahead
from msm.runner.running import run_all, why_it_died

__all__ = [
    "HERE",
    "KILLED",
    "Arrays",
    "Do",
    "LocalPool",
    "Place",
    "Pool",
    "RayPool",
    "Stretch",
    "Tell",
    "Work",
    "begin_worker",
    "import_ahead",
    "load_arrays",
    "num_cores",
    "run_all",
    "run_parts",
    "save_arrays",
    "staging_folder",
    "stretches",
    "why_it_died",
]
