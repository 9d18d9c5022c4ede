"""Published systems from their own code beside our recipes: the same shots, the same processor time, the same hidden shots and labels.

    PYTHONPATH=LV-MAE:BaSSL/bassl python -m benchmarks.peers CATALOG… [--seconds 300] [--seed 0] [--work FOLDER]

LV-MAE and BaSSL are clones of amazon-science/lv-mae and kakaobrain/bassl; none of their code is in this repository. Each system is trained in
a process of its own for the same CPU seconds on one thread, its learning rate schedule set by them, and its best weights on validation titles
are evaluated. Writes benchmarks/results/peers.json and a table beside it; what they have already of another catalog is kept.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import os
import platform
import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model
from threadpoolctl import threadpool_limits

from benchmarks.peers import bassl, lvmae, ours
from benchmarks.peers.scores import probed, restored
from benchmarks.peers.system import System, train_for
from benchmarks.peers.table import markdown
from msm.data.catalog import Catalog
from msm.evaluation.kept_space import space_of
from msm.inference.predict import contextual_embeddings
from msm.inference.run import Run
from msm.io import files
from msm.runs.folder import versions

OUT = Path(__file__).parents[1] / "results" / "peers.json"
PEERS = {lvmae.NAME: lvmae.make, bassl.NAME: bassl.make}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogs", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=300, help="of processor time for each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="where weights and runs are kept; what is there is not trained again")
    lvmae.add_options(parser)
    chosen = parser.parse_args()
    _one_thread()
    with tempfile.TemporaryDirectory() as temporary, threadpool_limits(1):
        for path in chosen.catalogs:
            work = (chosen.work or Path(temporary)) / f"{path.name}-{chosen.seconds:.0f}-{chosen.seed}"
            work.mkdir(parents=True, exist_ok=True)
            write(path.name, chosen, measure(path, chosen, work))


def measure(path: Path, chosen: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Train what is not trained yet, and evaluate all on the same test titles."""
    facts = {}
    for name in (*PEERS, *ours.RECIPES):
        kept = work / f"{_file_name(name)}.json"
        if not kept.exists():
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as alone:
                files.write_json(kept, alone.submit(train_one, name, path, chosen, work).result())
        facts[name] = files.read_json(kept)
        print(path.name, name, {k: v for k, v in facts[name].items() if k != "curve"}, flush=True)
    catalog = Catalog.open(path)
    space = space_of(catalog, "per_modality").space
    predictors, embedders = {}, {}
    for name in facts:
        predictors[name], embedders[name] = _load(name, catalog, chosen, work)
    return {
        "training": facts,
        "restored": restored(predictors, catalog, space),
        "probes": probed(embedders, catalog, space, work),
    }


def train_one(name: str, path: Path, chosen: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Train a system, keep its weights, and say what the training was like. Runs in a process of its own, for the peak of its memory."""
    _one_thread()
    catalog, before = Catalog.open(path), _peak_mb()
    with threadpool_limits(1):
        if name in PEERS:
            space = space_of(catalog, "per_modality").space
            system = PEERS[name](catalog, space, chosen.seed, chosen)
            facts = train_for(chosen.seconds, system, catalog, space)
            save_model(system.model, str(work / f"{_file_name(name)}.safetensors"))
            size = sum(p.numel() for p in system.model.parameters() if p.requires_grad)
        else:
            run, facts = ours.train_recipe(name, catalog, chosen.seconds, chosen.seed, work)
            size = sum(p.numel() for p in run.model.parameters())
    return {**facts, "parameters": size, "peak_mb": _peak_mb(), "before_mb": before}


def _load(name: str, catalog: Catalog, chosen: argparse.Namespace, work: Path) -> tuple[Any, Any]:
    """A system's predictor and embedder, with the weights that were kept."""
    if name in PEERS:
        system: System = PEERS[name](catalog, space_of(catalog, "per_modality").space, chosen.seed, chosen)
        load_model(system.model, str(work / f"{_file_name(name)}.safetensors"))
        return system.predict, system.embed
    run = Run.open(work / f"{name}-{chosen.seed}")
    return run.predict, lambda shots: contextual_embeddings(run.model, shots)[0]


def write(name: str, chosen: argparse.Namespace, measured: dict[str, Any]) -> None:
    sets = files.read_json(OUT)["sets"] if OUT.exists() else {}
    document = {
        "command": "PYTHONPATH=LV-MAE:BaSSL/bassl python -m benchmarks.peers CATALOG…",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread",
        "versions": versions(),
        "sets": {
            **sets,
            name: {"settings": {k: v for k, v in vars(chosen).items() if k not in ("catalogs", "work")}, **measured},
        },
    }
    files.write_json(OUT, document)
    OUT.with_suffix(".md").write_text(markdown(document), encoding="utf-8")


def _file_name(system: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in system)


def _peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _one_thread() -> None:
    torch.set_num_threads(1)
