"""The route that computes a fill-in for the filmstrip, beside the rerun that draws the rest of the page.

A rerun sends its result after Streamlit has started it and has drawn everything above the strip. By this route the strip has its
scores in half the time. Both call `cache.whole_fill_in` with the same arguments, so the fill-in is computed once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from msm import Catalog, InputError
from msm.serving.limits import Refused, read_body
from msm.serving.questions import Question
from workbench.server.auth_guard import require_access
from workbench.session.arguments import catalog_named, read_arguments
from workbench.session.base_path import base_address
from workbench.views.fill_in.filmstrip import strip_answer

MAX_BODY_BYTES = 1_000_000  # room for every shot of the longest title, in every modality
PATH = "/fill-in/{catalog}/{title}/{run}"


def address(catalog: Catalog, title_id: str, run_path: Path) -> str:
    """The address to which the filmstrip posts the hidden shots of a title."""
    words = (catalog.path.absolute().name, title_id, run_path.name)
    return "/".join([f"{base_address()}/fill-in", *(quote(word, safe="") for word in words)])


async def fill_in(request: Request) -> Response:
    """POST {hidden: [shot, …], modality} returns the scores of the fill-in, as `views.strip.strip_answer` has them.

    404 for an unknown catalog, title or run, 413 and 422 for a body that is too large or invalid.
    """
    try:
        body = await read_body(request.stream(), MAX_BODY_BYTES)
    except Refused as refused:
        return Response(status_code=refused.status)
    return await run_in_threadpool(_response, request.path_params, body)


def _response(path: dict[str, Any], body: bytes) -> Response:
    try:
        question = Question.from_json(body)
    except InputError:
        return Response(status_code=422)
    from workbench.session import cache

    catalog_path = catalog_named(read_arguments(), path["catalog"])
    try:
        if catalog_path is None:
            return Response(status_code=404)
        catalog = cache.open_catalog(catalog_path)
        run = cache.usable_run(read_arguments().runs, path["run"], catalog)
        if run is None or path["title"] not in catalog:
            return Response(status_code=404)
        fill = cache.whole_fill_in(catalog, run, path["title"], question.hidden, question.modality)
        return JSONResponse(strip_answer(fill.scores, fill.best_baseline_name))
    except InputError:
        return Response(status_code=422)  # the page shows the sentence


ROUTE = Route(base_address() + PATH, require_access(fill_in), methods=["POST"])
