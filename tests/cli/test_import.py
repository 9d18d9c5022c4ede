from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from msm import Catalog, cli
from msm.data import writer

PYTHON = sys.executable


@pytest.fixture(autouse=True)
def keep_signal_handlers():
    kept = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, kept)


@pytest.fixture
def msm(capsys):
    """Runs the command in this process: (exit status, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("one", "two", "three"):
        np.savez(folder / f"{name}.npz", visual=rng.standard_normal((4, 3)).astype(np.float16))
    return folder


def test_import_prints_what_came_and_from_where(msm, source, tmp_path):
    status, out, err = msm("import", source, tmp_path / "out")
    assert (status, err) == (0, "")
    assert "3 titles, 12 shots, 3 wide, float16, no times: sound" in out
    assert "visual" in out
    assert "splits_seed: 0" in out


def test_json_is_one_document_with_the_same_facts(msm, source, tmp_path):
    _, out, _ = msm("import", source, tmp_path / "out", "--json", "--seed", 4)
    imported = json.loads(out)
    status, out, _ = msm("info", tmp_path / "out", "--json")
    assert status == 0
    assert json.loads(out) == imported
    assert imported["modalities"] == [
        {"name": "visual", "start": 0, "dim": 3, "encoder": "unknown", "shots": 12, "titles_without": 0}
    ]
    assert imported["splits"]["validation"] == {"titles": 1, "shots": 4}
    assert imported["provenance"]["splits_seed"] == 4


def test_info_on_an_unsound_catalog_says_why_and_exits_with_2(msm, tiny_catalog):
    shard = np.load(tiny_catalog.path / "shots-00000.npy", mmap_mode="r+")
    shard[3] = np.nan
    shard.flush()
    status, out, err = msm("info", tiny_catalog.path, "--json")
    facts = json.loads(out)
    assert (status, facts["sound"]) == (2, False)
    assert "title 'train-0', shot 3: NaN or infinite value in video" in facts["problem"]
    assert err == f"msm: {facts['problem']}\n"
    status, out, _ = msm("info", tiny_catalog.path, "--quick")
    assert (status, "not checked" in out) == (0, True)


def test_info_on_a_catalog_that_cannot_be_opened_still_answers_in_json(msm, tiny_catalog):
    (tiny_catalog.path / "titles.parquet").unlink()
    status, out, err = msm("info", tiny_catalog.path, "--json")
    assert (status, json.loads(out)["sound"]) == (2, False)
    assert "titles.parquet is missing" in err


def test_a_catalog_cannot_steer_the_terminal(msm, tiny_catalog):
    header = tiny_catalog.path / "catalog.json"
    header.write_text(json.dumps({**json.loads(header.read_text()), "provenance": {"note": "\x1b[2J"}}))
    status, out, _ = msm("info", tiny_catalog.path)
    assert (status, "\x1b" in out) == (0, False)
    assert "\x1b" not in msm("info", tiny_catalog.path.parent / "\x1b[2J")[2]


def test_info_tells_the_state_of_a_run(msm, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text(json.dumps({"name": "mediafm", "steps": 100}))
    (run / "run.json").write_text(json.dumps({"state": "running", "heartbeat": time.time(), "steps_done": 40}))
    lines = [{"step": 20, "loss": 0.5, "validation": {"centred_cosine": 0.31}}, {"step": 40, "loss": 0.4}]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 4')
    status, out, _ = msm("info", run)
    assert status == 0
    assert "recipe mediafm, running, step 40 of 100" in out
    assert "loss: 0.4" in out
    assert "validation at step 20: centred_cosine 0.31" in out
    assert json.loads(msm("info", run, "--json")[1])["last"] == lines[1]
    (run / "run.json").write_text("{")
    assert msm("info", run)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["info", "nowhere"], "msm: nowhere is missing"),
        (["info", "."], "msm: . is neither a catalog nor a run"),
        (["import", "nowhere", "out"], "msm: nowhere is missing"),
        (["import", "set", "set/one.npz"], "already exists"),
        (["import", "set", "out", "--format", "csv"], "msm: format is 'csv', but must be one of npz"),
        (["import", "set", "out", "--format", "hdf5"], "msm: set should hold one .h5 file, but holds none"),
        (["import", "set", "out", "--modality", "visual"], "write NAME=ARRAY"),
        (["import", "set", "out", "--seed", "x"], "Invalid value for '--seed'"),
        (["import", "set", "out", "--dtpe", "float32"], "No such option: --dtpe"),
        (["import", "set"], "Missing argument"),
        (["improt"], "No such command 'improt'"),
        (["import", "set", "set/one.npz/out"], "msm: set/one.npz: File exists"),
    ],
)
def test_what_a_user_does_wrong_is_one_sentence_and_exit_status_2(msm, source, monkeypatch, arguments, sentence):
    monkeypatch.chdir(source.parent)
    before = sorted(source.parent.rglob("*"))
    status, out, err = msm(*arguments)
    assert status == 2
    assert out == ""
    assert sentence in err
    assert err.startswith("msm: ")
    assert err.count("\n") == 1
    assert sorted(source.parent.rglob("*")) == before


def test_folders_made_for_a_catalog_go_with_it_when_it_is_refused(msm, source, tmp_path):
    np.savez(source / "one.npz", visual=np.full((4, 3), np.nan))
    assert msm("import", source, tmp_path / "deep" / "er" / "out")[0] == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(msm, source, tmp_path, monkeypatch):
    def append(self, rows):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writer._ShardFile, "append", append)
    sentence = f"msm: {tmp_path / 'out'} cannot be written: there is no space left on its disk\n"
    assert msm("import", source, tmp_path / "out") == (2, "", sentence)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]


def test_an_existing_catalog_is_kept_unless_replace_is_asked_for(msm, source, tmp_path):
    msm("import", source, tmp_path / "out")
    status, _, err = msm("import", source / "one.npz", tmp_path / "out")
    assert (status, "already exists" in err) == (2, True)
    assert len(Catalog.open(tmp_path / "out")) == 3
    assert msm("import", source / "one.npz", tmp_path / "out", "--replace")[0] == 0
    assert len(Catalog.open(tmp_path / "out")) == 1


SLOW_IMPORT = """
import sys, time
from msm import cli
from msm.importers.formats.npz import NpzSource
read = NpzSource.read
def slowly(self, entry):
    if entry is self.entries[1]:
        print("reading", file=sys.stderr, flush=True)
        time.sleep(60)
    return read(self, entry)
NpzSource.read = slowly
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_import_that_is_stopped_leaves_nothing_half_written(source, tmp_path, sent, status):
    process = subprocess.Popen(
        [PYTHON, "-c", SLOW_IMPORT, "import", str(source), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job started in the background ignores Ctrl-C, and so would its children: the tests may be such a job.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "reading\n"
    assert len(list(tmp_path.iterdir())) == 2
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set"]


def test_help_and_version_answer_without_loading_pandas_or_torch():
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        answer = subprocess.run([PYTHON, "-m", "msm", "--help"], capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert "import" in answer.stdout
    assert min(seconds) < 5  # without torch it is a tenth of a second; the bound only tells a hang
    code = "import sys, msm.cli; print({'torch', 'pandas', 'pyarrow', 'rich'} & set(sys.modules))"
    loaded = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "set()\n"


def test_version_is_the_packages(msm):
    from importlib.metadata import version

    assert msm("--version") == (0, f"msm {version('msm-workbench')}\n", "")


def test_a_reader_that_has_enough_is_no_error(source, tmp_path):
    command = f"{PYTHON} -m msm import {source} {tmp_path / 'out'} --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("{\n", "")
