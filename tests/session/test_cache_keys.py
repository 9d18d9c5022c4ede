"""What the app keeps belongs to what is on disk: every cached function that is given a catalog or a run asks for the
catalog's fingerprint and for the run's weights and recipe, and whatever is read from a file again when that changed.

Here every cached function's body is a token that is new each time: the same token means that nothing was worked out.
"""

from __future__ import annotations

import importlib
import inspect
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import workbench
from msm import Catalog, TitleData
from msm.data.catalog import modalities_of
from tests.small_runs import rising, write_run
from workbench.app_pages.embedding_map import cached as map_cache
from workbench.app_pages.retrieval import cached as retrieval_cache
from workbench.session import cache, interpretation_cache

ROOT = Path(workbench.__file__).parent
MADE_OF_FILES = {"Stamp", "digest", "other_digest", "key"}  # parameters that say which content is meant


def cached_functions() -> Iterator[tuple[str, Any]]:
    """Of all the app: whatever `st.cache_data` or `st.cache_resource` stands over."""
    for file in sorted(ROOT.rglob("*.py")):
        if "@st.cache_" in file.read_text(encoding="utf-8"):
            module = importlib.import_module(".".join(file.relative_to(ROOT.parent).with_suffix("").parts))
            for name, found in vars(module).items():
                if (
                    hasattr(found, "clear")
                    and hasattr(found, "__wrapped__")
                    and getattr(found, "__module__", "") == module.__name__
                ):
                    yield f"{module.__name__.removeprefix('workbench.')}.{name}", found


CACHED = dict(cached_functions())


def parameters(cached: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(cached.__wrapped__).parameters)


def kind(parameter: inspect.Parameter) -> str:
    return str(parameter.annotation)


def token_of(function: FunctionType) -> Callable:
    """A function of the same parameters that answers something new at each call."""
    names = [
        str(p.replace(annotation=p.empty, default=p.empty)) for p in inspect.signature(function).parameters.values()
    ]
    plain = [
        n
        for n, p in zip(names, inspect.signature(function).parameters.values(), strict=True)
        if p.kind is not p.KEYWORD_ONLY
    ]
    named = names[len(plain) :]
    scope: dict[str, Any] = {}
    exec(
        f"def token({', '.join([*plain, *(['*'] if named else []), *named])}): return __import__('secrets').token_hex()",
        scope,
    )
    return scope["token"]


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for cached in CACHED.values():
        cached.clear()
        monkeypatch.setattr(cached.__wrapped__, "__code__", token_of(cached.__wrapped__).__code__)
    yield
    for cached in CACHED.values():
        cached.clear()


@pytest.fixture
def folders(tmp_path: Path) -> SimpleNamespace:
    """A catalog and a run folder whose contents nobody looks into."""
    write(tmp_path / "catalog", 0)
    run = tmp_path / "runs" / "run"
    run.mkdir(parents=True)
    for name in (
        "model.safetensors",
        "baselines.safetensors",
        "recipe.json",
        "run.json",
        "metrics.jsonl",
        "evaluation.json",
    ):
        (run / name).touch()
    return SimpleNamespace(catalog=tmp_path / "catalog", run=run)


def write(path: Path, seed: int) -> None:
    title = TitleData(title_id="a", split="test", embeddings=np.random.default_rng(seed).standard_normal((4, 2)))
    Catalog.write(path, [title], modalities=modalities_of({"video": 2}), replace=path.exists())


def touch(path: Path) -> None:
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def values(cached: Any, folders: SimpleNamespace) -> dict[str, Any]:
    """Something for each parameter; the catalog and the run as they are on disk now."""
    by_kind = {"Catalog": lambda: Catalog.open(folders.catalog), "Path": lambda: folders.run}
    return {name: by_kind.get(kind(p), lambda name=name: (name,))() for name, p in parameters(cached).items()}


def takes(of: str) -> list[str]:
    return [name for name, cached in CACHED.items() if of in map(kind, parameters(cached).values())]


def test_the_caches_of_every_page_are_found():
    assert len(takes("Catalog")) >= 20 and len(takes("Path")) >= 12


@pytest.mark.parametrize("name", takes("Catalog"))
def test_whatever_is_kept_of_a_catalog_is_worked_out_again_when_another_stands_in_its_place(tokens, folders, name):
    first = CACHED[name](**values(CACHED[name], folders))
    again = CACHED[name](**values(CACHED[name], folders))
    write(folders.catalog, 1)
    other = CACHED[name](**values(CACHED[name], folders))

    assert first == again != other


@pytest.mark.parametrize("changed", ["model.safetensors", "recipe.json", "baselines.safetensors"])
@pytest.mark.parametrize("name", takes("Path"))
def test_whatever_is_kept_of_a_run_is_worked_out_again_when_it_was_trained_further(tokens, folders, name, changed):
    """But for what is told of which content it is: by a stamp, or by a digest that was read before."""
    cached = CACHED[name]
    told = [p for p, known in parameters(cached).items() if {p, kind(known)} & MADE_OF_FILES]
    first, again = (cached(**values(cached, folders)) for _ in range(2))
    touch(folders.run / changed)
    other = {**values(cached, folders), **{p: secrets.token_hex() for p in told}}

    assert first == again != cached(**other)


@pytest.mark.parametrize("name", CACHED)
def test_every_argument_is_a_part_of_the_key(tokens, folders, name):
    cached = CACHED[name]
    given = values(cached, folders)
    first = cached(**given)
    for parameter, known in parameters(cached).items():
        if kind(known) not in ("Catalog", "Path") and not parameter.startswith("_"):
            assert cached(**{**given, parameter: ("another",)}) != first, parameter


READ_FROM_FILES: dict[str, tuple[Callable[[SimpleNamespace], Any], tuple[str, ...]]] = {
    "open_catalog": (
        lambda f: cache.open_catalog(f.catalog),
        ("catalog/catalog.json", "catalog/titles.parquet", "catalog/shots.parquet"),
    ),
    "list_runs": (
        lambda f: cache.list_runs(f.run.parent, SimpleNamespace(modalities=())),
        ("runs/run/run.json", "runs/run/recipe.json", "runs/run/model.safetensors"),
    ),
    "evaluation": (lambda f: cache.evaluation(f.run), ("runs/run/evaluation.json",)),
    "metrics": (lambda f: cache.metrics(f.run), ("runs/run/metrics.jsonl",)),
    "weights": (lambda f: cache.weights(f.run), ("runs/run/model.safetensors",)),
}


@pytest.mark.parametrize(
    ("read", "file"),
    [(read, file) for read, files in READ_FROM_FILES.values() for file in files],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_read_from_a_file_is_read_again_when_the_file_changed(tokens, folders, read, file):
    first, again = read(folders), read(folders)
    touch(folders.catalog.parent / file)

    assert first == again != read(folders)


@pytest.fixture
def many_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Forty runs without weights, and the names of those that are read."""
    for n in range(40):
        write_run(tmp_path, f"run-{n:02d}", rising(10, to=0.6))
    read: list[str] = []
    one = cache._run_row

    def reading(path: Path, shape: Any) -> dict[str, Any]:
        read.append(path.name)
        return one(path, shape)

    monkeypatch.setattr(cache, "_run_row", reading)
    cache._runs.clear()
    catalog = SimpleNamespace(modalities=(SimpleNamespace(name="video", dim=7),))
    return SimpleNamespace(folder=tmp_path, catalog=catalog, read=read)


def test_of_many_runs_those_that_changed_are_read_again_and_no_other(many_runs):
    before = cache.list_runs(many_runs.folder, many_runs.catalog)
    assert len(many_runs.read) == len(before) == 40 and before["problem"].str.contains("has no weights yet").all()

    (many_runs.folder / "run-07" / "model.safetensors").touch()
    info = many_runs.folder / "run-08" / "run.json"
    info.write_text(info.read_text().replace('"done"', '"failed"'))
    recipe = many_runs.folder / "run-09" / "recipe.json"
    recipe.write_text(recipe.read_text().replace('"mediafm"', '"renamed"'))
    shutil.rmtree(many_runs.folder / "run-10")
    write_run(many_runs.folder, "run-99", rising(10, to=0.6))
    del many_runs.read[:]
    after = cache.list_runs(many_runs.folder, many_runs.catalog).set_index("name")

    assert many_runs.read == ["run-07", "run-08", "run-09", "run-99"] and "run-10" not in after.index
    assert after["problem"].isna().loc[["run-06", "run-07"]].tolist() == [False, True]
    assert (after.loc["run-08", "state"], after.loc["run-09", "recipe"]) == ("failed", "renamed")
    assert cache.usable_run(many_runs.folder, "run-07", many_runs.catalog) == many_runs.folder / "run-07"
    assert len(many_runs.read) == 4


def test_maps_and_indexes_beside_a_catalog_are_read_again_when_one_is_added(tokens, folders):
    catalog = Catalog.open(folders.catalog)
    for read, file in (
        (lambda: map_cache.maps(catalog), map_cache.maps_folder(catalog.path) / "new.json"),
        (lambda: retrieval_cache.raw_finder(catalog), catalog.path / "index" / "new" / "index.json"),
    ):
        first, again = read(), read()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        added = read()
        touch(file)
        assert first == again and len({first, added, read()}) == 3


def worked_out(folders: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """The keys of what is kept in dictionaries of our own, since a page hears how far the work is."""
    monkeypatch.setattr(interpretation_cache, "_computed_once", lambda key, compute, on_share: key)

    def catalog() -> Catalog:
        return Catalog.open(folders.catalog)

    return {
        "surprise": lambda: interpretation_cache.surprise_curve(
            catalog(), folders.run, "a", exact=True, on_share=print
        ),
        "influence": lambda: interpretation_cache.influence(catalog(), folders.run, "a", (1,), 1, "m", print),
    }


@pytest.mark.parametrize("what", ["surprise", "influence"])
def test_what_takes_long_is_kept_by_fingerprint_and_run_stamp_as_well(folders, monkeypatch, what):
    key = worked_out(folders, monkeypatch)[what]
    seen = [key(), key()]
    for change in (
        lambda: touch(folders.run / "model.safetensors"),
        lambda: touch(folders.run / "recipe.json"),
        lambda: write(folders.catalog, 1),
    ):
        change()
        seen.append(key())

    assert seen[0] == seen[1] and len(set(seen)) == 4


def test_a_surprise_curve_is_kept_apart_from_its_other_form_and_from_other_titles(folders, monkeypatch):
    monkeypatch.setattr(interpretation_cache, "_computed_once", lambda key, compute, on_share: key)
    catalog = Catalog.open(folders.catalog)
    keys = {
        interpretation_cache.surprise_curve(catalog, folders.run, t, exact=e, on_share=print)
        for t in "ab"
        for e in (True, False)
    }
    keys |= {
        interpretation_cache.influence(catalog, folders.run, "a", h, s, m, print)
        for h in ((1,), (1, 2))
        for s in (1, 2)
        for m in "xy"
    }

    assert len(keys) == 4 + 8


def test_an_inspection_is_of_the_catalog_that_was_read_and_of_no_other_in_its_place(folders):
    kept = cache.inspect(Catalog.open(folders.catalog))
    assert cache.inspected(Catalog.open(folders.catalog)) is kept
    write(folders.catalog, 1)
    assert cache.inspected(Catalog.open(folders.catalog)) is not kept
    shutil.rmtree(folders.catalog / "statistics")
    assert cache.inspected(Catalog.open(folders.catalog)) is None  # neither read nor counted when it was written


def test_a_runs_own_search_space_is_kept_by_fingerprint_and_weights(folders, monkeypatch):
    finders: dict[tuple, Any] = {}
    monkeypatch.setattr(retrieval_cache, "_finders", lambda: (finders, __import__("threading").Lock()))
    monkeypatch.setattr(retrieval_cache, "_found_or_flat", lambda space: secrets.token_hex())
    monkeypatch.setattr(cache, "open_run", lambda path: None)
    from msm.search import contextual_space

    monkeypatch.setattr(contextual_space, "contextual_space", lambda *args, **how: None)

    def finder() -> str:
        return retrieval_cache.contextual_finder(Catalog.open(folders.catalog), folders.run, print)

    monkeypatch.setattr(cache, "weights", lambda path: (path / "model.safetensors").stat().st_mtime_ns)
    first, again = finder(), finder()
    touch(folders.run / "model.safetensors")
    trained = finder()
    write(folders.catalog, 1)

    assert first == again and len({first, trained, finder()}) == 3
