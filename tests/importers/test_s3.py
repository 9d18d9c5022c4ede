"""Sources of an import on a real S3 server: read with the credentials of the environment, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from pyarrow.fs import S3FileSystem

from msm import InputError
from msm.importers.convert import import_embeddings
from tests.importers.test_shards import WRITERS, assert_same_catalogs, table, write_shards


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3FileSystem]:
    """`s3://films` of a server on this machine; the environment says where it is, as for any other program."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        made = S3FileSystem(endpoint_override=f"http://{host}:{port}", allow_bucket_creation=True)
        made.create_dir("films")
        yield made
        server.stop()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    pq.write_table(table(), folder / "rows.parquet")
    return import_embeddings(folder / "rows.parquet", folder / "catalog")


@pytest.mark.parametrize("format", WRITERS)
def test_shards_in_a_bucket_are_the_catalog_of_the_local_ones(bucket, whole, tmp_path, format):
    folder = write_shards(tmp_path / "set", table(), [7, 20], WRITERS[format])
    for file in folder.iterdir():
        with bucket.open_output_stream(f"films/{format}/{file.name}") as stream:
            stream.write(file.read_bytes())
    assert_same_catalogs(whole, import_embeddings(f"s3://films/{format}", tmp_path / "folder"))
    assert_same_catalogs(whole, import_embeddings(f"s3://films/{format}/part-*", tmp_path / "glob"))
    assert not list(tmp_path.glob(".*"))


def test_what_is_not_in_the_bucket_or_cut_short_is_one_sentence_with_its_address(bucket, tmp_path):
    with pytest.raises(InputError, match=r"s3://films/none is missing"):
        import_embeddings("s3://films/none", tmp_path / "catalog")
    with pytest.raises(InputError, match=r"s3://nobody/set"):
        import_embeddings("s3://nobody/set", tmp_path / "catalog")
    pq.write_table(table(), tmp_path / "rows.parquet")
    with bucket.open_output_stream("films/cut/rows.parquet") as stream:
        stream.write((tmp_path / "rows.parquet").read_bytes()[:3000])
    with pytest.raises(InputError, match=r"s3://films/cut/rows\.parquet is damaged or no Parquet"):
        import_embeddings("s3://films/cut", tmp_path / "catalog")
    assert not (tmp_path / "catalog").exists()
