"""The process that serves: a port that is taken before anything is loaded, one line when it answers and one when it ends."""

from __future__ import annotations

import logging
import socket
import sys
from typing import Any

import uvicorn

from msm.errors import InputError

GRACE_S = 5  # for requests that are being answered when the service is stopped


def take_port(address: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes a free one. InputError where the port is taken, or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except (OSError, UnicodeError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or "it is no address"
        raise InputError(
            f"{address}, port {port}, cannot be served: {reason}; name another --port or --address"
        ) from None
    return bound


def serve(app: Any, bound: socket.socket, what: str) -> None:
    """Answer until Ctrl-C or SIGTERM. Standard error has a line when the service answers, one for each request, and one when it ends."""
    config = uvicorn.Config(app, log_level="info", timeout_graceful_shutdown=GRACE_S)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server(config, what)
    try:
        server.run(sockets=[bound])
    except KeyboardInterrupt:  # raised again by uvicorn when everything is closed
        pass
    finally:
        bound.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, what: str):
        super().__init__(config)
        self.what = what

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            _say(f"serving {self.what}, running on {address} (/docs describes the routes; Ctrl-C ends it)")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # which has a traceback of what it cuts off
        await super().shutdown(sockets)
        _say(f"{self.what}: no longer served")


def _say(line: str) -> None:
    print(f"msm: {line}", file=sys.stderr, flush=True)
