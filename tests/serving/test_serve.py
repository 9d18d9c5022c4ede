"""`msm serve` as a process of its own, asked over HTTP: its answers are those of the library, and its limits hold."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from msm.interpret.surprise import surprise
from msm.search.index_store import find_index
from msm.search.query import nearest, row_of
from msm.search.spaces import RawSpace
from tests.serving.conftest import TOKEN, WAITING, Served


def test_a_fill_in_over_http_has_the_scores_of_the_library(served):
    answer = served.post("/fill-in", title="test", hidden=[3, 4, 9], candidates=2, vectors=True).json()
    fill = served.run.fill_in(served.catalog["test"], [3, 4, 9])

    assert [row["shot"] for row in answer["shots"]] == [3, 4, 9]
    np.testing.assert_allclose(
        [row["centred_cosine"] for row in answer["shots"]], fill.table["centred_cosine"], atol=1e-4
    )
    np.testing.assert_allclose(answer["predicted"], fill.predicted, atol=1e-4)
    assert answer["best_baseline"] == fill.best_baseline_name and len(answer["candidates"]) == 6


def test_one_modality_can_be_hidden_over_http(served):
    answer = served.post("/fill-in", title="test", hidden=[3, 4], modality={"audio": [3]}).json()
    fill = served.run.fill_in(served.catalog["test"], [3, 4], modalities={"audio": [3]})

    np.testing.assert_allclose([row["cosine"] for row in answer["shots"]], fill.table["cosine"], atol=1e-4)


def test_embeddings_over_http_are_those_of_the_library_for_a_title_and_for_shots_that_are_sent(served):
    title = served.catalog["test"]
    expected = served.run.contextual(title)
    named = served.post("/embed", title="test").json()
    sent = served.post("/embed", shots=title.embeddings.round(4).tolist()).json()

    assert named["width"] == expected.shape[1]
    np.testing.assert_allclose(named["embeddings"], expected, atol=1e-4)
    np.testing.assert_allclose(sent["embeddings"], expected, atol=5e-2)


def test_surprise_over_http_is_that_of_the_library(served):
    answer = served.post("/surprise", title="test").json()
    expected = surprise(served.run, served.catalog["test"], exact=False).table["surprise"]

    np.testing.assert_allclose([row["surprise"] for row in answer["shots"]], expected, atol=1e-4)


def test_a_search_over_http_finds_what_the_library_finds(served):
    expected = nearest(find_index(RawSpace(served.catalog)), [row_of(served.catalog, "test:5")], k=4).rows
    vector = served.catalog["test"].embeddings[5].tolist()
    like = served.post("/search", like=["test:5"], count=4).json()["results"]
    sent = served.post("/search", vector=vector, count=5).json()["results"]

    assert [found["row"] for found in like] == expected
    assert (sent[0]["title_id"], sent[0]["shot"]) == ("test", 5)
    for query in (
        {"words": "Somebody"},
        {"fill": "test:5"},
        {"like": ["test:5"], "contextual": True, "splits": ["train"]},
    ):
        assert served.post("/search", **query, count=3).json()["results"]


def test_concurrent_requests_share_forward_passes_and_get_their_own_answers(served):
    def passes() -> tuple[float, float]:
        told = served.client.get("/metrics").text
        count, total = (
            float(re.findall(rf'^msm_batch_requests_{what}{{kind="fill_in"}} (\S+)', told, re.MULTILINE)[0])
            for what in ("count", "sum")
        )
        return count, total

    served.post("/fill-in", title="test", hidden=[0])
    before = passes()
    asked = [("test", [i]) if i % 2 else ("train", [i, i + 1]) for i in range(18)]
    with ThreadPoolExecutor(18) as pool:
        answers = list(pool.map(lambda one: served.post("/fill-in", title=one[0], hidden=one[1]).json(), asked))
    after = passes()

    for (title, hidden), answer in zip(asked, answers, strict=True):
        expected = served.run.fill_in(served.catalog[title], hidden).table["centred_cosine"]
        np.testing.assert_allclose([row["centred_cosine"] for row in answer["shots"]], expected, atol=1e-4)
    assert after[1] - before[1] == 18
    assert after[0] - before[0] < 18


REFUSED = [
    ("/fill-in", {"title": "nothing", "hidden": [1]}, 404, "no title 'nothing'"),
    ("/fill-in", {"title": "test", "hidden": [99]}, 422, "there is no shot 99: test has shots 0 to 19"),
    ("/fill-in", {"title": "test", "hidden": []}, 422, "hidden: "),
    ("/fill-in", {"title": "test", "hidden": [1], "modality": "smell"}, 422, "there is no modality 'smell'"),
    ("/fill-in", {"title": "test", "hidden": [1], "hide": 3}, 422, "hide: "),
    ("/fill-in", {"hidden": [1]}, 422, "give either title"),
    ("/embed", {"shots": [[1.0, 2.0]]}, 422, "shot 0 has 2 numbers, but shots of this run have 64"),
    ("/embed", {"shots": [[1.0] * 64], "metadata": [1.0]}, 422, "trained with none"),
    ("/embed", {"title": "long"}, 413, "90 shots are asked for, but one request may have 64"),
    ("/search", {}, 422, "give exactly one of like"),
    ("/search", {"like": ["test:5"], "count": 5000}, 413, "5000 results"),
    ("/search", {"text": "a harbour"}, 422, ""),
    ("/surprise", {"title": "nothing"}, 404, "no title"),
    ("/nothing", {}, 404, "/docs lists them"),
]


@pytest.mark.parametrize(("route", "body", "status", "words"), REFUSED, ids=lambda value: str(value)[:30])
def test_a_request_that_cannot_be_answered_gets_one_sentence(served, route, body, status, words):
    answer = served.post(route, **body)

    assert answer.status_code == status
    assert list(answer.json()) == ["detail"] and words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "status"), [(b"{", 400), (b"[]", 422), (b" " * 200_000, 413), (b'{"title": 1e999}', 422)]
)
def test_a_body_that_is_no_request_is_refused(served, content, status):
    answer = served.client.post("/embed", content=content, headers={"content-type": "application/json"})

    assert answer.status_code == status and answer.json()["detail"]


def test_a_body_that_does_not_say_its_length_is_cut_off_at_the_limit(served):
    pieces = (b" " * 10_000 for _ in range(30))

    assert served.client.post("/embed", content=pieces).status_code == 413


def test_without_the_token_or_under_a_foreign_name_nothing_but_health_is_answered(served):
    base = str(served.client.base_url)

    assert httpx.post(f"{base}/embed", json={"title": "test"}).status_code == 401
    assert httpx.get(f"{base}/metrics", headers={"Authorization": "Bearer other"}).status_code == 401
    assert served.client.get("/health", headers={"host": "evil.example"}).status_code == 403
    health = httpx.get(f"{base}/health").json()
    assert health["state"] == "ok" and health["run"] == "run" and health["titles"] == 4


def test_more_requests_than_may_wait_are_turned_away_and_the_service_stays_healthy(served):
    host, port = served.client.base_url.host, served.client.base_url.port
    head = f"POST /embed HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9\r\n\r\n"
    waiting = [socket.create_connection((host, port)) for _ in range(WAITING)]
    try:
        for one in waiting:
            one.sendall(head.encode() + b"{")  # and the rest does not come
        until_all_wait(served)
        turned_away = served.post("/embed", title="test")
        healthy = served.client.get("/health").status_code
    finally:
        for one in waiting:
            one.close()

    assert turned_away.status_code == 429 and turned_away.headers["retry-after"] == "1"
    assert "24 requests" in turned_away.json()["detail"]
    assert healthy == 200
    until_all_wait(served, 0)
    assert served.post("/embed", title="test").status_code == 200


def until_all_wait(served: Served, count: int = WAITING) -> None:
    for _ in range(200):
        if f"msm_active_requests {count}.0" in served.client.get("/metrics").text:
            return
    pytest.fail(f"{count} requests never waited")


def test_openapi_describes_every_route_and_its_refusals(served):
    routes = served.client.get("/openapi.json").json()["paths"]

    assert set(routes) == {"/health", "/metrics", "/embed", "/fill-in", "/surprise", "/search"}
    assert {"413", "422", "429"} <= set(routes["/embed"]["post"]["responses"])


def test_metrics_count_answers_by_route_and_status_and_no_path_of_a_stranger(served):
    served.client.get("/a-path-of-a-stranger")
    served.post("/surprise", title="test")
    told = served.client.get("/metrics").text

    assert 'msm_requests_total{route="other",status="404"}' in told and "stranger" not in told
    assert re.search(r'^msm_shots_total{route="surprise"} \d', told, re.MULTILINE)


def test_serving_without_its_packages_says_what_to_install(tmp_path: Path):
    script = "import sys; sys.modules['fastapi'] = None; from msm.cli import main; main(['serve', 'run', 'catalog'])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)

    assert told.returncode == 2 and "pip install 'msm-workbench[serve]'" in told.stderr


def test_json_of_the_fill_in_is_strict(served):
    text = served.post("/fill-in", title="test", hidden=[3], modality="audio").text

    assert "NaN" not in text and json.loads(text)["shots"]
