"""`msm serve` as a process of its own, on a small catalog."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import numpy as np
import pytest

from msm import Catalog, Run
from msm.data.catalog import modalities_of
from tests.browser.small_world import DIMS, small_title, train_run

TOKEN, WAITING = "secret-of-the-test", 24


class Served(NamedTuple):
    client: httpx.Client
    run: Run
    catalog: Catalog

    def post(self, route: str, **body: object) -> httpx.Response:
        return self.client.post(route, json=body)


@pytest.fixture(scope="package")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    rng = np.random.default_rng(0)
    lengths = {"train": 30, "validation": 12, "test": 20, "long": 90}
    titles = [small_title(rng, t, t if t != "long" else "test", n) for t, n in lengths.items()]
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "runs" / "run", steps=1)
    options = ["--port", "0", "--max-body-mb", "0.1", "--max-shots", "64", "--max-waiting", str(WAITING)]
    command = [sys.executable, "-m", "msm", "serve", str(folder / "runs" / "run"), str(folder / "catalog"), *options]
    environment = {**os.environ, "MSM_SERVE_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"running on (http://\S+)", line):
            break
    else:
        pytest.fail("the service did not start")
    drain = threading.Thread(target=process.stderr.read, daemon=True)
    drain.start()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=found[1], headers=headers, timeout=60) as client:
        yield Served(client, Run.open(folder / "runs" / "run"), Catalog.open(folder / "catalog"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
