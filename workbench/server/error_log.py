"""Unhandled errors: one sentence on the page, and the traceback in a rotating log file."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import streamlit as st

from msm.errors import InputError
from workbench.views.formatting import escape_markdown

LOG = "workbench.log"
LOG_BYTES, LOG_FILES = 1_000_000, 5
SECRET_KEYS = (
    "client_secret",
    "cookie_secret",
    "api_key",
    "password",
    "token",
)  # values under these keys are not logged
log = logging.getLogger("workbench")

SomethingWentWrong = type("Something went wrong", (Exception,), {})  # the page shows the name in bold


def configure_log(runs: Path) -> Path | None:
    """Log to RUNS/.log/workbench.log, rotated over five files of 1 MB each; None where that folder cannot be written."""
    path = runs / ".log" / LOG
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8", delay=True)
        with open(path, "a"):
            pass
    except OSError:
        return None
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    return path


def report_error(error: Exception) -> bool:
    """Show the error on the page and log it; returns True, which tells Streamlit that it is handled."""
    if isinstance(error, InputError):  # invalid input that the page did not catch
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return True
    number = secrets.token_hex(3)
    log.error("error %s", number, exc_info=error)
    st.exception(
        SomethingWentWrong(
            f"this part of the page could not be drawn; nothing was lost. Reload it, or go to another page. "
            f"The details are in the server's log, under {number}."
        )
    )
    return True


class _RedactingFormatter(logging.Formatter):
    """Formats without the values of secrets, and without line breaks, by which input could forge log entries."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for value in _secret_values():
            line = line.replace(value, "***")
        return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in line).replace("\n", "\n    ")


def _secret_values() -> list[str]:
    try:
        secrets = dict(st.secrets)
    except (OSError, ValueError):  # there are none, or none that can be read
        return []
    return [v for key, v in _leaves(secrets) if len(v) > 3 and any(word in key.lower() for word in SECRET_KEYS)]


def _leaves(tree: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    return [
        leaf
        for key, value in tree.items()
        for leaf in (_leaves(value, str(key)) if isinstance(value, Mapping) else [(f"{above}.{key}", str(value))])
    ]
