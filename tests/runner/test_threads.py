"""Commands that read one title after another leave cores free, and take no more threads than they were given."""

from __future__ import annotations

import json
import subprocess
import sys

# the cores of a machine, the threads that a user or a scheduler of jobs allows with OMP_NUM_THREADS, those that are taken
CASES = [(1, 8, 1), (2, 8, 1), (6, 8, 3), (64, 8, 4), (64, 2, 2), (64, 1, 1)]
COUNT = f"""
import json, os
import numpy, torch
from threadpoolctl import threadpool_info
from msm.runner.threads import few_threads
def counts():
    return [torch.get_num_threads(), max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")]
for cores, given, _ in {CASES}:
    os.cpu_count = lambda: cores
    torch.set_num_threads(given)
    before = counts()
    with few_threads():
        within = counts()
    print(json.dumps([*within, counts() == before]))
"""


def test_half_of_the_cores_are_taken_at_most_four_and_no_more_than_were_given():
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    taken = [json.loads(line) for line in done.stdout.splitlines()]
    assert [torch for torch, _, _ in taken] == [most for _, _, most in CASES]
    assert all(blas <= most for (_, blas, _), (_, _, most) in zip(taken, CASES, strict=True))
    assert all(
        given_back for _, _, given_back in taken
    )  # a training in the same process afterwards is the same to the bit
