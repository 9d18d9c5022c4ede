"""`make audit`: a known vulnerability is an error with what mends it; a source that does not answer is none."""

from __future__ import annotations

import runpy
from pathlib import Path

AUDIT = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "audit.py"))
SOUND = {"name": "sound", "version": "1", "vulns": []}
UNKNOWN = {"name": "unknown", "skip_reason": "nobody answered"}


def test_a_vulnerable_package_is_named_with_the_version_that_mends_it(capsys):
    hurt = {"name": "hurt", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    assert AUDIT["say"]([SOUND, hurt]) == 1
    assert "hurt 1: CVE-1, mended in 2" in capsys.readouterr().out


def test_a_source_that_does_not_answer_is_said_and_passes(capsys):
    assert AUDIT["say"]([SOUND, UNKNOWN]) == 0
    assert "did not answer for 1" in capsys.readouterr().out


def test_a_source_that_answers_for_nothing_is_one_sentence_and_passes(capsys):
    assert AUDIT["say"]([UNKNOWN, UNKNOWN]) == 0
    assert (
        capsys.readouterr().out == "audit: the advisory source answered for none of 2 packages, so nothing is known\n"
    )
