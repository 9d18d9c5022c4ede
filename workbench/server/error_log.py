"""When something goes wrong that nobody foresaw: a sentence for the visitor, the details in a log that cannot grow."""

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
LOUDEST = ("client_secret", "cookie_secret", "api_key", "password", "token")  # keys whose values no log may hold
log = logging.getLogger("workbench")

SomethingWentWrong = type("Something went wrong", (Exception,), {})  # the name is what the page shows in bold


def keep_a_log(runs: Path) -> Path | None:
    """Write what happens to RUNS/.log/workbench.log, five files of a megabyte; None where that folder can't be written."""
    path = runs / ".log" / LOG
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8", delay=True)
        with open(path, "a"):
            pass
    except OSError:
        return None
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    return path


def say(error: Exception) -> bool:
    """Tell whoever looks at the page; True: nothing more needs to be shown."""
    if isinstance(error, InputError):  # a rule that a person broke, noticed where no page expected it
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return True
    number = secrets.token_hex(3)
    log.error("trouble %s", number, exc_info=error)
    st.exception(
        SomethingWentWrong(
            f"this part of the page could not be drawn; nothing was lost. Reload it, or go to another page. "
            f"The details are in the server's log, under {number}."
        )
    )
    return True


class _Discreet(logging.Formatter):
    """Lines without the values of secrets, and without line breaks that a visitor could forge entries with."""

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
    return [v for key, v in _leaves(secrets) if len(v) > 3 and any(word in key.lower() for word in LOUDEST)]


def _leaves(tree: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    return [
        leaf
        for key, value in tree.items()
        for leaf in (_leaves(value, str(key)) if isinstance(value, Mapping) else [(f"{above}.{key}", str(value))])
    ]
