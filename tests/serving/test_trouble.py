"""What strangers, scrapers and bad networks do to `msm serve`: every refusal is one sentence, and the next request is answered."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from prometheus_client.parser import text_string_to_metric_families

from msm.errors import InputError
from msm.serving.app import make_app
from msm.serving.limits import Limits
from msm.serving.server import take_port
from msm.serving.service import Service
from tests.serving.conftest import TOKEN, Served

DIM = 64
SHOT = [0.5] * DIM
ROUTES = ("/embed", "/fill-in", "/surprise", "/search")
NO_JSON = {
    "nothing": b"",
    "half": b"{",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"test"',
    "deep": b"[" * 90_000,
    "deep objects": b'{"title":' * 9_000,
    "Latin-1": b'{"title": "\xff"}',
    "a number of 5000 digits": b'{"title": ' + b"9" * 5000 + b"}",
    "two values": b"{} {}",
}
WRONG = [
    *(("/embed", {"shots": [[bad, *SHOT[1:]]]}, "float32") for bad in (1e39, -1e300)),
    *(("/embed", {"shots": [[bad, *SHOT[1:]]]}, "shots.0.0") for bad in (float("nan"), float("inf"), "1", True, None)),
    ("/embed", {"shots": []}, "shots"),
    ("/embed", {"shots": [[]]}, "shots.0"),
    ("/embed", {"shots": SHOT}, "shots.0"),
    ("/embed", {"shots": [SHOT, SHOT[1:]]}, "shot 1 has 63 numbers"),
    ("/embed", {"title": "test", "shots": [SHOT]}, "either title"),
    ("/embed", {"title": 5}, "title"),
    ("/embed", {"title": "test", "metadata": [1.0]}, "metadata"),
    *(("/fill-in", {"title": "test", "hidden": [bad]}, "no shot") for bad in (-1, 20, 10**30, -(10**30))),
    *(("/fill-in", {"title": "test", "hidden": [bad]}, "hidden.0") for bad in (1.5, "1", True, None, [1])),
    ("/fill-in", {"title": "test", "hidden": None}, "hidden"),
    ("/fill-in", {"title": "test", "hidden": [1], "modality": ["audio"]}, "modality"),
    ("/fill-in", {"title": "test", "hidden": [1], "candidates": 51}, "candidates"),
    ("/fill-in", {"shots": [SHOT], "hidden": [1]}, "no shot 1"),
    ("/surprise", {}, "title"),
    ("/search", {"vector": [1e39] * DIM}, "float32"),
    ("/search", {"vector": [1.0]}, "1 numbers"),
    *(("/search", {"like": [bad]}, "shot") for bad in ("test", "test:-1", "test:x", "test:" + "9" * 30)),
    ("/search", {"like": ["nothing:1"]}, "no title"),
    ("/search", {"like": ["test:1"], "text": "a"}, "exactly one"),
    ("/search", {"like": ["test:1"], "only": "smell"}, "no modality"),
    ("/search", {"like": ["test:1"], "only": "audio", "contextual": True}, "contextual"),
    ("/search", {"like": ["test:1"], "splits": ["dev"]}, "split"),
    ("/search", {"like": ["test:1"], "count": 0}, "count"),
    *(("/search", {"words": "a", name: value}, f"{name} goes with") for name, value in
      (("unlike", ["test:1"]), ("contextual", True), ("only", "audio"))),
    ("/search", {"fill": "test:1", "only": "audio"}, "only goes with"),
    ("/search", {"words": " "}, "nothing is asked for"),
]  # fmt: skip
NOWHERE = [("GET", path, 404) for path in ("/../secret", "/%00", "/" + "a" * 5000)]
JSON = {"content-type": "application/json"}


def sentence(answer: httpx.Response) -> str:
    said = answer.json()
    assert list(said) == ["detail"] and len(said["detail"].splitlines()) == 1 and len(said["detail"]) < 600
    return said["detail"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("content", NO_JSON.values(), ids=NO_JSON)
def test_a_body_that_is_no_json_object_is_one_sentence(served, route, content):
    answer = served.client.post(route, content=content, headers=JSON)

    assert answer.status_code in (400, 422) and sentence(answer)


@pytest.mark.parametrize(("route", "body", "words"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_value_is_one_sentence_that_names_it(served, route, body, words):
    answer = served.client.post(route, content=json.dumps(body), headers=JSON)

    assert answer.status_code == 422 and words in sentence(answer)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_content_type_says_which_it_must_have(served, kind):
    headers = {"content-type": kind} if kind else {}
    answer = served.client.post("/embed", content=b'{"title": "test"}', headers=headers)

    assert answer.status_code == 415 and "Content-Type: application/json" in sentence(answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/embed", 405), ("PUT", "/search", 405), ("POST", "/health", 405), ("POST", "/embed/", 404), *NOWHERE],
)
def test_another_method_or_path_is_one_sentence(served, method, path, status):
    answer = served.client.request(method, path)

    assert answer.status_code == status and sentence(answer)


def test_a_long_or_strange_title_that_is_not_there_is_a_short_sentence(served):
    for title in ("x" * 50_000, "a\x00b", "\ud800", "../../secret", "шот 🎬", "line\nline"):
        answer = served.client.post("/embed", content=json.dumps({"title": title}), headers=JSON)
        assert answer.status_code == 404 and "no title" in sentence(answer)


def test_health_answers_what_balancers_ask_with(served):
    answer = served.client.head("/health")

    assert answer.status_code == 200 and answer.content == b""


def test_openapi_is_a_valid_description_in_which_every_refusal_is_a_sentence(served):
    jsonschema = pytest.importorskip("jsonschema")
    said = served.client.get("/openapi.json").json()
    OpenAPI.model_validate(said)
    for schema in said["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(said)))

    assert named == set(said["components"]["schemas"])
    for route in ROUTES:
        refusals = said["paths"][route]["post"]["responses"]
        assert {*map(str, (400, 401, 403, 404, 408, 413, 415, 422, 429, 500))} <= set(refusals)
        schemas = [r["content"]["application/json"]["schema"]["$ref"] for s, r in refusals.items() if s != "200"]
        assert {ref.rsplit("/", 1)[1] for ref in schemas} == {"Problem"}


def samples(served: Served) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(served.client.get("/metrics").text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_metrics_are_what_prometheus_reads_and_count_every_kind_of_end(served):
    before = samples(served)
    served.post("/embed", title="test")
    served.post("/embed", title="nothing")
    served.client.post("/embed", content=b"{", headers=JSON)
    after = samples(served)

    def more(*key: str) -> float:
        return after[key] - before.get(key, 0.0)

    assert [more("msm_requests_total", "/embed", status) for status in ("200", "404", "400")] == [1, 1, 1]
    assert more("msm_request_seconds_count", "/embed") == 3
    assert more("msm_shots_total", "embed") == 20
    assert after[("msm_active_requests",)] == 0


ASKED = [
    ("/embed", {"title": "test"}),
    ("/embed", {"shots": [[(i + j) / DIM for i in range(DIM)] for j in range(5)]}),
    ("/fill-in", {"title": "test", "hidden": [3, 4], "vectors": True}),
    ("/fill-in", {"title": "train", "hidden": [7], "modality": "audio", "candidates": 2}),
    ("/surprise", {"title": "test"}),
    ("/search", {"like": ["test:5"], "contextual": True}),
    ("/search", {"fill": "train:5"}),
]


def numbers(value: object) -> list[float]:
    """All numbers of an answer, in order, but the times that an index took."""
    if isinstance(value, dict):
        return [n for key, one in value.items() if key not in ("index", "took_ms") for n in numbers(one)]
    if isinstance(value, list):
        return [n for one in value for n in numbers(one)]
    return [float(value)] if isinstance(value, int | float) else []


def test_twenty_clients_at_one_time_get_the_numbers_of_one(served):
    alone = [numbers(served.post(route, **body).json()) for route, body in ASKED]

    def client(number: int) -> list[list[float]]:
        with httpx.Client(base_url=served.client.base_url, headers=served.client.headers, timeout=120) as own:
            turn = [(number + i) % len(ASKED) for i in range(len(ASKED))]
            found = {i: numbers(own.post(ASKED[i][0], json=ASKED[i][1]).json()) for i in turn}
            return [found[i] for i in range(len(ASKED))]

    with ThreadPoolExecutor(20) as pool:
        for answers in pool.map(client, range(20)):
            for one, expected in zip(answers, alone, strict=True):
                assert one == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["after the header", "in the body", "before the answer"])
def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(served, share):
    host, port = served.client.base_url.host, served.client.base_url.port
    body = json.dumps({"title": "test", "hidden": [1, 2, 3], "vectors": True}).encode()
    head = f"POST /fill-in HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(12):
        with socket.create_connection((host, port)) as one:
            one.sendall(head.encode() + body[: int(share * len(body))])
    for _ in range(200):
        if samples(served)[("msm_active_requests",)] == 0:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a request of a client that is gone still counts")
    assert served.post("/fill-in", title="test", hidden=[1]).status_code == 200


def test_a_body_that_does_not_arrive_is_refused_in_time_and_another_failure_is_a_sentence(served, monkeypatch):
    service = Service(served.run, served.catalog, Limits(body_s=0.2))
    monkeypatch.setattr(service, "surprise", lambda asked: 1 / 0)

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"title"'
        await anyio.sleep(5)
        yield b': "test"}'

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(make_app(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            slow = await client.post("/embed", content=slowly(), headers=JSON)
            return slow, await client.post("/surprise", json={"title": "test"})

    slow, failed = anyio.run(ask)
    service.close()

    assert slow.status_code == 408 and "in time" in sentence(slow)
    assert failed.status_code == 500 and "log" in sentence(failed)


@pytest.mark.parametrize("address", ["203.0.113.1", "no.such.name.invalid", "a..b", "127.0.0.1"])
def test_a_port_that_cannot_be_had_is_one_sentence(address):
    with take_port("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"{re.escape(address)}, port {port}, cannot be served: "):
            take_port(address, port)


def test_a_port_in_use_is_one_line_of_the_command(served):
    port = str(served.client.base_url.port)
    command = [sys.executable, "-m", "msm", "serve", str(served.run.path), str(served.catalog.path), "--port", port]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert told.returncode == 2 and told.stdout == ""
    assert len(told.stderr.splitlines()) == 1 and "ddress already in use" in told.stderr


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with a body that does not arrive"])
def test_ctrl_c_ends_the_service_with_one_line(served, busy):
    command = [sys.executable, "-m", "msm", "serve", str(served.run.path), str(served.catalog.path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        port = int(re.findall(r"running on http://127.0.0.1:(\d+) ", first)[0])
        with socket.create_connection(("127.0.0.1", port)) as one:
            if busy:
                one.sendall(b"POST /embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
                while httpx.get(f"http://127.0.0.1:{port}/metrics").text.find("msm_active_requests 1.0") < 0:
                    time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
        assert process.wait(30) == 0

    assert rest == "msm: run with catalog: no longer served\n"
