"""Verbs of shot retrieval: index, search."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msm.cli.places import Ray, Workers, place_of
from msm.cli.program import AsJson, app, open_catalog, stdout_kept_clean, to_json
from msm.errors import InputError
from msm.io.progress import progress_bar

if TYPE_CHECKING:
    from msm.data.catalog import Catalog
    from msm.runner import Place
    from msm.search.filters import Filters
    from msm.search.index_store import Finder
    from msm.search.query import SearchResult
    from msm.search.spaces import Space

RunOption = Annotated[Path | None, typer.Option("--run", help="Compare this run's contextual embeddings.")]
Only = Annotated[str | None, typer.Option("--only", metavar="MODALITY", help="Compare only one modality.")]


@app.command()
def index(
    catalog: Annotated[Path, typer.Argument(help="The catalog to index.")],
    kind: Annotated[str | None, typer.Option(help="flat, hnsw, ivf or ivfpq. Default: by size.")] = None,
    run: RunOption = None,
    only: Only = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a damaged index.")] = False,
    device: Annotated[str, typer.Option(help="With --run, where it computes: auto, cpu, cuda …")] = "cpu",
    workers: Workers = None,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Build an index of a catalog's shots and save it in CATALOG/index; when interrupted, a second call continues."""
    from msm.search.index_store import index_folder, make_index

    place = place_of(workers, ray, device)
    space = _space(open_catalog(catalog), run, only, place)
    with progress_bar("indexing") as progress:
        finder = make_index(space, kind, replace_damaged=replace, place=place, progress=progress)
    folder = index_folder(space)
    if as_json:
        size = sum(p.stat().st_size for p in folder.iterdir())
        print(to_json({"path": str(folder), "bytes": size, **finder.facts()}))
    else:
        print(f"{folder}: {_describe_index(finder)}; built in {finder.built.build_s:.1f} s")


@app.command()
def search(
    catalog: Annotated[Path, typer.Argument(help="The catalog to search.")],
    shot: Annotated[
        list[str], typer.Option(metavar="TITLE:NUMBER", help="A query shot; repeat to combine several.")
    ] = [],  # noqa: B006
    unlike: Annotated[list[str], typer.Option("--not", metavar="TITLE:NUMBER", help="A shot to be unlike.")] = [],  # noqa: B006
    text: Annotated[
        str | None,
        typer.Option(
            help="A text query, encoded by the catalog's text encoder; with --only video by CLIP's text tower."
        ),
    ] = None,
    words: Annotated[str | None, typer.Option(help="Shots whose text contains these words.")] = None,
    fill: Annotated[
        tuple[str, str], typer.Option(metavar="RUN TITLE:NUMBER", help="A run's prediction of this shot as the query.")
    ] = ("", ""),
    clip: Annotated[str | None, typer.Option(metavar="TITLE:A-B", help="A span of shots as the query.")] = None,
    run: RunOption = None,
    only: Only = None,
    title: Annotated[list[str], typer.Option(help="Only in this title; repeat for more.")] = [],  # noqa: B006
    split: Annotated[list[str], typer.Option(help="Only in this split; repeat for more.")] = [],  # noqa: B006
    label: Annotated[list[str], typer.Option(metavar="NAME=VALUE", help="Only shots with this label.")] = [],  # noqa: B006
    not_same_title: Annotated[bool, typer.Option("--not-same-title", help="Not in the query's title.")] = False,
    not_same_scene: Annotated[bool, typer.Option("--not-same-scene", help="Not in the query's scene.")] = False,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="List near-identical shots one by one.")] = False,
    count: Annotated[int, typer.Option("-k", "--count", help="Number of results.")] = 10,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="The text encoder, as in `msm ingest --encoders`, where the catalog does not say where it is; noted there."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the shots nearest to a shot, a text, a prediction or a span of shots."""
    from msm.search.clips import clip_rows, like_clip
    from msm.search.query import as_records, nearest, row_of
    from msm.search.text_query import find_words

    queries = {"--shot": shot, "--text": text, "--words": words, "--fill": fill[0], "--clip": clip}
    named = [name for name, value in queries.items() if value]
    if len(named) != 1:
        raise InputError(f"give exactly one of {', '.join(queries)}" + (f"; not {named}" if named else ""))
    if unlike and not shot:
        raise InputError("--not needs --shot")
    opened, filters = open_catalog(catalog), _filters(title, split, label, not_same_title, not_same_scene)
    if words:
        found = find_words(opened, words, filters=filters, k=count)
        print(to_json(_words_as_json(found)) if as_json else _words_as_text(found, words))
        return
    common: dict[str, Any] = {"filters": filters, "k": count}
    alike: dict[str, Any] = {"alike": 2.0} if duplicates else {}
    if fill[0]:
        result = _search_prediction(opened, fill, only, run, common | alike)
    elif text:
        result = _search_text(opened, text, encoder, only, run, common | alike)
    else:
        finder = _finder(_space(opened, run, only))
        if clip:
            result = like_clip(finder, clip_rows(opened, clip), **common)
        else:
            like, those = ([row_of(opened, name) for name in names] for names in (shot, unlike))
            result = nearest(finder, like, those, **common, **alike)
    print(
        to_json({"query": {named[0]: queries[named[0]]}, **as_records(result)}) if as_json else result_as_text(result)
    )


def _search_prediction(
    catalog: Catalog, fill: tuple[str, str], only: str | None, run: Path | None, common: dict
) -> SearchResult:
    from msm.inference.run import Run
    from msm.search.query import nearest, row_of
    from msm.search.reconstructions import predicted_vector, prediction_space

    if only or run:
        raise InputError("a prediction is compared with whole raw shots: --run and --only cannot be used with --fill")
    row, trained = row_of(catalog, fill[1]), Run.open(fill[0])
    finder = _finder(prediction_space(catalog, trained))
    title_id, _, number = fill[1].rpartition(":")
    vector = predicted_vector(trained, finder.space, catalog[title_id], int(number))
    return nearest(finder, vector=vector, about=[row], **common)


def _search_text(
    catalog: Catalog, text: str, encoder: str | None, only: str | None, run: Path | None, common: dict
) -> SearchResult:
    from msm.search.query import nearest
    from msm.search.spaces import RawSpace
    from msm.search.text_query import MODALITY, encode_text, text_encoder

    if run or only not in (None, MODALITY, "video"):
        raise InputError(
            "a text is compared with the text columns, or with pictures by --only video; --run cannot be used with --text"
        )
    modality = only or MODALITY
    with stdout_kept_clean():
        known = text_encoder(catalog, encoder, modality)
    finder = _finder(RawSpace(catalog, modality=modality))
    with stdout_kept_clean():
        vector = encode_text(known, finder.space, text)
    return nearest(finder, vector=vector, **common)


def _space(catalog: Catalog, run: Path | None, only: str | None, place: Place | None = None) -> Space:
    from msm.search.spaces import RawSpace

    if run is None:
        return RawSpace(catalog, modality=only)
    if only is not None:
        raise InputError("a run uses all modalities: --only cannot be used with --run")
    from msm.inference.run import Run
    from msm.runner import HERE
    from msm.search.contextual_space import contextual_space

    place = place or HERE
    with progress_bar("embedding") as progress:
        return contextual_space(catalog, Run.open(run, device=place.own_device), place=place, progress=progress)


def _finder(space: Space) -> Finder:
    """The saved index; else a new one, saved where building it takes long."""
    from msm.search.index_store import find_index
    from msm.search.vector_index import choose_plan

    slow = not choose_plan(space.num, space.dim).exact
    with progress_bar("indexing") as progress:
        finder = find_index(space, save=slow, progress=progress)
    if finder.note:
        print(f"msm: {finder.note}; it is built again", file=sys.stderr)
    return finder


def _filters(titles: list[str], splits: list[str], labels: list[str], title: bool, scene: bool) -> Filters:
    from msm.search.filters import Filters

    pairs = []
    for label in labels:
        name, equals, value = label.partition("=")
        if not (name and equals and value):
            raise InputError(f"--label is {label!r}, but must be NAME=VALUE")
        pairs.append((name, value))
    return Filters(tuple(titles), tuple(splits), tuple(pairs), title, scene)


def result_as_text(result: SearchResult) -> str:
    """A line a result, then the index that was searched."""
    lines = [_line(row, f"{row.score:.3f}") for row in result.table.itertuples()]
    if not lines:
        lines = ["no shot passes the filters"]
    searched = f"{result.candidates} shots searched in {result.took_ms:.1f} ms"
    return "\n".join([*lines, "", f"{searched}; {_describe_index(result.finder)}"])


def _line(row: Any, score: str) -> str:
    last = f"-{row.last_shot}" if hasattr(row, "last_shot") else ""
    time = f"{int(row.start_s) // 60:02}:{int(row.start_s) % 60:02}" if row.start_s == row.start_s else ""
    more = f" (and {row.copies} alike)" if row.copies else ""
    text = " ".join(str(row.text).split())[:60]
    return f"{row.place:3}  {score:>6}  {row.title_id}:{row.shot}{last}  {time}  {text}{more}".rstrip()


def _describe_index(finder: Finder) -> str:
    plan, built = finder.plan, finder.built
    how = "exact" if plan.exact else f"recall@10 {built.recall:.3f}"
    return (
        f"{plan.kind} index of {finder.space.num} shots, {how}, {built.query_ms:.1f} ms a query; {finder.space.words}"
    )


def _words_as_text(found: Any, words: str) -> str:
    lines = [_line(row, "") for row in found.table.itertuples()]
    return "\n".join([*lines, "", f"{found.in_all} shots contain the words {words!r}"])


def _words_as_json(found: Any) -> dict[str, Any]:
    import json

    from msm.search.query import label_records

    records, labels = json.loads(found.table.to_json(orient="records")), label_records(found.labels)
    return {"in_all": found.in_all, "results": [{**r, "labels": k} for r, k in zip(records, labels, strict=True)]}
