"""An index beside its catalog: opened as it was written, never asked when it is stale, damaged or somebody else's."""

from __future__ import annotations

import json
import shutil

import faiss
import numpy as np
import pytest

from msm import Catalog, InputError
from msm.data.catalog import modalities_of
from msm.runner import Place
from msm.search import index_store
from msm.search.index_store import StaleIndex, find_index, index_folder, kept_indexes, make_index, open_index
from msm.search.query import nearest
from msm.search.spaces import RawSpace
from msm.search.vector_index import KINDS, building
from tests.search.conftest import DIMS, scenes_title


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_answers_after_it_was_closed_as_before(films, kind):
    made = make_index(RawSpace(films), kind)
    opened = open_index(RawSpace(Catalog.open(films.path)))

    assert opened.saved and opened.plan == made.plan and opened.built == made.built
    assert opened.index.whole.index.this is not None
    before, after = (nearest(f, [5], k=8).table for f in (made, opened))
    assert before["row"].tolist() == after["row"].tolist()
    np.testing.assert_allclose(before["score"], after["score"], atol=1e-6)
    assert [k["plan"]["kind"] for k in kept_indexes(films)] == [kind]


def test_opening_reads_no_vector_for_the_mean(films, monkeypatch):
    make_index(RawSpace(films), "ivf")
    monkeypatch.setattr("msm.search.spaces.training_mean", lambda *_: pytest.fail("the mean was read anew"))

    assert open_index(RawSpace(films)) is not None


def test_where_there_is_no_index_one_is_built_and_kept_only_on_request(films):
    assert open_index(RawSpace(films)) is None
    assert not find_index(RawSpace(films)).saved and not (films.path / "index").exists()
    assert find_index(RawSpace(films), save=True).saved
    assert open_index(RawSpace(films)) is not None


def test_an_index_does_not_change_its_catalog(films):
    before = films.fingerprint
    make_index(RawSpace(films))

    assert Catalog.open(films.path).fingerprint == before


def test_a_stale_index_is_never_asked_and_is_built_anew(films):
    make_index(RawSpace(films))
    kept = films.path.parent / "kept"
    shutil.copytree(films.path / "index", kept)
    titles = [scenes_title("new", "train", 8, 9), *(t.data() for t in films)]
    changed = Catalog.write(films.path, titles, modalities=modalities_of(DIMS), dtype="float32", replace=True)
    shutil.copytree(kept, films.path / "index", dirs_exist_ok=True)

    with pytest.raises(StaleIndex, match="before its catalog or its run changed"):
        open_index(RawSpace(changed))
    found = find_index(RawSpace(changed), save=True)
    assert "before its catalog" in found.note and found.index.vectors.num == changed.num_shots
    assert open_index(RawSpace(changed)).note == ""


def test_a_single_number_that_changed_makes_an_index_stale(films):
    make_index(RawSpace(films))
    shard = np.load(films.path / "shots-00000.npy", mmap_mode="r+")
    shard[40, 3] += 1
    shard.flush()

    with pytest.raises(StaleIndex):
        open_index(RawSpace(Catalog.open(films.path)))


def test_a_mean_that_no_build_wrote_is_refused_whatever_vouches_for_it(tmp_path):
    few = [scenes_title("few", "train", 40, 1)]
    catalog = Catalog.write(tmp_path / "few", few, modalities=modalities_of(DIMS))
    make_index(RawSpace(catalog))
    folder = index_folder(RawSpace(catalog))
    np.save(folder / "mean.npy", np.zeros(0, np.float32))
    header = json.loads((folder / "index.json").read_text())
    told = {"bytes": (folder / "mean.npy").stat().st_size, "digest": index_store._digest(folder / "mean.npy")}
    (folder / "index.json").write_text(json.dumps({**header, "files": {**header["files"], "mean.npy": told}}))
    with pytest.raises(InputError, match=r"mean\.npy holds \(0,\) of float32, which is no part"):
        open_index(RawSpace(catalog))


@pytest.mark.parametrize(
    "field", [{"candidates": {}}, {"probes": -1}, {"lists": 2**40}, {"effort": 1.5}, {"kind": 3}, {"kind": "b"}]
)
def test_a_plan_that_no_build_wrote_is_refused_before_it_is_asked(tmp_path, field):
    few = [scenes_title("few", "train", 40, 1)]
    catalog = Catalog.write(tmp_path / "few", few, modalities=modalities_of(DIMS))
    make_index(RawSpace(catalog))
    path = index_folder(RawSpace(catalog)) / "index.json"
    header = json.loads(path.read_text())
    path.write_text(json.dumps({**header, "plan": {**header["plan"], **field}}))
    with pytest.raises(InputError, match=r"index\.json: plan\..* but must be .*; `msm index CATALOG --replace`"):
        open_index(RawSpace(catalog))


@pytest.mark.parametrize("name", ["index.faiss", "mean.npy", "empty.npy", "rotation.npy", "index.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "empty"])
def test_a_damaged_index_is_refused_in_one_sentence_and_mended_on_request(tmp_path, name, damage):
    rng = np.random.default_rng(0)
    title = scenes_title("wide", "train", 40, 1)
    title = type(title)(title_id="wide", split="train", embeddings=rng.standard_normal((40, 400)))
    catalog = Catalog.write(tmp_path / "wide", [title], modalities=modalities_of({"video": 400}))
    make_index(RawSpace(catalog), "ivf")
    path = index_folder(RawSpace(catalog)) / name
    content = path.read_bytes()
    changed = {
        "cut": content[: len(content) // 2],
        "flipped": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "empty": b"",
    }
    path.unlink() if damage == "gone" else path.write_bytes(changed[damage])
    if (name, damage) == ("index.json", "flipped"):
        path.write_text(json.dumps({**json.loads(content), "plan": {"kind": "ivf", "color": 1}}))

    with pytest.raises(InputError, match=path.name) as refused:
        find_index(RawSpace(catalog), save=True)
    assert not isinstance(refused.value, StaleIndex) and "\n" not in str(refused.value)
    assert make_index(RawSpace(catalog), replace_damaged=True).saved
    assert open_index(RawSpace(catalog)) is not None


def test_a_folder_that_something_else_made_is_refused_and_left_alone(films):
    folder = index_folder(RawSpace(films))
    folder.mkdir(parents=True)
    (folder / "index.json").write_text('{"format": "theirs/2"}')

    for call in (open_index, find_index, make_index):
        with pytest.raises(InputError, match="format is 'theirs/2', expected 'msm-index/1'"):
            call(RawSpace(films))
    assert (folder / "index.json").read_text() == '{"format": "theirs/2"}'


def test_an_index_of_other_shots_is_not_believed_even_with_the_right_header(films, tmp_path):
    make_index(RawSpace(films))
    renamed = [t.data() for t in films]
    renamed[0] = type(renamed[0])(**{**vars(renamed[0]), "title_id": "omega"})
    other = Catalog.write(tmp_path / "other", renamed, modalities=modalities_of(DIMS), dtype="float32")
    shutil.copytree(films.path / "index", other.path / "index")
    path = index_folder(RawSpace(other)) / "index.json"
    header = json.loads(path.read_text())
    path.write_text(json.dumps({**header, "mark": RawSpace(other).mark}))

    with pytest.raises(InputError, match="numbers other shots than"):
        open_index(RawSpace(other))


def stored(found) -> tuple:
    """Everything that an index holds: ids and codes of each cell in their order, and what was measured of it."""
    inner = faiss.downcast_index(found.index.whole.index)
    ids = found.index.ids.tolist()
    if found.plan.kind == "flat":
        return ids, inner.reconstruct_n(0, inner.ntotal).tobytes(), found.built.recall, found.index.empty.tolist()
    lists = [inner.invlists.list_size(n) for n in range(inner.nlist)]
    scores, rows = inner.search(found.space.read(np.arange(9)), 20)
    return ids, lists, scores.tobytes(), rows.tobytes(), found.built.recall, found.index.empty.tolist()


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "hnsw"])
def test_an_index_merged_from_parts_is_that_of_one_pass(films, kind, monkeypatch):
    monkeypatch.setattr(building, "TOGETHER_BYTES", 1)
    monkeypatch.setattr(building, "STRIP", 16)
    once = make_index(RawSpace(films), kind)
    monkeypatch.setattr(index_store, "PART_SHOTS", 40)
    told: list[tuple[int, int]] = []
    assert stored(make_index(RawSpace(films), kind, progress=lambda *at: told.append(at))) == stored(once)
    assert told[-1] == (films.num_shots, films.num_shots)
    assert [p.name for p in (films.path / "index").iterdir()] == ["raw"]


def test_an_index_that_was_stopped_is_not_trained_again_and_goes_on_at_the_next_part(films, monkeypatch):
    monkeypatch.setattr(building, "TOGETHER_BYTES", 1)
    monkeypatch.setattr(building, "STRIP", 16)
    monkeypatch.setattr(index_store, "PART_SHOTS", 16)
    once, starts = make_index(RawSpace(films), "ivf"), []

    def adding(begun, space, start, stop, tell):
        starts.append(start)
        if start == 48 and starts.count(48) == 1:
            raise KeyboardInterrupt
        return part_of(begun, space, start, stop, tell)

    part_of = index_store.part_of
    monkeypatch.setattr(index_store, "part_of", adding)
    with pytest.raises(KeyboardInterrupt):
        make_index(RawSpace(films), "ivf")
    assert open_index(RawSpace(films)) is not None  # the former one
    monkeypatch.setattr(index_store, "begin", lambda *_: pytest.fail("it was trained again"))
    assert stored(make_index(RawSpace(films), "ivf")) == stored(once)
    assert starts == [0, 16, 32, 48, *range(48, films.num_shots, 16)]  # begun twice where it was stopped


@pytest.mark.slow
def test_several_workers_make_the_index_of_one(films, monkeypatch):
    monkeypatch.setattr(index_store, "PART_SHOTS", 512)
    once = make_index(RawSpace(films), "ivf")
    assert stored(make_index(RawSpace(films), "ivf", place=Place(workers=2))) == stored(once)
