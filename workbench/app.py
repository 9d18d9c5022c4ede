"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs main.py; here stands what a server does
once: it loads torch and the default run before the first click, and it serves thumbnails and films.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from streamlit.starlette import App

from workbench.address import base_address
from workbench.arguments import catalog_named, read_arguments


@asynccontextmanager
async def warmed(app: App) -> AsyncIterator[None]:
    from workbench import cache  # its caches belong to the runtime, which is there by now

    cache.warm(read_arguments())
    yield


def thumbnail(request: Request) -> Response:
    """A shot's picture out of a catalog's media folder, and nothing else of the disk."""
    catalog = catalog_named(read_arguments(), request.path_params["catalog"])
    if catalog is None:
        return Response(status_code=404)
    name = f"{request.path_params['title']}/{request.path_params['shot']}.webp"
    return served(catalog / "media" / "thumbnails", name, "image/webp")


def film(request: Request) -> Response:
    """A title's film, whole or the range of it that a player asks for."""
    catalog = catalog_named(read_arguments(), request.path_params["catalog"])
    if catalog is None:
        return Response(status_code=404)
    return served(catalog / "media", f"{request.path_params['title']}.mp4", "video/mp4")


def served(folder: Path, name: str, media_type: str) -> Response:
    """A file inside the folder, whatever the name tries."""
    folder = folder.resolve()
    file = (folder / name).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        return Response(status_code=404)
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": "max-age=3600"})


app = App(
    Path(__file__).with_name("main.py"),
    lifespan=warmed,
    routes=[
        Route(base_address() + "/thumbnails/{catalog}/{title}/{shot:int}.webp", thumbnail),
        Route(base_address() + "/films/{catalog}/{title}.mp4", film),
    ],
)
