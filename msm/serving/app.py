"""The routes of the service, with OpenAPI's description at /docs and /openapi.json.

Every error is `{"detail": "one sentence"}`: 400 body that is no JSON, 401 token, 403 host name, 404 title or route, 408 a body that does
not arrive, 413 a limit, 415 another content type, 422 a request that cannot be answered, 429 too many requests at one time, 500 a fault of
the service, of which its log has the details.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from msm.errors import InputError
from msm.serving.figures import CONTENT_TYPE
from msm.serving.guard import Guard
from msm.serving.limits import Refused
from msm.serving.requests import EmbedRequest, FillInRequest, SearchRequest, SurpriseRequest
from msm.serving.service import Service

DESCRIPTION = (
    "Masked Shot Modeling: embeddings of shots in their title, reconstructions of hidden shots, surprise, and search."
)


class Problem(BaseModel):
    """An error."""

    detail: str = Field(description="One sentence.")


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "model": Problem}
    for status, description in {
        400: "A body that is no JSON",
        401: "No token, or another one",
        403: "A host name that the service is not known under",
        404: "No such title",
        408: "A body that does not arrive",
        413: "A limit of the service",
        415: "Another content type than JSON",
        422: "A request that cannot be answered",
        429: "Too many requests at one time",
        500: "A fault of the service",
    }.items()
}


def make_app(service: Service, *, token: str | None = None, names: Iterable[str] = ()) -> FastAPI:
    """The ASGI application.

    token  requests other than /health need the header `Authorization: Bearer TOKEN`; None = no authentication
    names  host names beside those that cannot be registered publicly
    """
    app = FastAPI(
        title="MSM",
        description=DESCRIPTION,
        version=version("msm-workbench"),
        lifespan=_lifespan(service),
        redirect_slashes=False,
    )
    app.add_middleware(Guard, service=service, token=token, names=tuple(names))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(InputError, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    _add_routes(app, service)
    return app


def _lifespan(service: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        # a request that waits for its forward pass holds a thread
        anyio.to_thread.current_default_thread_limiter().total_tokens = service.limits.waiting + 8
        yield
        service.close()

    return run


def _add_routes(app: FastAPI, service: Service) -> None:
    @app.head("/health", include_in_schema=False)
    @app.get("/health", summary="Whether the service answers, and what it serves")
    def health() -> dict[str, Any]:
        return service.facts()

    @app.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(service.figures.text(), media_type=CONTENT_TYPE)

    @app.post("/embed", responses=REFUSALS, summary="Contextual embeddings of a title's shots")
    def embed(asked: EmbedRequest) -> JSONResponse:
        return JSONResponse(service.embed(asked))

    @app.post("/fill-in", responses=REFUSALS, summary="Hide shots and reconstruct them")
    def fill_in(asked: FillInRequest) -> JSONResponse:
        return JSONResponse(service.fill_in(asked))

    @app.post("/surprise", responses=REFUSALS, summary="How far each shot is from its prediction")
    def surprise(asked: SurpriseRequest) -> JSONResponse:
        return JSONResponse(service.surprise(asked))

    @app.post("/search", responses=REFUSALS, summary="The nearest shots")
    def search(asked: SearchRequest) -> JSONResponse:
        return JSONResponse(service.search(asked))


def _sentence(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": str(InputError(sentence))}, status_code=status)  # of a length that can be read


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 422
    return _sentence(status, str(error))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {
        400: "the body is no JSON in UTF-8",
        404: f"there is no route {request.url.path}; /docs lists them",
        405: "this route takes another method",
    }
    return _sentence(error.status_code, known.get(error.status_code, str(error.detail)))


async def _invalid(request: Request, error: Exception) -> Response:
    """Pydantic's first complaint as a sentence: where, and what."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "model_attributes_type" and "json" not in request.headers.get("content-type", ""):
        return _sentence(415, "send JSON with the header Content-Type: application/json")
    if first["type"] == "json_invalid":
        return _sentence(400, f"the body is no JSON: {first.get('ctx', {}).get('error', first['msg'])}")
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _sentence(422, f"{where}: {first['msg']}" if where else f"the body: {first['msg']}")


async def _fault(request: Request, error: Exception) -> Response:
    """What nobody foresaw; Starlette raises it again, so that the log has it."""
    return _sentence(500, "the service failed at this request; its log says why")
