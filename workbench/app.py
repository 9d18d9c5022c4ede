"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs main.py; here stands what a server does
once: it loads torch and the default run before the first click, and it serves thumbnails, films and Plotly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from streamlit.starlette import App

from workbench import trouble
from workbench.address import base_address
from workbench.arguments import catalog_named, read_arguments
from workbench.doors import for_people

PLOTLY = Path(find_spec("plotly").submodule_search_locations[0]) / "package_data" / "plotly.min.js"  # type: ignore[union-attr,index]


@asynccontextmanager
async def warmed(app: App) -> AsyncIterator[None]:
    from workbench import cache  # its caches belong to the runtime, which is there by now

    trouble.keep_a_log(read_arguments().runs)
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


def plotly(request: Request) -> Response:
    """The drawing library of figures that grow, as the plotly package brings it."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})


BASE = base_address()
ROUTES = [
    Route(BASE + "/thumbnails/{catalog}/{title}/{shot:int}.webp", for_people(thumbnail)),
    Route(BASE + "/films/{catalog}/{title}.mp4", for_people(film)),
    Route(BASE + "/plotly.min.js", plotly),
]

app = App(Path(__file__).with_name("main.py"), lifespan=warmed, routes=ROUTES, on_script_error=trouble.say)
