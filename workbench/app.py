"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs main.py; here stands what a server does
once: it loads torch and the default run before the first click. What it gives beside the pages stands in served.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamlit.starlette import App

from workbench import trouble
from workbench.arguments import read_arguments
from workbench.hosts import MIDDLEWARE
from workbench.served import ROUTES


@asynccontextmanager
async def warmed(app: App) -> AsyncIterator[None]:
    from workbench import warming  # its caches belong to the runtime, which is there by now

    warming.send_at_once()
    trouble.keep_a_log(read_arguments().runs)
    warming.warm(read_arguments())
    yield


app = App(
    Path(__file__).with_name("main.py"),
    lifespan=warmed,
    routes=ROUTES,
    middleware=MIDDLEWARE,
    on_script_error=trouble.say,
)
