"""What the server gives beside the pages: pictures of shots, films, scripts of components and figures, answers to gestures.

Nothing else of the disk.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from msm.data.media import MEDIA, THUMBNAILS
from workbench.components import front_end
from workbench.server import fill_endpoint
from workbench.server.auth_guard import for_people
from workbench.session.arguments import catalog_named, read_arguments
from workbench.session.base_path import base_address

PLOTLY = Path(find_spec("plotly").submodule_search_locations[0]) / "package_data" / "plotly.min.js"  # type: ignore[union-attr,index]
MOST_TOGETHER = 64  # pictures in one answer


def thumbnail(request: Request) -> Response:
    """A shot's picture."""
    name = f"{request.path_params['title']}/{request.path_params['shot']}.webp"
    return _answer(_inside(request.path_params["catalog"], THUMBNAILS, name), "image/webp")


def thumbnails_together(request: Request) -> Response:
    """Many pictures in one answer, `?frame=TITLE/SHOT&…`: each after its length in four bytes, 0 where there is none."""
    parts = []
    for frame in request.query_params.getlist("frame")[:MOST_TOGETHER]:
        file = _inside(request.path_params["catalog"], THUMBNAILS, f"{frame}.webp")
        picture = file.read_bytes() if file else b""
        parts += [len(picture).to_bytes(4, "little"), picture]
    return Response(b"".join(parts), media_type="application/octet-stream")


def film(request: Request) -> Response:
    """A title's film, whole or the range of it that a player asks for."""
    return _answer(_inside(request.path_params["catalog"], MEDIA, f"{request.path_params['title']}.mp4"), "video/mp4")


def plotly(request: Request) -> Response:
    """The drawing library of figures that grow, as the plotly package brings it."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})


def component(request: Request) -> Response:
    """The module of one of our components, for good: its address says which version it is."""
    files = front_end.IN_STREAMLIT.get(request.path_params["folder"])
    if files is None:
        return Response(status_code=404)
    script = front_end.joined(request.path_params["folder"], *files)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "max-age=31536000, immutable"})


def _inside(catalog_name: str, folder: Path, name: str) -> Path | None:
    """A file in a folder of a catalog; None where it is not there, or leads out of the folder whatever the name tries."""
    catalog = catalog_named(read_arguments(), catalog_name)
    if catalog is None or "\0" in name:
        return None
    place = (catalog / folder).resolve()
    file = (place / name).resolve()
    return file if file.is_relative_to(place) and file.is_file() else None


def _answer(file: Path | None, media_type: str) -> Response:
    if file is None:
        return Response(status_code=404)
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": "max-age=3600"})


BASE = base_address()
ROUTES = [
    Route(BASE + "/thumbnails/{catalog}/{title}/{shot:int}.webp", for_people(thumbnail)),
    Route(BASE + "/thumbnails/{catalog}.together", for_people(thumbnails_together)),
    Route(BASE + "/films/{catalog}/{title}.mp4", for_people(film)),
    Route(BASE + "/plotly.min.js", plotly),
    Route(BASE + "/components/{folder}.js", component),
    fill_endpoint.ROUTE,
]
