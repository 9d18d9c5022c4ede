"""A process knows when it started, and a worker ends with its parent."""

import signal
import subprocess
import sys
import time

import psutil

from msm.io.processes import start_time

PARENT = """
import multiprocessing, time
from msm.io.processes import exit_with_parent

def work():
    exit_with_parent()
    time.sleep(60)

if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    print(worker.pid, flush=True)
    worker.join()
"""


def test_a_worker_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    _, still_there = psutil.wait_procs([worker], timeout=10)
    assert [p for p in still_there if p.status() != psutil.STATUS_ZOMBIE] == []


def test_the_start_of_this_process_lies_in_the_past_and_stays():
    first = start_time()
    assert abs(first - psutil.Process().create_time()) < 1.1  # psutil counts from a boot time in whole seconds
    time.sleep(0.05)
    assert abs(start_time() - first) < 0.03
