"""A gesture's answer on the shortest way: the filmstrip asks for it, beside the rerun that brings the rest of the page.

A rerun answers when Streamlit has started it, has worked the page out, and has drawn what came before the strip. Asked
straight, the strip has its scores in half the time. Both ask `cache.whole_fill_in` the same question, so it is worked out once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from msm import Catalog, InputError
from msm.masking.parts import format_parts, simplest
from workbench.server.auth_guard import for_people
from workbench.session.arguments import catalog_named, read_arguments
from workbench.session.base_path import base_address
from workbench.views.fill_in.filmstrip import of_message, strip_answer

LONGEST_QUESTION = 1_000_000  # bytes: every shot of the longest title, in every modality
PLACE = "/fill-in/{catalog}/{title}/{run}"


def address(catalog: Catalog, title_id: str, run_path: Path) -> str:
    """Where the filmstrip of a title asks what a run makes of the shots that it hides."""
    words = (catalog.path.absolute().name, title_id, run_path.name)
    return "/".join([f"{base_address()}/fill-in", *(quote(word, safe="") for word in words)])


async def fill_in(request: Request) -> Response:
    """POST {hidden: [shot, …], modality} as a gesture has them → the strip's `answer`; 404 or 422 where there is none."""
    question = bytearray()
    async for piece in request.stream():
        question += piece
        if len(question) > LONGEST_QUESTION:
            return Response(status_code=413)
    return await run_in_threadpool(_answer, request.path_params, bytes(question))


def _answer(place: dict[str, Any], question: bytes) -> Response:
    try:
        asked = json.loads(question)
        hidden = tuple(sorted({int(s) for s in asked["hidden"]}))
        parts = of_message(asked.get("modality") or "", hidden)
    except (InputError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return Response(status_code=422)
    from workbench.session import cache

    path = catalog_named(read_arguments(), place["catalog"])
    try:
        if path is None:
            return Response(status_code=404)
        catalog = cache.open_catalog(path)
        runs = cache.list_runs(read_arguments().runs, catalog)
        usable = runs.loc[(runs["name"] == place["run"]) & runs["problem"].isna(), "path"]
        if usable.empty or place["title"] not in catalog:
            return Response(status_code=404)
        modality = format_parts(simplest(parts, hidden)) or None
        fill = cache.whole_fill_in(catalog, Path(usable.iloc[0]), place["title"], hidden, modality)
        return JSONResponse(strip_answer(fill.scores, fill.best_baseline_name))
    except InputError:
        return Response(status_code=422)  # the page says why


ROUTE = Route(base_address() + PLACE, for_people(fill_in), methods=["POST"])
