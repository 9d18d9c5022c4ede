"""Work at the start of the server: load torch and the default run, limit threads, keep freed memory, adapt Streamlit."""

from __future__ import annotations

import ctypes
import gc
import logging
import sys
import threading
from pathlib import Path

from msm import InputError
from msm.runner.threads import limit_threads
from workbench.server import streamlit_internals
from workbench.session import cache
from workbench.session.arguments import Arguments
from workbench.views.default_selection import hide_at_random, opening_title

log = logging.getLogger("workbench")
KEEP = 64 * 2**20  # bytes of freed memory that the allocator keeps


def preload(arguments: Arguments) -> threading.Thread:
    """Load torch and the default run and compute one fill-in, in a background thread."""
    thread = threading.Thread(target=_preload, args=(arguments,), name="preload", daemon=True)
    thread.start()
    return thread


def adapt_streamlit(script: Path) -> None:
    """Send responses without delay, do each callback whole, and log what of Streamlit's private interfaces the installed version lacks.

    script  what Streamlit runs for a session
    """
    streamlit_internals.keep_import_path(script)
    if not streamlit_internals.disable_nagle():
        log.info("no listening socket was found, so a response on a kept connection may take 40 ms longer")
    for sentence in [*streamlit_internals.missing(), *streamlit_internals.keep_callbacks_whole()]:
        log.warning(sentence)


def keep_freed_memory() -> None:
    """Raise glibc's thresholds for returning freed memory to the system.

    By default glibc returns what a fill-in has freed and requests it again, page by page, for the next one: a sixth of the time
    of a click. Other allocators keep freed memory by themselves.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_TRIM_THRESHOLD, KEEP)
        libc.mallopt(M_MMAP_THRESHOLD, KEEP // 2)
    except (OSError, AttributeError):  # another libc
        pass


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def _preload(arguments: Arguments) -> None:
    limit_threads()
    keep_freed_memory()
    try:
        catalog = cache.open_catalog(arguments.catalog)
        title_id = opening_title(catalog.titles)
        cache.strip(catalog, title_id)
        runs = cache.list_runs(arguments.runs, catalog)
        for path in runs.loc[runs["problem"].isna(), "path"].head(1):
            hidden = hide_at_random(catalog[title_id].num_shots, seed=0)
            cache.fill_in(catalog, Path(path), title_id, tuple(hidden), None)
    except InputError:
        pass  # the page shows it
    # Streamlit collects garbage after every rerun and holds the interpreter's lock meanwhile. Freezing keeps what
    # was loaded by now out of every collection, which saves a quarter of a second a click.
    gc.collect()
    gc.freeze()
