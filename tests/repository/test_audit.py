"""`make audit`: a known vulnerability is an error with what mends it; a source that does not answer is none."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
AUDIT = runpy.run_path(str(REPO / ".ci" / "audit.py"))
SOUND = {"name": "sound", "version": "1", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "nobody answered"}


def test_a_vulnerable_package_is_named_with_the_version_that_mends_it(capsys):
    hurt = {"name": "hurt", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    assert AUDIT["say"]([SOUND, hurt]) == 1
    assert "hurt 1: CVE-1, mended in 2" in capsys.readouterr().out


def test_every_version_of_the_environment_and_of_the_tools_beside_it_is_asked_for_once_and_alone_in_its_round():
    lists = [REPO / "constraints.txt", *(REPO / ".ci" / "tools").glob("*.txt")]
    lines = {line for one in lists for line in one.read_text().splitlines() if "==" in line}
    pins = {(AUDIT["plain"](line.partition("==")[0]), line.partition("==")[2]) for line in lines}
    asked = [[tuple(pin.split("==")) for pin in pins] for pins in AUDIT["rounds"](AUDIT["LISTS"])]

    assert len(lists) > 1 and sorted(pins) == sorted(pin for one in asked for pin in one)
    assert all(len({name for name, _ in one}) == len(one) for one in asked)


@pytest.mark.parametrize("path", sorted((REPO / ".ci" / "tools").glob("*.txt")), ids=lambda path: path.name)
def test_a_vulnerable_version_is_named_with_the_list_that_has_it(capsys, path):
    lines = path.read_text().splitlines()
    name, _, version = sorted(lines, key=lambda line: "_" in line)[-1].partition("==")
    found = {"name": AUDIT["plain"](name), "version": version, "vulns": [{"id": "CVE-1", "fix_versions": []}]}

    assert AUDIT["say"]([found]) == 1
    said = capsys.readouterr().out
    assert f".ci/tools/{path.name}" in said and "no version yet" in said


def test_what_the_auditing_program_complains_of_is_said(capsys, monkeypatch):
    complaint = "WARNING:pip_audit._cli:hash them\nERROR:pip_audit._cli:package certifi has duplicate requirements\n"
    done = subprocess.CompletedProcess([], 1, stdout="", stderr=complaint)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)

    assert AUDIT["ask"](["certifi==1"]) is None
    assert capsys.readouterr().out == "audit: package certifi has duplicate requirements, so nothing is known\n"


def test_a_source_that_does_not_answer_is_said_and_passes(capsys):
    assert AUDIT["say"]([SOUND, UNKNOWN]) == 0
    assert "did not answer for 1" in capsys.readouterr().out


def test_a_source_that_answers_for_nothing_is_one_sentence_and_passes(capsys):
    assert AUDIT["say"]([UNKNOWN, UNKNOWN]) == 0
    assert (
        capsys.readouterr().out == "audit: the advisory source answered for none of 2 packages, so nothing is known\n"
    )
