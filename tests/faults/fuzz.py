"""Looks for inputs that a reader of ours answers with anything but an answer or one sentence, led by what code they reach.

python -m tests.faults.fuzz TARGET --seconds N [--corpus FOLDER]

Atheris (the extra `dev`, on Linux) changes the inputs of tests/faults/corpus/TARGET and keeps those that reach code no other did.
What it finds is written beside the command as `crash-…` or `slow-unit-…`, belongs into the corpus, and is tried again by
tests/faults/test_fuzz.py in every run, together with mutations of all that lies there. Those who read with compiled
libraries (Parquet, HDF5, films, indexes) are tried by tests/faults/hostile.py: there is no Python code to be led by.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from msm.errors import InputError

CORPUS = Path(__file__).parent / "corpus"
LONGEST_S = 5  # for one input of at most LARGEST bytes; what takes longer is a finding
LARGEST = 65_536  # bytes; a link is not longer either
LONGEST_SENTENCE = 600
Reader = Callable[[bytes], object]


def try_one(read: Reader, content: bytes) -> bool:
    """Was it refused? AssertionError where it was answered in a way that nobody may be."""
    began = time.monotonic()
    try:
        read(content)
        refused = False
    except InputError as error:
        sentence, refused = str(error), True
        assert 0 < len(sentence) < LONGEST_SENTENCE and "\n" not in sentence, repr(sentence)
    took = time.monotonic() - began
    assert took < LONGEST_S, f"{took:.1f} s for {len(content)} bytes"
    return refused


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="a folder to keep what reaches new code; default: none is kept")
    asked = parser.parse_args(words)
    try:
        import atheris
    except ImportError:
        parser.exit(2, "fuzz: atheris is missing; on Linux with Python 3.11 or 3.12: pip install '.[dev]'\n")
    for module in MODULES[asked.target]:  # before anything imports them
        sys.modules.pop(module, None)
        with atheris.instrument_imports(include=[module.partition(".")[0] if module in WHOLE else module]):
            importlib.import_module(module)
    read = TARGETS[asked.target]
    with tempfile.TemporaryDirectory() as own:
        kept = asked.corpus or Path(own)
        kept.mkdir(exist_ok=True, parents=True)
        options = [f"-max_total_time={asked.seconds}", f"-timeout={LONGEST_S}", f"-max_len={LARGEST}"]
        # A process that a large one starts begins with the peak of its parent (getrusage), which is none of ours.
        limit_mb = 2048 + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        options += [f"-rss_limit_mb={limit_mb}", "-print_final_stats=1", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, str(kept), str(CORPUS / asked.target)], lambda c: try_one(read, c))
        atheris.Fuzz()


@lru_cache(maxsize=1)
def _place() -> Path:
    """A folder in memory where there is one: readers read files."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="msm-fuzz-", dir=memory if memory.is_dir() else None))


def _file(name: str, content: bytes) -> Path:
    path = _place() / name
    path.write_bytes(content)
    return path


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def subtitles(content: bytes) -> None:
    from msm.ingest.subtitles import read_subtitles

    kind, _, text = content.partition(b"\n")
    suffix = kind.decode("latin-1") if kind in (b"srt", b"vtt", b"ass", b"ssa") else "srt"
    for line in read_subtitles(_file(f"film.{suffix}", text)):
        line.text.encode("utf-8")


def sidecar(content: bytes) -> None:
    import numpy as np

    from msm.ingest.metadata import facts_of, labels_of_shots

    facts = facts_of(_file("film.json", content).with_suffix(".mp4"))
    _ = facts.description
    labels_of_shots(facts.shots, np.array([0.0, 1.0]), np.array([1.0, 2.0]))


def npy(content: bytes) -> None:
    from msm.io.arrays import map_npy

    map_npy(_file("a.npy", content)).shape  # noqa: B018


def npz(content: bytes) -> None:
    from msm.io.arrays import NpzFile

    with NpzFile(_file("a.npz", content)) as file:
        for name in file.headers:
            file.read(name)


def recipe(content: bytes) -> None:
    from msm.io.files import read_json
    from msm.recipes.recipe import Recipe

    Recipe.from_dict(read_json(_file("recipe.json", content)))


def run(content: bytes) -> None:
    from msm.io.files import read_json
    from msm.runs.schema import check_facts

    path = _file("run.json", content)
    check_facts(path, read_json(path))


def setting(content: bytes) -> None:
    """`mask.ratio=.2`, a line a setting, as after --set."""
    from msm.recipes.presets import preset

    preset("mediafm").with_settings(_text(content).split("\n"))


def ablation(content: bytes) -> None:
    """`mask.ratio=.15,.2`, a line a knob, as after --vary."""
    from msm.ablation.plan import make_plan

    make_plan(vary=_text(content).split("\n"), seeds=1).jobs  # noqa: B018


def presentation(content: bytes) -> None:
    from workbench.views.slides.script import hidden_shots, parse_script

    for step in parse_script(content, "script.toml").steps:
        hidden_shots(step, 40, "script.toml")


def hidden(content: bytes) -> None:
    """As typed into the masking lab; what is read is written and read again."""
    from msm.data.ranges import format_ranges, parse_ranges

    shots = parse_ranges(_text(content), 5000)
    assert parse_ranges(format_ranges(shots), 5000) == shots


def modalities(content: bytes) -> None:
    from msm.masking.parts import format_parts, parse_parts

    parts = parse_parts(_text(content))
    assert dict(parse_parts(format_parts(parts))) == dict(parts)


def link(content: bytes) -> None:
    """What stands behind the ? of an address."""
    from msm.data.selection import Selection

    Selection.from_link(f"http://localhost/?{_text(content)}", _place()).to_query()


TARGETS: dict[str, Reader] = {
    one.__name__: one
    for one in (
        subtitles, sidecar, npy, npz, recipe, run, setting, ablation, presentation, hidden, modalities, link,
    )
}  # fmt: skip
WHOLE = ("pysubs2",)  # others' packages that are looked into
MODULES: dict[str, list[str]] = {  # what leads: the code that reads, ours and the pure Python below it
    "subtitles": ["pysubs2", "msm.ingest.subtitles"],
    "sidecar": ["msm.io.files", "msm.importers.source", "msm.ingest.metadata"],
    "npy": ["msm.io.arrays"],
    "npz": ["zipfile", "msm.io.arrays"],
    "recipe": ["msm.config.settings", "msm.recipes.recipe"],
    "run": ["msm.runs.schema"],
    "setting": ["msm.config.settings", "msm.recipes.presets"],
    "ablation": ["msm.config.settings", "msm.ablation.plan"],
    "presentation": ["tomllib", "workbench.views.slides.script"],
    "hidden": ["msm.data.ranges"],
    "modalities": ["msm.data.ranges", "msm.masking.parts"],
    "link": ["msm.data.ranges", "msm.data.selection"],
}


if __name__ == "__main__":
    main()
