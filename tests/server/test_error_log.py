"""The server's log: what went wrong is in it, secrets are not, and it cannot grow without end."""

from __future__ import annotations

import logging

import pytest
import streamlit as st

from msm.errors import InputError
from workbench.server import error_log


@pytest.fixture
def log(tmp_path):
    path = error_log.configure_log(tmp_path)
    assert path is not None
    yield path
    for handler in error_log.log.handlers:
        handler.close()
    error_log.log.handlers = []


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_what_nobody_foresaw_is_logged_under_the_number_that_the_page_shows(log, monkeypatch):
    shown: list[Exception] = []
    monkeypatch.setattr(st, "exception", shown.append)
    assert error_log.report_error(raised(ZeroDivisionError("by nothing")))
    number = str(shown[0]).rsplit(" ", 1)[1].rstrip(".")
    written = log.read_text()
    assert f"error {number}" in written and "Traceback" in written and "by nothing" in written
    assert "by nothing" not in str(shown[0])


def test_a_rule_that_a_person_broke_is_a_sentence_and_no_trouble(log, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(st, "error", lambda text, **_: said.append(text))
    error_log.report_error(InputError("there is no shot 7"))
    assert said == ["there is no shot 7."] and "no shot 7" not in log.read_text()


def test_the_log_holds_no_secret_and_no_forged_line(log, monkeypatch):
    monkeypatch.setattr(error_log, "_secret_values", lambda: ["s3cr3t-value"])
    logging.getLogger("workbench").error("key s3cr3t-value\n2026-01-01 ERROR forged\x1b[31m")
    lines = log.read_text().splitlines()
    assert "s3cr3t" not in "".join(lines) and "\x1b" not in "".join(lines)
    assert lines[1].startswith("    2026-01-01")


def test_the_log_is_five_files_of_a_megabyte_at_most(log):
    for _ in range(70):
        logging.getLogger("workbench").error("x" * 100_000)
    files = list(log.parent.iterdir())
    assert len(files) == error_log.LOG_FILES and sum(f.stat().st_size for f in files) <= 5.2 * error_log.LOG_BYTES


def test_a_folder_that_cannot_be_written_means_no_log_and_no_failure(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder should be")
    assert error_log.configure_log(tmp_path / "runs") is None
