"""Middleware before every route: host name, token, number of requests at one time, size of the body; and the figures."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from msm.serving import hosts
from msm.serving.limits import Refused, read_body
from msm.serving.service import Service

OPEN = ("/health",)  # answered without a token, and beside the requests that wait
WATCHING = (*OPEN, "/metrics")
ROUTES = ("/embed", "/fill-in", "/surprise", "/search", *WATCHING)


class Guard:
    """Refuses requests before they reach a route, and notes how every request ended.

    A body is read whole before its route is called, so that a slow sender holds no thread.
    """

    def __init__(self, app: ASGIApp, *, service: Service, token: str | None, names: tuple[str, ...]):
        self.app, self.service, self.token, self.names = app, service, token, names
        self.active = 0  # changed in the event loop alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, noting)
        finally:
            self._note(scope["path"], status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._admit(scope)
            self.active += scope["path"] not in WATCHING
            self.service.figures.active.set(self.active)
            try:
                body = await self._body(scope, receive)
                await self.app(scope, _replayed(body, receive), send)
            finally:
                self.active -= scope["path"] not in WATCHING
                self.service.figures.active.set(self.active)
        except Refused as refused:
            headers = {"Retry-After": "1"} if refused.status == 429 else {}
            response = JSONResponse({"detail": refused.sentence}, status_code=refused.status, headers=headers)
            await response(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not hosts.is_own_name(headers.get("host", ""), self.names):
            raise Refused(403, "this service is not known under that name; start it with --name if the name is right")
        if scope["path"] not in OPEN and self.token is not None:
            given = headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
                raise Refused(401, "this service needs the header Authorization: Bearer TOKEN")
        most = self.service.limits.waiting
        if scope["path"] not in WATCHING and self.active >= most:
            raise Refused(429, f"{most} requests are being answered, no more may wait; try again in a moment")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        most = self.service.limits.body_bytes
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            raise Refused(413, f"the body has {length} bytes, but may have {most}; send fewer shots at a time")
        pieces: AsyncIterator[bytes] = Request(scope, receive).stream()
        try:
            with anyio.fail_after(self.service.limits.body_s):
                return await read_body(pieces, most)
        except TimeoutError:
            raise Refused(408, "the body did not arrive in time") from None

    def _note(self, path: str, status: int, seconds: float) -> None:
        route = path if path in ROUTES else "other"  # any path may be asked for, and each would be a figure for ever
        figures = self.service.figures
        figures.requests.labels(route=route, status=str(status)).inc()
        figures.seconds.labels(route=route).observe(seconds)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns a body that was read already, then whatever comes later."""
    first: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
