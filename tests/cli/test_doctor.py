"""msm doctor: tells what is here, what is not and how to get it, and that a broken part hides no other."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from msm.cli import environment
from msm.io import ffmpeg


def without(monkeypatch, *packages: str, **versions: str) -> None:
    real = environment.installed
    stand_in = {name.replace("_", "-"): v for name, v in versions.items()}
    monkeypatch.setattr(
        environment, "installed", lambda name: None if name in packages else stand_in.get(name, real(name))
    )


def sentences(part: str) -> list[environment.Finding]:
    return [f for f in environment.examine() if f.part == part]


def test_every_part_is_told_in_one_line_with_what_to_install_below():
    found = environment.examine()
    assert {"Program", "Processor", "GPU", "Search", "Maps", "Video", "ffmpeg", "Encoders", "Extras", "Disk"} <= {
        f.part for f in found
    }
    text = environment.as_text(found)
    assert len(text.splitlines()) == len(found) + sum(bool(f.install) for f in found)
    assert all("\n" not in f.sentence for f in found)


def test_what_is_not_installed_is_missing_and_its_command_is_given(monkeypatch):
    without(monkeypatch, "faiss-cpu", "faiss-gpu", "transformers", "ray")
    (search,) = sentences("Search")
    assert (search.state, search.install) == (environment.MISSING, "pip install 'msm-workbench[cpu]'")
    assert any(f.state == environment.MISSING and "[encoders]" in f.install for f in sentences("Encoders"))
    assert any("ray not installed" in f.sentence and "[scale]" in f.install for f in sentences("Extras"))
    assert environment.as_dict(environment.examine())["sound"]


def test_both_builds_of_faiss_at_once_are_broken(monkeypatch):
    without(monkeypatch, faiss_cpu="1.12", faiss_gpu="1.15")
    (search,) = sentences("Search")
    assert search.state == environment.BROKEN and "overwrite one another" in search.sentence
    assert not environment.as_dict(environment.examine())["sound"]


def test_a_library_that_cannot_be_imported_breaks_its_own_part_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    found = environment.examine()
    assert [f.part for f in found if f.state == environment.BROKEN] == ["Video"]
    assert any(f.part == "Disk" for f in found)


def test_the_ffmpeg_program_is_named_with_its_version():
    program = ffmpeg.ffmpeg_program()
    (finding,) = sentences("ffmpeg")
    assert finding.state == environment.GOOD and not finding.install
    assert program.version in finding.sentence and program.path in finding.sentence


def test_without_an_ffmpeg_program_its_package_is_to_be_installed(monkeypatch):
    old = ffmpeg.FFmpeg("/usr/bin/ffmpeg", "on PATH", "4.4", "it is older than 5.1")
    monkeypatch.setattr(ffmpeg, "ffmpeg_programs", lambda: iter([old]))
    note, missing = sentences("ffmpeg")
    assert (note.state, missing.state) == (environment.NOTE, environment.MISSING)
    assert "older than 5.1" in note.sentence and missing.install == "pip install imageio-ffmpeg"


def test_no_secret_is_told(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    assert "very-secret" not in environment.as_text(environment.examine())


def test_every_extra_of_the_project_has_its_purpose():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert set(environment.EXTRAS) == set(project["project"]["optional-dependencies"])


@pytest.mark.slow
def test_the_verb_answers_in_json():
    done = subprocess.run([sys.executable, "-m", "msm", "doctor", "--json"], capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["sound"] else 1)
    assert {"part", "state", "sentence", "install"} == set(answer["findings"][0])
