"""Build an image where Docker runs; elsewhere run the steps of its Dockerfile in a folder, and its command until it is healthy.

    python .ci/image.py Dockerfile
    python .ci/image.py Dockerfile --folder FOLDER [--borrow SITE_PACKAGES]

In a folder there are no layers, no base image and no other user: FROM becomes a virtual environment of this Python, COPY a copy
of what .dockerignore leaves, and the paths /src and /data are below the folder. With --borrow, packages are taken from there
and only ours is installed, so that no registry is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

REPO = Path(__file__).parents[1]
PLACES = ("/src", "/data")
PATIENCE_S = 120
# What only the root of an image may do, made harmless.
STAND_INS = 'useradd() { :; }; install() { command install -d "${@: -1}"; }; '


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dockerfile", type=Path)
    parser.add_argument("--folder", type=Path, help="run the steps here, whether or not Docker runs")
    parser.add_argument("--borrow", type=Path, help="with a folder: site-packages that hold the dependencies")
    asked = parser.parse_args()
    if asked.folder is None and docker_runs():
        tag = f"msm-workbench:{asked.dockerfile.name.lower().replace('dockerfile', 'built')}"
        return subprocess.run(["docker", "build", "-f", str(asked.dockerfile), "-t", tag, str(REPO)]).returncode
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="image-"))
    return run_steps(asked.dockerfile, folder.resolve(), asked.borrow)


def docker_runs() -> bool:
    return (
        shutil.which("docker") is not None and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    )


def instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """Instruction and arguments, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def run_steps(dockerfile: Path, folder: Path, borrow: Path | None) -> int:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_", "STREAMLIT_"))}
    env |= {"HOME": str(folder), "PATH": f"{folder / 'venv/bin'}{os.pathsep}{env['PATH']}"}
    here, health, command = folder, [], []
    for word, rest in instructions(dockerfile):
        print(f"{word} {rest}"[:150], flush=True)
        if word == "FROM":
            make_environment(folder, borrow)
            env |= {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1"} if borrow else {}
        elif word in ("ARG", "ENV"):
            env |= dict(one.split("=", 1) for one in shlex.split(rest))
        elif word == "COPY":
            copy_context(placed(rest.split()[1], folder))
        elif word == "RUN":
            steps = ["bash", "-euc", STAND_INS + placed(rest, folder)]
            if (status := subprocess.run(steps, cwd=here, env=env).returncode) != 0:
                return status
        elif word == "WORKDIR":
            here = Path(placed(rest, folder))
            here.mkdir(parents=True, exist_ok=True)
        elif word == "HEALTHCHECK":
            health = json.loads(rest[rest.index("[") :])
        elif word == "CMD":
            command = json.loads(rest)
        elif word not in ("USER", "EXPOSE"):
            print(f"{word} is not known to this script")
            return 2
    return start(command, health, here, env)


def placed(text: str, folder: Path) -> str:
    """Paths of the image as paths below the folder."""
    return re.sub(rf"(?<![\w./])({'|'.join(PLACES)})\b", lambda found: f"{folder}{found[0]}", text)


def make_environment(folder: Path, borrow: Path | None) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    if borrow is not None:
        site = next((folder / "venv" / "lib").glob("python*/site-packages"))
        (site / "borrowed.pth").write_text(f"{borrow}\n")


def copy_context(target: str) -> None:
    """What git tracks and .dockerignore lets in."""
    lines = (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines()
    files = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        if not is_ignored(name, lines) and (REPO / name).is_file():
            place = Path(target) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPO / name, place)


def is_ignored(name: str, lines: Sequence[str]) -> bool:
    """Whether .dockerignore keeps a file out: the last line that matches it or a folder above it decides, and `!` lets it in."""
    above = [name, *map(str, Path(name).parents)]
    found = False
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        pattern = re.escape(line.strip().lstrip("!").strip("/"))
        pattern = pattern.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(pattern, one) for one in above if one != "."):
            found = not line.startswith("!")
    return found


def start(command: list[str], health: list[str], here: Path, env: dict[str, str]) -> int:
    """Run the command on a free port until its health check passes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    check = [word.replace("8501", port) for word in health]
    with subprocess.Popen([*command, "--port", port], cwd=here, env=env, start_new_session=True) as process:
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until and process.poll() is None:
                if subprocess.run(check, cwd=here, env=env, capture_output=True).returncode == 0:
                    print(f"healthy: {' '.join(command)}")
                    return 0
                time.sleep(0.5)
            print(f"not healthy: {' '.join(command)}")
            return 1
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
