"""Sources of an import on a real S3 server: read with the credentials of the environment, and refused in one sentence."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyarrow.parquet as pq
import pytest

from msm import InputError
from msm.importers.convert import import_embeddings
from tests.importers.test_shards import WRITERS, assert_same_catalogs, table, write_shards


@pytest.fixture(scope="module")
def put() -> Iterator[Any]:
    """`put(key, content)` into `s3://films` of a server on this machine; the environment says where it is, as for any program."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = pytest.importorskip("boto3").client("s3")
        client.create_bucket(Bucket="films")
        yield lambda key, content: client.put_object(Bucket="films", Key=key, Body=content)
        server.stop()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    pq.write_table(table(), folder / "rows.parquet")
    return import_embeddings(folder / "rows.parquet", folder / "catalog")


@pytest.mark.parametrize("format", WRITERS)
def test_shards_in_a_bucket_are_the_catalog_of_the_local_ones(put, whole, tmp_path, format):
    folder = write_shards(tmp_path / "set", table(), [7, 20], WRITERS[format])
    for file in folder.iterdir():
        put(f"{format}/{file.name}", file.read_bytes())
    assert_same_catalogs(whole, import_embeddings(f"s3://films/{format}", tmp_path / "folder"))
    assert_same_catalogs(whole, import_embeddings(f"s3://films/{format}/part-*", tmp_path / "glob"))
    assert not list(tmp_path.glob(".*"))


def test_what_is_not_in_the_bucket_or_cut_short_is_one_sentence_with_its_address(put, tmp_path):
    with pytest.raises(InputError, match=r"s3://films/none is missing"):
        import_embeddings("s3://films/none", tmp_path / "catalog")
    with pytest.raises(InputError, match=r"s3://nobody/set is missing: there is no bucket 'nobody'"):
        import_embeddings("s3://nobody/set", tmp_path / "catalog")
    pq.write_table(table(), tmp_path / "rows.parquet")
    put("cut/rows.parquet", (tmp_path / "rows.parquet").read_bytes()[:3000])
    with pytest.raises(InputError, match=r"s3://films/cut/rows\.parquet is damaged or no Parquet"):
        import_embeddings("s3://films/cut", tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with 403; where `lists` is set, it lists one file and refuses the rest of the list."""

    lists = False

    def do_GET(self) -> None:
        status, body = 403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        if self.lists and self.command == "HEAD":
            status, body = 404, ""
        elif self.lists and "continuation-token" not in self.path:
            facts = "<LastModified>2024-01-01T00:00:00.000Z</LastModified><ETag>x</ETag><Size>9</Size>"
            listed = f"<Contents><Key>set/part-0.parquet</Key>{facts}</Contents>"
            more = "<Prefix>set/</Prefix><KeyCount>1</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>"
            space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
            status, body = 200, f"<ListBucketResult {space}><Name>films</Name>{more}{listed}</ListBucketResult>"
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    """A server on this machine that the environment names as the S3 server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {"ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "ACCESS_KEY_ID": "somebody"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("SECRET_ACCESS_KEY", "DEFAULT_REGION", "EC2_METADATA_DISABLED"):
        monkeypatch.setenv(f"AWS_{name}", "true" if name.startswith("EC2") else "us-east-1")
    yield Refusing
    Refusing.lists = False
    server.shutdown()
    server.server_close()


DENIED = "access is denied; check the credentials, and that they may list and read it"


@pytest.mark.parametrize("source", ["s3://films/set", "s3://films/set/part-*", "s3://films/set/a.parquet"])
def test_wrong_credentials_are_one_sentence(refusing, tmp_path, source):
    with pytest.raises(InputError, match=f"^{re.escape(f'{source} cannot be opened: {DENIED}')}$"):
        import_embeddings(source, tmp_path / "catalog")


def test_a_list_that_is_refused_in_the_middle_is_no_shorter_list(refusing, tmp_path):
    refusing.lists = True
    with pytest.raises(InputError, match=f"s3://films/set.* cannot be (listed|opened): {DENIED}$"):
        import_embeddings("s3://films/set", tmp_path / "catalog")


def test_a_server_that_does_not_answer_is_one_sentence(refusing, monkeypatch, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(InputError, match=r"^s3://films/set cannot be opened: the server does not answer \(.*\)$"):
            import_embeddings("s3://films/set", tmp_path / "catalog")
