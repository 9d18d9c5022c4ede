"""Words through the embeddings API: the real client against a server on this machine that speaks the protocol."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from msm import Catalog, InputError
from msm.ingest import IngestOptions, ingest, load_encoders
from msm.ingest.encoders import openai as openai_encoder
from tests.ingest.test_encoders import shot

pytestmark = pytest.mark.slow  # the client takes seconds to import
pytest.importorskip("openai")
KEY = "sk-secret-5f2a"


class Api:
    """What the server is told to do, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.times: list[float] = []
        self.refusals: list[tuple[int, dict[str, str], str]] = []  # status, headers and message, one a request
        self.only_floats, self.dim = False, 768
        self.key = KEY

    def vector(self, text: str) -> np.ndarray:
        rng = np.random.default_rng(sum(text.encode()))
        vector = rng.standard_normal(self.dim).astype(np.float32)
        return vector / np.linalg.norm(vector)


def handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.times.append(time.monotonic())
            if self.path != "/v1/embeddings":
                return self.answer(404, {"error": {"message": "no such path"}})
            if self.headers["Authorization"] != f"Bearer {api.key}":
                message = f"Incorrect API key provided: {self.headers['Authorization'][7:]}."
                return self.answer(401, {"error": {"message": message, "code": "invalid_api_key"}})
            if api.refusals:
                status, headers, message = api.refusals.pop(0)
                return self.answer(status, {"error": {"message": message}}, headers)
            api.asked.append(body)
            rows = [self.row(i, text, body.get("encoding_format")) for i, text in enumerate(body["input"])]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            return self.answer(200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": usage})

        def row(self, index: int, text: str, encoding: str | None) -> dict[str, Any]:
            vector = api.vector(text)
            packed = base64.b64encode(vector.astype("<f4").tobytes()).decode()
            given = packed if encoding == "base64" and not api.only_floats else vector.tolist()
            return {"object": "embedding", "index": index, "embedding": given}

        def answer(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def api(monkeypatch) -> Iterator[Api]:
    api = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(api))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    openai_encoder.loaded.cache_clear()
    yield api
    openai_encoder.loaded.cache_clear()
    server.shutdown()
    server.server_close()


def encode(*texts: str) -> np.ndarray:
    (encoder,) = load_encoders("openai")
    return encoder.encode([shot(text=text) for text in texts])


@pytest.mark.parametrize("only_floats", [False, True], ids=["base64", "floats"])
def test_each_text_gets_its_own_vector_of_768_and_silence_gets_zeros(api, only_floats):
    api.only_floats = only_floats
    vectors = encode("hello", "", "the sea", "  ")
    np.testing.assert_allclose(vectors[[0, 2]], [api.vector("hello"), api.vector("the sea")], atol=1e-6)
    assert not vectors[[1, 3]].any()
    (asked,) = api.asked
    assert (asked["model"], asked["dimensions"], asked["input"]) == (
        "text-embedding-3-large",
        768,
        ["hello", "the sea"],
    )


def test_requests_keep_the_limits_of_the_api(api):
    texts = [f"line {i}" for i in range(2100)] + ["x" * 9000] * 40
    vectors = encode(*texts)
    sizes = [(len(a["input"]), sum(len(t.encode()) for t in a["input"])) for a in api.asked]
    assert sum(n for n, _ in sizes) == len(texts) and len(sizes) == 3
    assert all(n <= 2048 and size <= 300_000 for n, size in sizes)
    assert max(len(t.encode()) for a in api.asked for t in a["input"]) <= 8191
    np.testing.assert_allclose(vectors[2050], api.vector("line 2050"), atol=1e-6)


def test_a_busy_server_is_asked_again_when_it_said(api):
    api.refusals = [(429, {"Retry-After": "1"}, "slow down"), (503, {}, "overloaded")]
    assert encode("hello").any() and len(api.times) == 3
    assert api.times[1] - api.times[0] >= 1


def test_a_refused_key_is_one_sentence_that_does_not_tell_it(api, caplog):
    caplog.set_level(logging.DEBUG)
    api.key = "another"
    with pytest.raises(InputError, match=r"127.0.0.1 refused the key in OPENAI_API_KEY \(status 401\)") as told:
        encode("hello")
    assert KEY not in str(told.value) + caplog.text and len(api.times) == 1


def test_a_missing_key_is_said_before_any_film_is_read(api, monkeypatch, film):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="set the environment variable OPENAI_API_KEY"):
        ingest([film], film.parent / "catalog", IngestOptions(encoders="descriptors,openai"))
    assert not (film.parent / "catalog").exists()


@pytest.mark.parametrize(
    ("refusals", "dim", "sentence"),
    [
        ([(400, {}, f"bad input, and your key is {KEY}")], 768, "answered with status 400: .*bad input"),
        ([], 512, "gave embeddings of .512,. numbers"),
    ],
)
def test_other_refusals_are_told_without_the_key(api, refusals, dim, sentence):
    api.refusals, api.dim = refusals, dim
    with pytest.raises(InputError, match=sentence) as told:
        encode("hello")
    assert KEY not in str(told.value)


def test_a_film_has_its_words_and_its_synopsis_from_the_api_and_the_key_nowhere(api, film):
    film.with_suffix(".srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nhello sea\n", encoding="utf-8")
    film.with_suffix(".json").write_text('{"name": "Film", "synopsis": "A storm."}', encoding="utf-8")
    report = ingest([film], film.parent / "catalog", IngestOptions(encoders="descriptors,openai", media=False))
    assert report.failed == {}
    (title,) = catalog = Catalog.open(film.parent / "catalog")
    text = catalog.modalities[2]
    assert (text.name, text.dim, text.encoder) == ("text", 768, "openai:text-embedding-3-large/768")
    np.testing.assert_allclose(title.embeddings[0, text.columns], api.vector("hello sea"), atol=1e-3)
    np.testing.assert_allclose(title.global_embedding, api.vector("Film A storm. "), atol=1e-6)
    assert len(api.asked) == 2
    assert not [p for p in film.parent.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]
