"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs app_pages/main.py; here stands what a server does
once: it loads torch and the default run before the first click. What it gives beside the pages stands in server/routes.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamlit.starlette import App

from workbench.server import error_log
from workbench.server.routes import ROUTES
from workbench.server.trusted_hosts import MIDDLEWARE
from workbench.session.arguments import read_arguments


@asynccontextmanager
async def warmed(app: App) -> AsyncIterator[None]:
    from workbench.server import startup  # its caches belong to the runtime, which is there by now

    error_log.keep_a_log(read_arguments().runs)
    startup.adapt_streamlit()
    startup.warm(read_arguments())
    yield


app = App(
    Path(__file__).parent / "app_pages" / "main.py",
    lifespan=warmed,
    routes=ROUTES,
    middleware=MIDDLEWARE,
    on_script_error=error_log.say,
)
