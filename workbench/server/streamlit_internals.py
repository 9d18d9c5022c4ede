"""Everything that the app uses of Streamlit beyond its documentation, in one module.

A later Streamlit may rename any of it. Each use is guarded: without a name the server still starts, `missing()` describes the
consequence in one sentence, and no user gains rights.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import logging
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
else:  # the type of containers and columns, for annotations alone
    DeltaGenerator = Any

SIDEBAR_PX, FIELD_PX, METRIC_PX = 300, 68, 73  # what Streamlit makes of a sidebar, a field with its label, and a metric
MAP_PX = {0: 1300, 768: 780}  # width of a screen from which a map with its histograms takes at least so many pixels
LABELLED = (
    "title",
    "run",
    "beside",
    "training",
    "map",
    "colour",
    "find",
    "path",
    "ablation-path",
    "ranges",
)  # fields at the heads of pages, by their key
SEGMENTED = {"mode": (550, 32)}  # choices side by side, by their key: width and height once their script is loaded
FRAMES = {
    "retrieval-query": "16/9",
    "retrieval-around": "176/9",
}  # pictures, by their key: width to height of all of them
PRESENT = "present"  # the presenter's page in the address
WALLS = ("raw", "contextual", "guess", "real")  # results of a search, by the end of their key
WALL_PX = 280  # two lines of them
STAGE, NO_STAGE, SLIDE = (
    "stage",
    "no-stage",
    "stage-slide",
)  # keys of it, of what it says where it cannot begin, and of its slide
RESULTS, SUMMARY = (
    "retrieval-results",
    "retrieval-summary",
)  # keys of what a search found, and of the sentence above that comes last
SUMMARY_PX = {0: 86, 768: 54}  # width of a screen from which that sentence takes so many pixels
COLUMN_PX = (130, 140, 150, 170, 180, 270, 320, 340, 400, 420)  # the least widths of columns that pages ask for
READ_FROM = "1.67.0"  # the version of Streamlit whose source these names were read from; 1.66.1 has them too
PRIVATE_NAMES = {  # module → name
    "streamlit.web.server.starlette.starlette_websocket": "_get_signed_cookie_with_chunks",
    "streamlit.web.server.starlette.starlette_server_config": "USER_COOKIE_NAME",
}
TEST_IDS = ("stColumn", "stSidebar", "stExpandSidebarButton", "stMainBlockContainer")  # of elements that we style
STALE = "data-stale"  # the attribute of elements that a rerun has not drawn yet
NO_LOGIN = (
    "{module}.{name} is missing in this Streamlit, so the server cannot tell who has logged in: "
    "where a login is required, pictures, films and fill-ins are refused to everybody"
)
CALLBACK_NAMES = {  # module → class, method
    "streamlit.runtime.scriptrunner_utils.script_requests": ("ScriptRequests", "on_scriptrunner_yield"),
    "streamlit.runtime.state.safe_session_state": ("SafeSessionState", "on_script_will_rerun"),
}
HALF_DONE = (
    "{name} is not as in Streamlit {version}, so of two quick gestures the first may be done by half or not at all"
)
log = logging.getLogger("workbench")


def missing() -> list[str]:
    """One sentence for each private name that the installed Streamlit lacks."""
    return [NO_LOGIN.format(module=m, name=n) for m, n in PRIVATE_NAMES.items() if _private(m) is None]


def keep_callbacks_whole() -> list[str]:
    """Let a request that comes during callbacks wait for their end; returns a sentence where this Streamlit has no place for that.

    Whenever a script reads or writes the session's state, Streamlit looks for a newer request and, if there is one, ends the script
    right there. It does so before and in callbacks too, and takes their gesture for done: what they had not yet written is lost.
    """
    (requests, take), (states, call) = (
        (_private(module, owner), method) for module, (owner, method) in CALLBACK_NAMES.items()
    )
    for owner, method in ((requests, take), (states, call)):
        if not callable(getattr(owner, method, None)):
            return [HALF_DONE.format(name=method, version=READ_FROM)]
    if hasattr(getattr(requests, take), "__wrapped__"):
        return []
    takes, calls = getattr(requests, take), getattr(states, call)
    here = threading.local()

    @functools.wraps(takes)
    def take_outside_of_callbacks(self: Any) -> Any:
        return None if getattr(here, "calling", False) else takes(self)

    @functools.wraps(calls)
    def call_to_the_end(*args: Any, **kwargs: Any) -> Any:
        here.calling = True
        try:
            return calls(*args, **kwargs)
        finally:
            here.calling = False

    setattr(requests, take, take_outside_of_callbacks)
    setattr(states, call, call_to_the_end)
    return []


def keep_import_path(script: Path) -> None:
    """Put the folder of the app's script on the import path for good.

    Streamlit puts it there for the time of each script and takes it away afterwards. Whatever reads the path at that moment in the
    thread of another session (an import, `importlib.metadata.version`) passes over an entry and finds nothing.
    """
    folder = str(script.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)


def user_of_cookies(cookies: Mapping[str, str]) -> dict[str, Any]:
    """The claims in Streamlit's login cookie; empty where it is missing, has a wrong signature or cannot be read."""
    read_signed, cookie_name = map(_private, PRIVATE_NAMES)
    if not callable(read_signed) or cookie_name is None:
        return {}
    try:
        signed = read_signed(dict(cookies), cookie_name)
        user = json.loads(signed) if signed else {}
    except Exception as error:  # a private function may fail in any way: then nobody is logged in
        log.warning("the login cookie could not be read: %r", error)
        return {}
    return user if isinstance(user, dict) else {}


def disable_nagle() -> int:
    """Set TCP_NODELAY on the server's listening sockets and return how many there are.

    Without it, the second packet of a response waits for the acknowledgement of the first: 40 ms of every response on a kept
    connection. asyncio sets the option on sockets that it creates; Streamlit binds its own socket first, and accepted connections
    inherit the options of the listening socket (uvicorn's issue 3149). Streamlit offers no handle on it, so it is found among the
    objects of the garbage collector.
    """
    listening = [one for one in gc.get_objects() if _is_tcp_socket(one)]
    for one in listening:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return len(listening)


def columns_css(key: str, least_px: int) -> str:
    """Rule that wraps the columns in the container `key` where they would be narrower than `least_px` pixels."""
    return f'.st-key-{key} [data-testid="stColumn"]{{min-width:min(100%,{least_px}px)}}'


def early_css(path: str = "") -> str:
    """Rules for index.html, asked for at `path`: the place of what comes a moment later.

    The sidebar, before it is there, on screens where it stands beside the page; the map; the label of a field, before the field is drawn;
    choices side by side and pictures, before their script is loaded; the sentence above the results of a search; the presenter's slide,
    which has no sidebar; and columns that wrap (`columns_css`), by the end of their container's key.
    """
    alone = "[data-testid=stAppViewContainer]:not(:has([data-testid=stSidebar]))>:has(>[data-testid=stMain])"
    sidebar = f"@media(min-width:768px){{{alone}{{margin-left:{SIDEBAR_PX}px}}}}"
    maps = "".join(
        f"@media(min-width:{width}px){{.st-key-map{{min-height:{high}px}}}}" for width, high in MAP_PX.items()
    )
    fields = ",".join(f".st-key-widget-{name}" for name in LABELLED)
    rows = "".join(
        f'[class*="st-key-row-"][class*="-least-{px}"] [data-testid="stColumn"]{{min-width:min(100%,{px}px)}}'
        for px in COLUMN_PX
    )
    rows += f'[class*="st-key-row-"][class*="numbers-least"] [data-testid="stColumn"],.st-key-lab-numbers,.st-key-training-numbers{{min-height:{METRIC_PX}px}}'
    rows += "".join(
        f".stElementContainer.st-key-widget-{name}{{min-width:min(100%,{width}px);min-height:{height}px}}"  # before Streamlit's 1rem
        for name, (width, height) in SEGMENTED.items()
    )
    rows += "".join(f".st-key-{name}{{aspect-ratio:{ratio}}}" for name, ratio in FRAMES.items())
    rows += ",".join(f".st-key-retrieval-{name}" for name in WALLS) + f"{{min-height:{WALL_PX}px}}"
    rows += "".join(
        f"@media(min-width:{width}px){{body:not(:has(.st-key-{SUMMARY})) :has(>.st-key-{RESULTS}){{margin-top:{high}px}}}}"
        for width, high in SUMMARY_PX.items()
    )
    current = "[data-testid=stSidebarNavLink][aria-current=page]"
    staged = [
        f"body:has(.st-key-{STAGE})",
        f'body:has({current}[href$="/{PRESENT}"]):not(:has(.st-key-{NO_STAGE}))',
    ]
    if path.rpartition("/")[2] == PRESENT:  # no page is named yet
        staged.append(f"body:not(:has({current}))")
        sidebar = ""
    wide = full_width_css(f":is({','.join(staged)}) ")
    stage = f"{wide}.st-key-{SLIDE},.msm-slide{{min-height:calc(100vh - 9.5rem)}}"
    captions = '[data-testid="stCaptionContainer"]:has(a){opacity:1}'  # a link bears no fading: it needs its contrast
    return f"{captions}{sidebar}{maps}{fields}{{min-height:{FIELD_PX}px}}{rows}{stage}"


def primary_css() -> str:
    """Rule that gives main buttons one blue in both themes: their words are white, which the blue of dark pages does not bear."""
    blue = "#1b62ad"
    return f'[data-testid="stBaseButton-primary"]:not(:disabled){{background:{blue};border-color:{blue};color:#fff}}'


def danger_css(key: str) -> str:
    """Rules that make the buttons in the container `key` red, as what they do cannot be undone."""
    button = f'.st-key-{key} [data-testid="stButton"] button'
    return (
        f"{button}{{color:#fff;background:#b3261e;border-color:#b3261e}}{button}:hover{{color:#fff;background:#8c1d18}}"
    )


def full_width_css(where: str) -> str:
    """Rules that remove the sidebar and widen the page, inside what the selector `where` begins."""
    hidden = ",".join(
        f"{where}{part}" for part in ("section[data-testid=stSidebar]", "[data-testid=stExpandSidebarButton]")
    )
    main = f"{where}[data-testid=stAppViewContainer]>:has(>[data-testid=stMain])"
    return (
        f"{hidden}{{display:none}}{main}{{margin-left:0 !important}}"
        f"{where}[data-testid=stMainBlockContainer]{{max-width:1500px;padding-top:2.2rem}}"
    )


def no_fading_css(key: str) -> str:
    """Rule that keeps Streamlit from fading what a rerun is about to draw again in the container `key`."""
    return f".st-key-{key} [{STALE}=true]{{opacity:1 !important;transition:none !important}}"


def no_stale_css(key: str) -> str:
    """Rule that hides what a rerun has not drawn yet in the container `key`."""
    return f".st-key-{key} [{STALE}=true]{{visibility:hidden !important}}"


def _private(module: str, name: str | None = None) -> object:
    """The private name of a module; None where the installed Streamlit lacks either."""
    try:
        return getattr(importlib.import_module(module), name or PRIVATE_NAMES[module], None)
    except ImportError:
        return None


def _is_tcp_socket(one: object) -> bool:
    if not issubclass(type(one), socket.socket):  # not `isinstance`: it resolves proxies, some with side effects
        return False
    assert isinstance(one, socket.socket)
    internet = one.family in (socket.AF_INET, socket.AF_INET6)
    return internet and one.type == socket.SOCK_STREAM and one.fileno() >= 0
