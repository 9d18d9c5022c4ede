"""The server: `streamlit run workbench/app.py [-- --catalog DIR --runs DIR]`.

Streamlit finds `app` and serves it. Each session runs app_pages/main.py. This module has what the server does once; the routes
beside the pages are in server/routes.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamlit.starlette import App

from workbench.server import early_styles, error_log, trusted_hosts
from workbench.server.routes import ROUTES
from workbench.session.arguments import read_arguments

SCRIPT = Path(__file__).parent / "app_pages" / "main.py"


@asynccontextmanager
async def lifespan(app: App) -> AsyncIterator[None]:
    from workbench.server import startup  # its caches need Streamlit's runtime, which exists by now

    error_log.configure_log(read_arguments().runs)
    startup.adapt_streamlit(SCRIPT)
    startup.preload(read_arguments())
    yield


app = App(
    SCRIPT,
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[*trusted_hosts.MIDDLEWARE, *early_styles.MIDDLEWARE],
    on_script_error=error_log.report_error,
)
