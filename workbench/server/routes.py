"""Routes beside Streamlit's pages: thumbnails, films, scripts of components and Plotly, and fill-ins.

Of a catalog, only files in its media folders are served.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from msm.data.media import MEDIA, THUMBNAILS
from workbench.components import front_end
from workbench.server import documents, fill_endpoint
from workbench.server.auth_guard import require_access
from workbench.session.arguments import catalog_named, read_arguments
from workbench.session.base_path import base_address

PLOTLY = Path(find_spec("plotly").submodule_search_locations[0]) / "package_data" / "plotly.min.js"  # type: ignore[union-attr,index]
MOST_TOGETHER = 64  # pictures in one response


def thumbnail(request: Request) -> Response:
    """The thumbnail of a shot."""
    name = f"{request.path_params['title']}/{request.path_params['shot']}.webp"
    return _file_response(_file_in(request.path_params["catalog"], THUMBNAILS, name), "image/webp")


def thumbnails_together(request: Request) -> Response:
    """Several thumbnails in one response, `?frame=TITLE/SHOT&…`: each follows its length as four little-endian bytes, 0 for none."""
    parts = []
    for frame in request.query_params.getlist("frame")[:MOST_TOGETHER]:
        file = _file_in(request.path_params["catalog"], THUMBNAILS, f"{frame}.webp")
        picture = file.read_bytes() if file else b""
        parts += [len(picture).to_bytes(4, "little"), picture]
    return Response(b"".join(parts), media_type="application/octet-stream")


def film(request: Request) -> Response:
    """The film of a title, whole or the requested range."""
    return _file_response(
        _file_in(request.path_params["catalog"], MEDIA, f"{request.path_params['title']}.mp4"), "video/mp4"
    )


def plotly(request: Request) -> Response:
    """Plotly's JavaScript library from the plotly package, for the component `growing_figure`."""
    return FileResponse(PLOTLY, media_type="text/javascript", headers={"Cache-Control": "max-age=86400"})


def component(request: Request) -> Response:
    """The ES module of a component; its address contains a hash of its content, so that browsers keep it for good."""
    files = front_end.IN_STREAMLIT.get(request.path_params["folder"])
    if files is None:
        return Response(status_code=404)
    script = front_end.joined(request.path_params["folder"], *files)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "max-age=31536000, immutable"})


def _file_in(catalog_name: str, folder: Path, name: str) -> Path | None:
    """A file in a folder of a catalog; None where it does not exist or its path, links resolved, is outside of the folder."""
    catalog = catalog_named(read_arguments(), catalog_name)
    if catalog is None or "\0" in name:
        return None
    place = (catalog / folder).resolve()
    file = (place / name).resolve()
    return file if file.is_relative_to(place) and file.is_file() else None


def _file_response(file: Path | None, media_type: str) -> Response:
    if file is None:
        return Response(status_code=404)
    return FileResponse(file, media_type=media_type, headers={"Cache-Control": "max-age=3600"})


BASE = base_address()
ROUTES = [
    Route(BASE + "/thumbnails/{catalog}/{title}/{shot:int}.webp", require_access(thumbnail)),
    Route(BASE + "/thumbnails/{catalog}.together", require_access(thumbnails_together)),
    Route(BASE + "/films/{catalog}/{title}.mp4", require_access(film)),
    Route(BASE + "/plotly.min.js", plotly),
    Route(BASE + "/components/{folder}.js", component),
    documents.ROUTE,
    fill_endpoint.ROUTE,
]
