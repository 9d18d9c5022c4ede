"""What README and docs tell a reader to type: every command and every block of Python runs, or stands below with a reason.

The commands run in a small world: a folder that has what the pages speak of (`embeddings.parquet`, `my/catalog`, `film.mp4`,
the sample data), with trainings cut to two steps. All of them are parsed, also those that do not run.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pysubs2
import pytest
import typer

from msm import Catalog, TitleData, cli
from msm.ablation import ablation
from msm.data.catalog import modalities_of
from msm.runner.pools import HerePool, as_work
from tests.browser.small_world import DIMS, small_title, train_run
from tests.ingest.conftest import Scene, write_film

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", REPO / "sample_data" / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
PROGRAMS = ("msm", "make", "python", "pip", "docker", "ray", "torchrun", "accelerate", "streamlit")

NOT_RUN = {  # the beginning of a command, or any part of it → why it is parsed at most
    r"^(docker|ray) ": "needs a server or a cluster that is not here",
    r"^(torchrun|accelerate) ": "as many processes as there are GPUs; two on CPUs: tests/training/test_distributed.py",
    r"^msm (app|serve)": "becomes a server: tests/browser/test_package.py, tests/serving",
    r"--ray": "needs a cluster that is not here",
    r"--resume$|\[--recipe": "a stopped run to go on with, tests/learning; a pattern of options",
    r"--text|\[--run": "an encoder of text that the small world lacks: tests/search; a pattern of options",
    r"^msm import (scene_shots|screenplays|series) ": "real sets, no part of the repository: tests/importers/test_real_data.py",
    r"^msm import films.parquet": "2304 columns made for nothing; tests/importers/test_importers.py cuts columns",
    r"--encoders (open|clip=|descriptors,(clip|sentence|video|openai))": "weights and keys that are not here: tests/ingest",
    r"--transcribe": "weights of a speech recogniser: tests/ingest/test_transcription.py has tiny ones",
    r"^msm import s3:": "a bucket that is not here; tests/importers/test_shards.py reads by URL from memory",
    r"redness|transnetv2": "needs an installed package, or published weights: tests/ingest",
    r"--track wandb": "trackers in an environment of their own: tests/training/test_trackers.py",
    r"^msm (push|pull) ": "a hub that is not here: tests/hub has a server of its own",
    r"^msm export .*--to atlas --shots": "a title that the small world lacks: tests/exports",
    r"--device cuda": "no GPU in CI",
}
LONG = r"catalogs/(series|scene_shots|screenplays) ablations/"  # hours of trainings: planned and counted, with every cell's recipe checked
MAKES = {"my/labelled": "docs/howto/labels.md"}  # what a command reads → the page whose Python makes it
NOT_EXECUTED: dict[str, str] = {}  # page of docs/ → why its Python does not run


class Command(NamedTuple):
    page: str
    line: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def commands() -> Iterator[Command]:
    """Lines that are set in by four blanks and begin with a program, without their comments and variables."""
    for page in PAGES:
        for line in without_fences(text_of(page)).splitlines():
            words = re.sub(r"^(\w+=\S+ )+", "", line.strip())
            if line.startswith("    ") and words.split(" ")[0] in PROGRAMS:
                yield Command(str(page.relative_to(REPO)), re.sub(r"\s{2,}#.*$", "", words).strip())


def python_blocks() -> Iterator[tuple[str, int, str]]:
    for page in PAGES:
        for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)):
            yield str(page.relative_to(REPO)), number, code


def reason_not_to_run(line: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, line)), None)


LAUNCHED = re.compile(r"^(torchrun|accelerate launch) .*?-m msm ")  # what stands before a training in several processes

COMMANDS = sorted(set(commands()))
BLOCKS = list(python_blocks())
RUN = [c for c in COMMANDS if c.line.startswith(("msm ", "python -m workbench")) and not reason_not_to_run(c.line)]
SCRIPTS = [c for c in COMMANDS if c.line.startswith(("python -m benchmarks", "python -m sample_data"))]


def test_the_pages_were_found():
    assert len(PAGES) > 20 and len(COMMANDS) > 30 and len(BLOCKS) > 5
    assert len(RUN) > 8


def test_every_command_runs_or_has_a_reason_and_no_reason_is_left_over():
    tested = {*RUN, *SCRIPTS, *(c for c in COMMANDS if c.line.startswith(("make ", "pip ")))}
    orphans = [c for c in COMMANDS if c not in tested and not reason_not_to_run(c.line)]
    unused = [p for p in (*NOT_RUN, LONG) if not any(re.search(p, c.line) for c in COMMANDS)]

    assert orphans == []
    assert unused == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.line.startswith("make ")], ids=lambda c: c.line)
def test_what_a_page_says_to_make_can_be_made(command):
    dry = [*shlex.split(command.line), "--dry-run"]
    told = subprocess.run(dry, cwd=REPO, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0 and "No rule" not in told.stderr, told.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.line.startswith("pip ")], ids=lambda c: c.line)
def test_what_a_page_says_to_install_is_offered(command):
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    place, extras = re.findall(r"(\.|msm-workbench)\[([\w,]+)\]", command.line)[0]

    assert place in (".", project["name"])
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert "--constraint" not in command.line or (REPO / "constraints.txt").is_file()


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_installs_what_is_offered_and_starts_with_a_command_that_exists(name):
    """No registry of images is asked, so nothing is built: what stands there is held against what there is."""
    said = (REPO / name).read_text(encoding="utf-8")
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    constraints, extras = re.findall(r"--constraint /src/(\S+) '/src\[([\w,]+)\]'", said)[0]
    verb, *arguments = json.loads(re.findall(r"^CMD (\[.*\])$", said, re.MULTILINE)[0])[1:]
    program: Any = typer.main.get_command(cli.app)

    assert (REPO / constraints).is_file()
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert program.commands[verb].make_context(verb, arguments)


@pytest.mark.slow
@pytest.mark.parametrize("command", SCRIPTS, ids=lambda c: c.line[:60])
def test_a_long_measurement_that_a_page_names_has_the_options_that_it_says(command, capsys, monkeypatch):
    module, *arguments = shlex.split(command.line)[2:]
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)

    assert not ended.value.code
    known = re.findall(r"--[a-z-]+", capsys.readouterr().out)
    assert {a for a in arguments if a.startswith("--")} <= set(known)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.line[:60])
def test_every_option_that_a_page_names_exists(command):
    line = LAUNCHED.sub("msm ", command.line)
    if not line.startswith("msm "):
        return
    verb, *arguments = shlex.split(re.sub(r"\[(--[^\]]+)\]", r"\1", line).replace(" …", ""))[1:]
    if verb.startswith("-"):
        return
    program: Any = typer.main.get_command(cli.app)
    program.commands[verb].make_context(verb, arguments)


INLINE = re.compile(r"`(msm [a-z]+[^`]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_verb_and_option_named_in_a_sentence_exists(page):
    program: Any = typer.main.get_command(cli.app)
    for said in INLINE.findall(without_fences(text_of(page)).replace("\n", " ")):
        verb, options = said.split()[1], re.findall(r"(?<!\S)\[?(--[a-z-]+)", said)
        known = {name for p in program.commands[verb].params for name in (*p.opts, *p.secondary_opts)}
        assert set(options) <= known | {"--progress-file", "--help"}, said


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs both make them of plain words."""
    headings = re.findall(r"^#+ +(.+)$", without_fences(text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", [*PAGES, REPO / "CHANGELOG.md"], ids=lambda p: p.stem)
def test_every_internal_link_leads_somewhere(page):
    broken = []
    for found in LINK.finditer(without_fences(text_of(page))):
        target, _, anchor = (found[1] or found[2]).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in slugs(file)):
            broken.append(found[0])
    assert broken == []


def told(title: TitleData, number: int) -> TitleData:
    """A title with what the pages ask for: a genre, and somebody who names the lighter."""
    said = title.shots["text"].where(title.shots.index != 5, "Where is the brass lighter?")
    genre = ("crime", "drama")[number % 2]
    return replace(title, shots=title.shots.assign(text=said), labels={**title.labels, "genre": genre})


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder that has what the pages speak of."""
    folder = tmp_path_factory.mktemp("reader")
    rng = np.random.default_rng(0)
    splits = ["train", "train", "train", "validation", "test", "test"]
    names = ["a", "b", "c", "four", "harbour-lights", "six"]
    titles = [told(small_title(rng, n, s, 64), i) for i, (n, s) in enumerate(zip(names, splits, strict=True))]
    catalog = Catalog.write(folder / "my" / "catalog", titles, modalities=modalities_of(DIMS))
    train_run(catalog, folder / "my" / "runs" / "first", steps=2)
    shots = catalog.read_shots().assign(embedding=list(catalog.read_rows(0, catalog.num_shots)))
    table = shots.merge(catalog.titles[["title_id", "split"]])
    table.to_parquet(folder / "embeddings.parquet")
    (folder / "shards").mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(table)), 3)):
        table.iloc[rows].to_parquet(folder / ("more.parquet" if number == 2 else f"shards/part-{number}.parquet"))
    shutil.copytree(REPO / "sample_data" / "runs", folder / "sample_data" / "runs")
    (folder / "sample_data" / "catalog").symlink_to(REPO / "sample_data" / "catalog")
    (folder / "sample_data" / "presentations").symlink_to(REPO / "sample_data" / "presentations")
    (folder / "films").mkdir()
    for name in ("film.mp4", "short.mkv", "films/a.mp4"):
        write_film(folder / name, [Scene(0), Scene(1), Scene(2)])
    edl = "TITLE: A\n001 AX V C 00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00\n"
    (folder / "film.edl").write_text(edl, encoding="utf-8")
    (folder / "films.csv").write_text("path,split\nfilms/a.mp4,test\n", encoding="utf-8")
    moods = [f"{t.title_id},{n},{('calm', 'tense')[n % 2]}\n" for t in catalog for n in range(0, 64, 3)]
    (folder / "moods.csv").write_text("title,shot,mood\n" + "".join(moods), encoding="utf-8")
    pysubs2.SSAFile.from_string("1\n00:00:00,100 --> 00:00:00,900\nHello.\n").save(str(folder / "film.ass"))
    return folder


TINY = ["steps=2", "validate_every=2", "batch_windows=2", "model.width=32", "model.depth=1", "model.heads=2"]


def as_typed_here(line: str, world: Path, number: int) -> list[str]:
    """The words of a command with names of this world for CATALOG, RUN and the like, and two steps where it trains."""
    verb = line.split()[1]
    names = {"SOURCE": "embeddings.parquet", "CATALOG": "my/catalog", "RUN": "my/runs/first", "OUT": f"out/{number}"}
    if verb in ("import", "ingest"):  # what a command writes is nobody else's
        names |= dict.fromkeys(("CATALOG", "my/catalog"), f"catalogs/{number}")
    if verb == "train":
        runs = ("RUN", "my/runs/first", "my/runs/spans", "my/runs/mae", "runs/first")
        names |= {"sample_data/catalog": "my/catalog", **dict.fromkeys(runs, f"runs/{number}")}
        line = line.replace("--recipe my/runs/spans", "--recipe ./my/runs/first")  # the run that is repeated
    if verb == "sample":
        line += f" samples/{number}"
    line = line.replace("--budget 50", "--budget 1")
    words = [names.get(word, word) for word in shlex.split(line.replace("$SLURM_ARRAY_TASK_ID", "0"))]
    words = [
        file for w in words for file in (sorted(str(p.relative_to(world)) for p in world.glob(w)) if "*" in w else [w])
    ]
    tiny = [w for setting in TINY for w in ("--set", setting)]
    if verb == "train":
        words += [*tiny, "--device", "cpu"]
    if verb in ("train", "embed"):
        words += ["--replace"]
    if verb == "ablate" and not re.search("--vary|--recipe", line):  # goes on with one that there is
        words = [str(world / "ablations" / "made") if w.startswith("out/") else w for w in words]
    elif verb == "ablate":
        words[2:4] = ["my/catalog", f"ablations/{number}"]
        words += ["--dry-run", "--set", "batch_windows=1"] if re.search(LONG, line) else [*tiny, "--seeds", "1"]
    return words[1:]


@pytest.fixture(autouse=True, scope="module")
def trained_here() -> Iterator[None]:
    """Trainings of ablations are made in this process: each of their own imports torch first (tests/ablation has those)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "LocalPool", lambda train, *_: HerePool(as_work(train).begin("")))
        yield


@pytest.fixture(scope="module")
def made_ablation(world, trained_here) -> None:
    out = world / "ablations" / "made"
    request = ablation.Request(
        catalog=world / "my" / "catalog", out=out, vary=("mask.ratio=.15,.4",), settings=(*TINY,), seeds=1, workers=1
    )
    ablation.run(request, ablation.plan_of(request), {})


@pytest.fixture(scope="module")
def ended_with() -> dict[tuple[str, ...], tuple[Any, str]]:
    """Words of a command, a plan's without its folder → exit status and error; pages plan the same for several sets."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "command"), list(enumerate(RUN)), ids=lambda c: getattr(c, "line", str(c))[:60])
def test_a_command_of_the_pages_runs(number, command, world, ended_with, monkeypatch, capsys, request):
    monkeypatch.chdir(world)
    monkeypatch.setattr("msm.training.timing.MAX_STEPS", 2)  # an estimate times few steps, as a training makes few
    monkeypatch.setattr("signal.signal", lambda *_: None)
    for made, page in MAKES.items():
        if made in command.line and not (world / made).exists():
            for _, _, code in (block for block in BLOCKS if block[0] == page):
                exec(compile(code, page, "exec"), {})
    if command.line.startswith("python "):
        monkeypatch.setattr(sys, "argv", shlex.split(command.line)[2:])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        assert not ended.value.code, capsys.readouterr().err
        return
    words = as_typed_here(command.line, world, number)
    if any(w.endswith("ablations/made") for w in words):
        request.getfixturevalue("made_ablation")
    same = tuple(w for w in words if w != f"ablations/{number}")
    if "--dry-run" not in words or same not in ended_with:
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        ended_with[same] = (ended.value.code, capsys.readouterr().err)

    status, said = ended_with[same]
    assert not status, said


@pytest.mark.slow
@pytest.mark.parametrize(("page", "number", "code"), BLOCKS, ids=[f"{p}-{n}" for p, n, _ in BLOCKS])
def test_a_block_of_python_runs_as_it_stands(page, number, code, world, monkeypatch):
    if page in NOT_EXECUTED:
        pytest.skip(NOT_EXECUTED[page])
    monkeypatch.chdir(world)
    script = world / "block.py"
    script.write_text(code, encoding="utf-8")
    for made in ("runs/from-python", "labelled"):
        shutil.rmtree(world / "my" / made, ignore_errors=True)
    runpy.run_path(str(script))


def test_the_table_that_the_first_afternoon_makes_is_one_that_import_takes(tmp_path, monkeypatch):
    (tmp_path / "sample_data").symlink_to(REPO / "sample_data")
    monkeypatch.chdir(tmp_path)
    table = next(code for page, _, code in BLOCKS if page == "docs/tutorial.md")
    exec(compile(table, "docs/tutorial.md", "exec"), {})
    lines = [c.line for c in commands() if c.page == "docs/tutorial.md" and re.match("msm (import|info) ", c.line)]
    for line in lines:
        with pytest.raises(SystemExit) as ended:
            cli.main(shlex.split(line)[1:])
        assert not ended.value.code, line

    assert len(lines) == 2
    assert Catalog.open("my/catalog").num_shots == Catalog.open("sample_data/catalog").num_shots


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path):
    pytest.importorskip("mkdocs")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    answer = subprocess.run(
        build, cwd=REPO, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert answer.returncode == 0 and answer.stderr == "", answer.stderr

    pages = list((tmp_path / "site").rglob("*.html"))
    fetched = re.compile(
        r"<(?:script|img|iframe|source)[^>]*src=\"(?:https?:)?//|<link[^>]*href=\"(?:https?:)?//(?!localhost)"
    )
    assert len(pages) > 25
    assert [p.name for p in pages if fetched.search(p.read_text(encoding="utf-8"))] == []
