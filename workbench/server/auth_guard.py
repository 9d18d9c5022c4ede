"""The doors of the server beside Streamlit's own: who may fetch a picture, and how long an answer may be kept.

Streamlit guards its pages by a signed cookie; what we serve beside them (thumbnails, films) is behind the same one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from msm.errors import InputError
from workbench.server import roles
from workbench.server.streamlit_internals import user_of_cookies

Endpoint = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]
PRIVATE = "private, max-age=3600"  # a proxy between us and the viewer keeps nothing


def for_people(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The same answers, but 403 to whoever may not see the pages."""

    async def guarded(request: Request) -> Response:
        if not await run_in_threadpool(_may_see, request):
            return Response(status_code=403)
        answer: Any = endpoint(request) if iscoroutinefunction(endpoint) else run_in_threadpool(endpoint, request)
        response: Response = await answer
        if "cache-control" in response.headers:
            response.headers["cache-control"] = PRIVATE
        return response

    return guarded


def _may_see(request: Request) -> bool:
    try:
        if not roles.login_is_asked():
            return True
        return roles.role_of(user_of_cookies(request.cookies), roles.section("roles")) != roles.STRANGER
    except InputError:
        return False
