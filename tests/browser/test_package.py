"""The wheel, installed into an empty environment outside the checkout, opens the app on frames.

Nothing is borrowed from the environment that runs these tests: what pyproject.toml forgot is missing here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import free_port, wait_until_served

pytestmark = [pytest.mark.slow, pytest.mark.browser]  # all of them: another part would install the wheel once more
REPO = Path(__file__).resolve().parents[2]
CARRIED = "workbench/carried/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        str(REPO),
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(out),
    ]
    subprocess.run([*build, "--quiet", "--no-index"], check=True, capture_output=True)
    return next(out.glob("msm_workbench-*.whl"))


@pytest.fixture(scope="module")
def place(wheel, tmp_path_factory) -> Iterator[Path]:
    """A folder far from the checkout, with `clean/bin/msm` in it: the wheel, its extra `cpu`, and what those ask for."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "clean")], check=True)
    install = [sys.executable, "-m", "pip", "--python", str(folder / "clean"), "install", "--quiet"]
    install += ["--no-compile", "--constraint", str(REPO / "constraints.txt"), f"{wheel}[cpu]"]
    answer = subprocess.run(install, cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    yield folder
    shutil.rmtree(folder / "clean")  # PyTorch and the others, a gigabyte and more


def environment(place: Path) -> dict[str, str]:
    """A newcomer's: a home of their own, and no path into the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "XDG_", "STREAMLIT_"))}
    return {**kept, "HOME": str(place), "XDG_DATA_HOME": str(place / "data")}


def msm(place: Path, *arguments: str) -> str:
    command = [str(place / "clean" / "bin" / "msm"), *arguments]
    return subprocess.run(
        command, cwd=place, env=environment(place), check=True, capture_output=True, text=True, timeout=120
    ).stdout


@pytest.fixture(scope="module")
def served(place) -> Iterator[str]:
    """`msm app`, told of no data, as one among others on its host: under /films, as docs/deploy.md has it."""
    port = free_port()
    with open(place / "server.log", "w") as log:
        command = [str(place / "clean" / "bin" / "msm"), "app", "--port", str(port), "--no-browser"]
        behind_a_path = environment(place) | {"STREAMLIT_SERVER_BASE_URL_PATH": "films"}
        server = subprocess.Popen(command, cwd=place, env=behind_a_path, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until_served(f"http://localhost:{port}/films/_stcore/health", server, place / "server.log")
            yield f"http://localhost:{port}/films"
        finally:
            server.terminate()
            server.wait(timeout=20)


def test_the_wheel_carries_what_git_does_not_ignore_and_nothing_else(wheel):
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ours = [name for name in tracked.split("\0") if name]
    wanted = {n for n in ours if n.startswith(("msm/", "workbench/"))}
    wanted |= {
        CARRIED + n for n in ours if n.startswith(("sample_data/catalog/", "sample_data/runs/", "benchmarks/results/"))
    }
    wanted |= {CARRIED + n for n in ours if n.startswith("docs/") and not n.startswith("docs/making/")}
    with zipfile.ZipFile(wheel) as archive:
        held = {n for n in archive.namelist() if ".dist-info/" not in n}

    assert held == wanted
    assert wheel.stat().st_size < 60e6


def test_what_runs_is_the_installed_package(place):
    code = "import msm, workbench.session.arguments as a; print(msm.__file__, a.ROOT)"
    command = [str(place / "clean" / "bin" / "python"), "-c", code]
    said = subprocess.run(command, cwd=place, env=environment(place), capture_output=True, text=True, check=True).stdout

    assert [Path(p).is_relative_to(place) for p in said.split()] == [True, True]
    assert str(REPO) not in said


def test_the_verbs_of_the_docs_work_on_the_copied_sample(place):
    assert "40 titles" in msm(place, "info", msm(place, "sample", "tried").split(":")[0] + "/catalog")
    filled = msm(place, "fill", "tried/runs/neighbour", "tried/catalog", "--title", "harbour-lights", "--hide", "40-44")

    assert "skill" in filled


def test_the_installed_app_opens_on_frames_and_every_page_stands(served, place, page):
    page.goto(served)
    page.get_by_test_id("stMetric").first.wait_for()
    frames = page.locator("img[src*='/thumbnails/']")  # Playwright looks into the filmstrip's shadow tree too
    deadline = time.monotonic() + 60
    while (seen := frames.evaluate_all("all => all.filter(i => i.naturalWidth).length")) < 4:
        assert time.monotonic() < deadline, f"{seen} frames after 60 s"
        time.sleep(0.2)

    links = page.get_by_test_id("stSidebarNavLink")
    for number in range(links.count()):
        links.nth(number).click()
        page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
        assert page.get_by_test_id("stException").count() == 0, links.nth(number).inner_text()

    assert urllib.request.urlopen(f"{served}/_stcore/health", timeout=60).read() == b"ok"
    assert b"Masking lab" in urllib.request.urlopen(f"{served}/help/masking-lab.md", timeout=60).read()
    assert (place / "data" / "msm-workbench" / "sample_data" / "runs" / "neighbour").is_dir()
    assert "Traceback" not in (place / "server.log").read_text()
