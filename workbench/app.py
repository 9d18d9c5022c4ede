"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs main.py; here stands what a server does
once: it loads torch and the default run before the first click, and it serves the thumbnails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from streamlit.starlette import App

from workbench.arguments import catalog_named, read_arguments

MOST_TOGETHER = 64  # pictures in one answer


@asynccontextmanager
async def warmed(app: App) -> AsyncIterator[None]:
    from workbench import cache  # its caches belong to the runtime, which is there by now

    cache.warm(read_arguments())
    yield


def thumbnail(request: Request) -> Response:
    """A shot's picture out of a catalog's media folder, and nothing else of the disk."""
    file = _picture(request.path_params["catalog"], f"{request.path_params['title']}/{request.path_params['shot']}")
    if file is None:
        return Response(status_code=404)
    return FileResponse(file, media_type="image/webp", headers={"Cache-Control": "max-age=3600"})


def thumbnails_together(request: Request) -> Response:
    """Many pictures in one answer, `?frame=TITLE/SHOT&…`: each after its length in four bytes, 0 where there is none."""
    parts = []
    for frame in request.query_params.getlist("frame")[:MOST_TOGETHER]:
        file = _picture(request.path_params["catalog"], frame)
        picture = file.read_bytes() if file else b""
        parts += [len(picture).to_bytes(4, "little"), picture]
    return Response(b"".join(parts), media_type="application/octet-stream")


def _picture(catalog_name: str, frame: str) -> Path | None:
    """The file of TITLE/SHOT; None where it is not there, or leads out of the folder."""
    catalog = catalog_named(read_arguments(), catalog_name)
    if catalog is None or "\0" in frame:
        return None
    folder = (catalog / "media" / "thumbnails").resolve()
    file = (folder / f"{frame}.webp").resolve()
    return file if file.is_relative_to(folder) and file.is_file() else None


app = App(
    Path(__file__).with_name("main.py"),
    lifespan=warmed,
    routes=[
        Route("/thumbnails/{catalog}/{title}/{shot:int}.webp", thumbnail),
        Route("/thumbnails/{catalog}.together", thumbnails_together),
    ],
)
