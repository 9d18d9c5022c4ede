"""A page elsewhere that calls itself by our address sees nothing; people who log in, and known names, do."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from msm.errors import InputError
from workbench.server import roles, trusted_hosts

OURS = [
    "localhost",
    "localhost:8501",
    "127.0.0.1:8501",
    "[::1]:8501",
    "192.168.1.7",
    "filmserver",
    "films.local:80",
    "",
]
FOREIGN = [
    "evil.example",
    "evil.example:8501",
    "127.0.0.1.evil.example",
    "localhost.evil.example.",
    "1.2.3.4.5",
    "[::1",
    "a.b:x",
]


@pytest.fixture
def client(monkeypatch) -> TestClient:
    monkeypatch.setattr(roles, "login_required", lambda: False)

    async def frames(socket) -> None:
        await socket.accept()
        await socket.close()

    routes = [Route("/", lambda request: PlainTextResponse("a frame")), WebSocketRoute("/stream", frames)]
    return TestClient(Starlette(routes=routes, middleware=trusted_hosts.MIDDLEWARE))


@pytest.mark.parametrize("host", OURS)
def test_addresses_and_names_that_nobody_can_buy_are_answered(client, host):
    assert client.get("/", headers={"host": host}).text == "a frame"


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_gets_neither_a_page_nor_a_stream(client, host):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 403 and "STREAMLIT_BROWSER_SERVER_ADDRESS" in answer.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/stream", headers={"host": host}):
        pass


def test_a_name_that_the_server_was_given_is_its_own(client, monkeypatch):
    monkeypatch.setattr(trusted_hosts.st, "get_option", {"browser.serverAddress": "films.studio.example"}.get)
    assert client.get("/", headers={"host": "Films.studio.example:8501"}).status_code == 200


@pytest.mark.parametrize("asked", [True, InputError("unreadable")])
def test_where_people_log_in_the_cookie_guards(client, monkeypatch, asked):
    def login_required() -> bool:
        if isinstance(asked, InputError):
            raise asked
        return asked

    monkeypatch.setattr(roles, "login_required", login_required)
    assert client.get("/", headers={"host": "films.studio.example"}).status_code == 200


def test_the_server_itself_stands_behind_it():
    from workbench.app import app

    assert trusted_hosts.TrustedHosts in [one.cls for one in app._user_middleware]
