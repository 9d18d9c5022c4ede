"""The Dockerfiles: linted by hadolint, and their steps run as a script, up to a healthy server."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import sysconfig
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

REPO = Path(__file__).resolve().parents[2]
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_hadolint_has_nothing_to_say_of_an_image(name):
    if not HADOLINT.exists():
        pytest.skip("hadolint is not installed; it has no build for this platform")
    told = subprocess.run([HADOLINT, REPO / name], capture_output=True, text=True)

    assert told.returncode == 0 and told.stdout == ""


@pytest.mark.slow
def test_the_steps_of_the_image_end_in_a_healthy_server(tmp_path):
    """Docker is not needed; dependencies come from this environment, and our package is built and installed as the image does."""
    script = [sys.executable, REPO / ".ci" / "image.py", REPO / "Dockerfile", "--folder", tmp_path]
    told = subprocess.run([*script, "--borrow", sysconfig.get_path("purelib")], capture_output=True, text=True)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "healthy: msm app" in told.stdout and not (tmp_path / "src").exists()


IMAGE = runpy.run_path(str(REPO / ".ci" / "image.py"))
OUTSIDE = [
    ".git/config",
    ".venv/bin/python",
    "node_modules/a.js",
    "film.mp4",
    "my/catalog/shots.parquet",
    "mine/runs/a",
    "runs/a/recipe.json",
]
OUTSIDE += [
    ".env",
    ".streamlit/secrets.toml",
    "workbench/.streamlit/secrets.toml",
    "tests/conftest.py",
    "msm/__pycache__/a.pyc",
]
OUTSIDE += [
    "msm/io/__pycache__/a.pyc",
    "sample_data/build/a.wav",
    "sample_data/runs/mediafm/checkpoint/a",
    "sample_data/runs/.log/a.log",
]
OUTSIDE += [
    "sample_data/catalog/notes/a.json",
    "sample_data/catalog/.shots.tmp-1-a",
    "docs/.jobs/a",
    "benchmarks/run.py",
    "msmx/a.py",
]


def ignored(name: str) -> bool:
    return IMAGE["is_ignored"](name, (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_film_run_or_secret_of_a_checkout_gets_into_an_image(name):
    assert ignored(name)


def test_an_image_gets_everything_that_the_package_is_built_from():
    build = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    folders = build["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    tracked = subprocess.run(["git", "ls-files", *folders], cwd=REPO, capture_output=True, text=True, check=True)
    needed = [*tracked.stdout.splitlines(), "pyproject.toml", "constraints.txt", build["project"]["readme"]]

    assert len(needed) > 500 and [name for name in needed if ignored(name)] == []


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
@pytest.mark.parametrize(("port", "path"), [("8501", "/_stcore/health"), ("8600", "/health"), ("", "")])
def test_the_health_of_a_container_is_that_of_the_app_or_of_the_service(name, port, path):
    """Asked on other ports, since those of the image may be taken here."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server, HTTPServer(("127.0.0.1", 0), Answer) as closed:
        closed.server_close()
        Thread(target=server.serve_forever, daemon=True).start()
        found = re.findall(r"^HEALTHCHECK [^[]*(\[.*\])$", (REPO / name).read_text(encoding="utf-8"), re.MULTILINE)
        ports = {"8501": str(closed.server_port), "8600": str(closed.server_port)} | {port: str(server.server_port)}
        words = [re.sub("8501|8600", lambda m: ports[m[0]], word) for word in json.loads(found[0])]
        told = subprocess.run(words, capture_output=True)
        server.shutdown()

    assert (told.returncode == 0) == bool(port)
    assert asked == ([path] if port else [])


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_an_image_has_a_fixed_base_exact_versions_and_a_user_who_is_not_root(name):
    steps = list(IMAGE["instructions"](REPO / name))
    bases = [rest for word, rest in steps if word == "FROM"]
    users = [rest for word, rest in steps if word == "USER"]

    assert all(re.fullmatch(r"python:3\.\d+-slim", base) for base in bases) and bases
    assert users and users[-1] not in ("0", "root")
    assert [word for word, _ in steps].index("USER") < [word for word, _ in steps].index("CMD")
    assert any("--constraint /src/constraints.txt" in rest for word, rest in steps if word == "RUN")
