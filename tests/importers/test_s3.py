"""Sources of an import on a real S3 server: read with the credentials of the environment, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
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
    with pytest.raises(InputError, match=r"s3://nobody/set"):
        import_embeddings("s3://nobody/set", tmp_path / "catalog")
    pq.write_table(table(), tmp_path / "rows.parquet")
    put("cut/rows.parquet", (tmp_path / "rows.parquet").read_bytes()[:3000])
    with pytest.raises(InputError, match=r"s3://films/cut/rows\.parquet is damaged or no Parquet"):
        import_embeddings("s3://films/cut", tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()
