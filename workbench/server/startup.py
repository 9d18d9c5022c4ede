"""What a server does before its first visitor clicks: it loads torch and the default run, and shares out cores and memory,
and it sends what it has to say at once.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import sys
import threading
from pathlib import Path

from msm import InputError
from workbench.server import streamlit_internals
from workbench.session import cache
from workbench.session.arguments import Arguments
from workbench.views.default_selection import hide_at_random, opening_title

log = logging.getLogger("workbench")
KEEP = 64 * 2**20  # bytes of freed memory that the process does not give back at once


def warm(arguments: Arguments) -> threading.Thread:
    """Do in the background what the first visitor would wait for: torch, the run, one fill-in."""
    thread = threading.Thread(target=_open_everything, args=(arguments,), name="warm", daemon=True)
    thread.start()
    return thread


def share_cores() -> None:
    """Leave cores to the other visitors: with every core in one fill-in, two at once wait for each other's threads."""
    import torch
    from threadpoolctl import threadpool_limits

    threads = max(1, min(4, (os.cpu_count() or 1) // 2))
    torch.set_num_threads(threads)
    threadpool_limits(threads, user_api="blas")


def adapt_streamlit() -> None:
    """Send responses without delay, and log what of Streamlit's private interfaces the installed version lacks."""
    if not streamlit_internals.disable_nagle():
        log.info("no listening socket was found, so a response on a kept connection may take 40 ms longer")
    for sentence in streamlit_internals.missing():
        log.warning(sentence)


def keep_memory() -> None:
    """Let the allocator keep what a fill-in has freed: glibc gives it back, and takes it again page by page for the next one,
    which is a sixth of the time of a click. Nothing elsewhere: other allocators keep it by themselves."""
    if not sys.platform.startswith("linux"):
        return
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_TRIM_THRESHOLD, KEEP)
        libc.mallopt(M_MMAP_THRESHOLD, KEEP // 2)
    except (OSError, AttributeError):  # another libc
        pass


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def _open_everything(arguments: Arguments) -> None:
    share_cores()
    keep_memory()
    try:
        catalog = cache.open_catalog(arguments.catalog)
        title_id = opening_title(catalog.titles)
        cache.strip(catalog, title_id)
        runs = cache.list_runs(arguments.runs, catalog)
        for path in runs.loc[runs["problem"].isna(), "path"].head(1):
            hidden = hide_at_random(catalog[title_id].num_shots, seed=0)
            cache.fill_in(catalog, Path(path), title_id, tuple(hidden), None)
    except InputError:
        pass  # the page says it, to somebody who can read it
    # Streamlit collects garbage after every rerun, with the interpreter to itself: what was loaded by
    # now stays for good and need not be walked through each time (a quarter of a second a click).
    gc.collect()
    gc.freeze()
