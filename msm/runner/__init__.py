"""Run one function on many jobs: in processes of this machine or on a Ray cluster, each job's death its own.

Ablations train with it, and ingests read films; `run_all` hands out the jobs and gives back each as it ends.
"""

from msm.io.portable import num_cores
from msm.runner.pools import KILLED, LocalPool, Pool, RayPool, begin_worker
from msm.runner.running import run_all, why_it_died

__all__ = ["KILLED", "LocalPool", "Pool", "RayPool", "begin_worker", "num_cores", "run_all", "why_it_died"]
