"""Authentication and cache headers of the routes beside the pages.

These routes (thumbnails, films, fill-ins) check the same signed login cookie as Streamlit's pages.
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
PRIVATE = "private, max-age=3600"  # shared caches, such as a proxy, may not store the response


def require_access(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint with status 403 for requests whose user may not see the pages, and with PRIVATE as its cache header."""

    async def guarded(request: Request) -> Response:
        if not await run_in_threadpool(_has_access, request):
            return Response(status_code=403)
        result: Any = endpoint(request) if iscoroutinefunction(endpoint) else run_in_threadpool(endpoint, request)
        response: Response = await result
        if "cache-control" in response.headers:
            response.headers["cache-control"] = PRIVATE
        return response

    return guarded


def _has_access(request: Request) -> bool:
    try:
        if not roles.login_required():
            return True
        return roles.role_of(user_of_cookies(request.cookies), roles.section("roles")) != roles.STRANGER
    except InputError:
        return False
