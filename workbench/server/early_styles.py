"""Style rules in the first document, so that a page that opens for the first time does not jump.

A style that a page sends with `st.html` is applied when the browser has loaded Streamlit's part for it, which is after the first
elements were drawn. Rules about their sizes therefore stand in index.html, into which this middleware writes them.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.server.streamlit_internals import early_css

_END_OF_HEAD = b"</head>"


class EarlyStyles:
    """ASGI middleware that adds the rules to every HTML document of Streamlit."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _asks_for_page(scope):
            await self.app(scope, receive, send)
            return
        # Without compression, an encoded body or "not modified": the document has five kilobytes.
        left_out = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        plain = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in left_out]}
        start: Message | None = None
        body = b""

        async def gather(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body") or start is None:
                return
            headers = MutableHeaders(raw=list(start["headers"]))
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                style = f"<style>{early_css(scope['path'])}</style>".encode()
                body = body.replace(_END_OF_HEAD, style + _END_OF_HEAD, 1)
                for name in ("etag", "last-modified", "accept-ranges"):
                    del headers[name]
                headers["content-length"] = str(len(body))
            await send({**start, "headers": headers.raw})
            await send({"type": "http.response.body", "body": body})

        await self.app(plain, receive, gather)


def _asks_for_page(scope: Scope) -> bool:
    """Whether a browser asks for a page: the request accepts HTML, and its path has no suffix."""
    if scope["method"] != "GET" or "." in scope["path"].rpartition("/")[2]:
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


MIDDLEWARE = [Middleware(EarlyStyles)]
