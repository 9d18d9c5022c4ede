"""Under which names the server answers, where nobody has to log in.

A web page somewhere can give its own name the address 127.0.0.1; to the browser what it then loads from there is its own,
and it could read every frame and press every button (DNS rebinding). The name that the browser asked for gives it away.
With a login there is no need: the cookie is bound to the server's own name.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from msm.errors import InputError
from workbench.server import roles

PRIVATE = (".localhost", ".local", ".internal", ".home.arpa", ".lan")  # no such name can be bought
REFUSED = (
    "This server does not know itself under that name. If it is right, start it with "
    "STREAMLIT_BROWSER_SERVER_ADDRESS set to the name, or with a login (docs/deploy.md)."
)


class OnlyKnownNames:
    """Answers 403 to whoever asks a server without a login under a name that is not its own."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _may_answer(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(REFUSED, status_code=403)(scope, receive, send)


def _may_answer(host: str) -> bool:
    try:
        return is_own_name(host) or roles.login_is_asked()
    except InputError:  # the secrets cannot be read: the pages let nobody in, and say so
        return True


def is_own_name(host: str) -> bool:
    """Of a header `Host`: an address, a name that nobody outside can have, or one that this server was given."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return _is_address(name) or "." not in name or name.endswith(PRIVATE) or name in _given()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _given() -> set[str]:
    told = [st.get_option("browser.serverAddress"), st.get_option("server.address")]
    origins = [urlsplit(one).hostname for one in st.get_option("server.corsAllowedOrigins") or []]
    return {str(name).casefold() for name in (*told, *origins, _machine()) if name}


@lru_cache(maxsize=1)
def _machine() -> str:
    return socket.gethostname()


MIDDLEWARE = [Middleware(OnlyKnownNames)]
