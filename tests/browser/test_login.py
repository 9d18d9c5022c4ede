"""A server that asks for a login, against a provider that speaks OpenID Connect: who sees, who may change."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import free_port, served
from tests.browser.identity_provider import identity_provider

pytestmark = pytest.mark.browser
PEOPLE = {
    "ann@studio.example": True,  # an editor
    "bob@studio.example": True,  # may see
    "eve@elsewhere.example": True,  # may not
    "mal@studio.example": False,  # says so, but nobody has verified it
}
COOKIE_SECRET = "a-long-secret-that-signs-the-cookies-of-this-test"


@pytest.fixture(scope="module")
def studio(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a workbench behind a login."""
    folder, port = tmp_path_factory.mktemp("studio"), free_port()
    address = f"http://localhost:{port}"
    with identity_provider(PEOPLE) as provider:
        (folder / "secrets.toml").write_text(
            f"""
            [auth]
            redirect_uri = "{address}/oauth2callback"
            cookie_secret = "{COOKIE_SECRET}"
            client_id = "workbench"
            client_secret = "known-to-nobody"
            server_metadata_url = "{provider}/.well-known/openid-configuration"

            [roles]
            editors = ["ann@studio.example"]
            viewers = ["*@studio.example"]
            """,
            encoding="utf-8",
        )
        words = ["--catalog", str(world / "catalog"), "--runs", str(world / "runs")]
        with served(port, folder / "server.log", words, f"--secrets.files={folder / 'secrets.toml'}"):
            yield address


def log_in(page: Page, address: str, who: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=who).click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=30_000)


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_a_stranger_sees_the_door_and_no_frame(studio: str, page: Page):
    page.goto(f"{studio}/data")
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=30_000)
    assert page.get_by_text("Harbour lights").count() == 0
    assert status(f"{studio}/thumbnails/catalog/short/0.webp") == 403
    gesture = f"{studio}/fill-in/catalog/short/mediafm"
    assert page.request.post(gesture, data={"hidden": [3], "modality": ""}).status == 403


def test_a_viewer_sees_pages_and_frames_and_can_start_nothing(studio: str, page: Page):
    log_in(page, studio, "bob@studio.example")
    expect(page.get_by_role("heading", name="Masking lab")).to_be_visible(timeout=30_000)
    assert page.request.get(f"{studio}/thumbnails/catalog/short/0.webp").status == 200
    gesture = f"{studio}/fill-in/catalog/short/mediafm"
    assert page.request.post(gesture, data={"hidden": [3], "modality": ""}).status == 200
    page.get_by_role("link", name="Data").click()
    page.get_by_text("Bring your own").click()
    expect(page.get_by_text("You see this workbench as a viewer")).to_be_visible(timeout=30_000)
    assert page.get_by_role("button", name="Read the films").count() == 0


def test_an_editor_has_the_forms(studio: str, page: Page):
    log_in(page, studio, "ann@studio.example")
    page.get_by_role("link", name="Data").click()
    page.get_by_text("Bring your own").click()
    expect(page.get_by_role("button", name="Read the films")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("who", ["eve@elsewhere.example", "mal@studio.example"])
def test_who_is_on_no_list_or_not_verified_is_told_whom_to_ask(studio: str, page: Page, who: str):
    log_in(page, studio, who)
    expect(page.get_by_text("not on the list")).to_be_visible(timeout=30_000)
    assert page.request.get(f"{studio}/thumbnails/catalog/short/0.webp").status == 403


def test_a_cookie_that_somebody_made_opens_nothing(studio: str, page: Page):
    forged = '{"is_logged_in": true, "email": "ann@studio.example", "origin": "' + studio + '"}'
    page.context.add_cookies([{"name": "_streamlit_user", "value": forged, "url": studio}])
    page.goto(studio)
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=30_000)
    assert page.request.get(f"{studio}/thumbnails/catalog/short/0.webp").status == 403
