"""The doors of the real server: by what name it answers, and what a path may reach."""

from __future__ import annotations

import http.client
from urllib.parse import quote, urlsplit

import pytest

pytestmark = pytest.mark.browser
SHOT = "/thumbnails/catalog/short/3.webp"


def ask(address: str, path: str, host: str = "localhost:8501") -> tuple[int, bytes]:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/host-config", SHOT, "/films/catalog/filmed.mp4"])
def test_a_page_elsewhere_that_took_our_address_is_given_nothing(address, path):
    assert ask(address, path)[0] == 200
    status, said = ask(address, path, host="evil.example:8501")
    assert status == 403 and b"STREAMLIT_BROWSER_SERVER_ADDRESS" in said


@pytest.mark.parametrize(
    "name", ["../../catalog.json", "..%2f..%2fcatalog.json", "short/../../../catalog.json", "short/3.webp\0"]
)
def test_no_path_leads_out_of_the_thumbnails(address, name):
    """Alone (a refusal, or the page itself), and among many: an empty answer in its place."""
    status, said = ask(address, f"/thumbnails/catalog/{quote(name)}")
    assert (status in (400, 404) or b"<!doctype html>" in said.lower()) and b"msm-catalog" not in said
    status, said = ask(address, f"/thumbnails/catalog.together?frame={quote(name, safe='')}")
    assert (status, said) == (200, bytes(4))


def test_a_link_inside_the_thumbnails_that_leads_out_is_not_followed(address, world):
    folder = world / "catalog" / "media" / "thumbnails" / "short"
    (world / "secret.webp").write_bytes(b"a secret")
    link = folder / "4000.webp"
    link.symlink_to(world / "secret.webp")
    try:
        assert ask(address, "/thumbnails/catalog/short/4000.webp")[0] == 404
        assert ask(address, "/thumbnails/catalog.together?frame=short/4000")[1] == bytes(4)
    finally:
        link.unlink()


def test_one_answer_holds_a_bounded_number_of_pictures(address):
    frames = "&".join(["frame=short/3"] * 1000)
    one = len(ask(address, "/thumbnails/catalog.together?frame=short/3")[1])
    assert one > 100
    assert len(ask(address, f"/thumbnails/catalog.together?{frames}")[1]) == 64 * one
