"""Protection against DNS rebinding: without a login, requests under a host name that is not trusted are refused.

A foreign web page can point its own name at 127.0.0.1. The browser then treats this server as part of that page, which could read
every frame and press every button. The `Host` header contains the foreign name. With a login the check is not needed, because
the cookie is bound to the server's own name.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from msm.errors import InputError
from msm.serving import hosts
from workbench.server import roles

REFUSED = (
    "This server is not known under that name. If the name is right, start the server with "
    "STREAMLIT_BROWSER_SERVER_ADDRESS set to the name, or with a login (docs/deploy.md)."
)


class TrustedHosts:
    """ASGI middleware that refuses requests under an untrusted host name with 403, unless a login is required."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_trusted(Headers(scope=scope).get("host", "")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(REFUSED, status_code=403)(scope, receive, send)


def _is_trusted(host: str) -> bool:
    try:
        return is_own_name(host) or roles.login_required()
    except InputError:  # unreadable secrets: the pages let nobody in and explain it
        return True


def is_own_name(host: str) -> bool:
    """Whether a `Host` header has an IP address, a name that cannot be registered publicly, or a configured name."""
    return hosts.is_own_name(host, _configured_names())


def _configured_names() -> set[str]:
    options = [st.get_option("browser.serverAddress"), st.get_option("server.address")]
    origins = [urlsplit(one).hostname for one in st.get_option("server.corsAllowedOrigins") or []]
    return {str(name).casefold() for name in (*options, *origins, _machine()) if name}


@lru_cache(maxsize=1)
def _machine() -> str:
    return socket.gethostname()


MIDDLEWARE = [Middleware(TrustedHosts)]
