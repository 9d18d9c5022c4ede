"""The doors of the real server: by what name it answers, and what a path may reach."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import quote, urlsplit

import pytest

from msm import Catalog, Run
from workbench.views.fill_in.filmstrip import strip_answer

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


FILL_IN = "/fill-in/catalog/short/mediafm"


def post(address: str, path: str, body: bytes, host: str = "localhost:8501") -> tuple[int, bytes]:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    connection.request("POST", path, body, headers={"Host": host, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("hidden, modality, parts", [([3, 4, 9], "", {}), ([3, 9], {"audio": [9]}, {"audio": [9]})])
def test_a_gesture_is_answered_with_what_the_run_makes_of_it(address, world, hidden, modality, parts):
    status, said = post(address, FILL_IN, json.dumps({"hidden": hidden, "modality": modality}).encode())
    fill = Run.open(world / "runs" / "mediafm").fill_in(
        Catalog.open(world / "catalog")["short"], hidden, modalities=parts
    )

    expected = strip_answer(fill.table, fill.best_baseline_name)
    assert status == 200 and expected is not None
    told = json.loads(said)
    assert told["shots"] == hidden and [m["key"] for m in told["measures"]] == [m["key"] for m in expected["measures"]]
    for got, own in zip(told["measures"], expected["measures"], strict=True):
        assert got["model"] == pytest.approx(own["model"], abs=0.0011)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"hidden": 3}',
        b'{"hidden": ["<b>"]}',
        b'{"hidden": [60]}',
        b'{"hidden": [-1]}',
        b'{"hidden": [Infinity]}',
        b'{"hidden": []}',
        b'{"hidden": [3], "modality": "smell"}',
        b'{"hidden": [3], "modality": {"audio": "<b>"}}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_what_is_no_gesture_is_refused_without_a_word(address, body):
    assert post(address, FILL_IN, body) == (422, b"")


def test_a_gesture_on_shots_that_no_title_has_is_refused_at_once_however_many_they_are(address):
    """With every shot looked up in a list, this took minutes."""
    many = list(range(60_000))
    started = time.perf_counter()
    assert post(address, FILL_IN, json.dumps({"hidden": many, "modality": {"audio": many[::2]}}).encode()) == (422, b"")
    assert time.perf_counter() - started < 10


def test_a_gesture_reaches_no_other_run_and_no_other_folder_and_nobody_elsewhere_may_send_one(address):
    gesture = b'{"hidden": [3], "modality": ""}'
    for path in (
        "catalog/short/..",
        "..%2F..%2Fcatalog/short/mediafm",
        "catalog/nobody/mediafm",
        "catalog/short/nobody",
    ):
        assert post(address, f"/fill-in/{path}", gesture)[0] in (400, 404), path
    assert post(address, FILL_IN, gesture, host="evil.example:8501")[0] == 403
    assert post(address, FILL_IN, b'{"hidden": [' + b"3," * 600_000 + b"3]}")[0] == 413
    assert ask(address, FILL_IN)[0] in (200, 405) and b"measures" not in ask(address, FILL_IN)[1]


@pytest.mark.parametrize("path", ["/components/filmstrip.js", "/components/nothing.js", "/components/..%2Fmain.js"])
def test_of_components_only_their_own_modules_are_served(address, path):
    status, said = ask(address, path)
    assert (status == 200 and b"export default" in said) if "filmstrip" in path else b"export" not in said


def test_an_answer_on_a_kept_connection_is_not_held_back(address):
    """Nagle's algorithm and a delayed acknowledgement cost 40 ms each; a plain answer takes one or two."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    took = []
    for _ in range(12):
        started = time.perf_counter()
        connection.request("GET", "/components/choices.js")
        connection.getresponse().read()
        took.append(time.perf_counter() - started)
    assert sorted(took)[3] < 0.03
