"""What stands beside every page: the steps back and forward, the saved views, the name of the catalog, and the theme."""

from __future__ import annotations

from importlib.metadata import version

import streamlit as st

from msm import InputError
from workbench.components.history import history
from workbench.components.theme import theme_switch
from workbench.server import documents
from workbench.server.roles import may_edit
from workbench.server.saved_views import SavedView, list_views, remove_view, save_view
from workbench.server.streamlit_internals import primary_css
from workbench.session import state, url_state
from workbench.session.arguments import catalog_label, read_arguments
from workbench.session.page_context import PAGES, chosen_catalog_path, open_view, url_path
from workbench.views.formatting import escape_markdown


def show(page: str) -> None:
    """Fill the sidebar; `page` is the name of the open page's folder."""
    with st.sidebar:
        st.html(f"<style>{primary_css()}</style>")
        history(key="history", on_move=url_state.moved)
        name = catalog_label(chosen_catalog_path())
        st.caption(f":material/database: Catalog **{escape_markdown(name)}**", help="Chosen on the page Data.")
        st.markdown(f":small[MSM Workbench {version('msm-workbench')} · [Documentation]({documents.address()})]")
        with st.popover("Saved views", icon=":material/bookmark:", width="stretch"):
            _show_views(page)
        theme_switch(key="theme", pages=[url_path(p.parent.name) for p in sorted(PAGES.glob("*/page.py"))])


def _show_views(page: str) -> None:
    views = list_views(read_arguments().runs)
    if not views:
        st.caption("A saved view opens what is seen now, for everybody who uses this server.")
    for view in views:
        _show_view(view, page)
    if not may_edit():
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of this view", key=state.form_key("view.name"), placeholder="a name")
        if st.button("Save", icon=":material/bookmark_add:", key="view.save", disabled=not name.strip()):
            _save(name, page)


def _show_view(view: SavedView, page: str) -> None:
    label = escape_markdown(view.name)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(label, key=f"view.{view.path.stem}", type="tertiary", width="stretch"):
            open_view(view.page, view.query, page)
        if may_edit():
            st.button(
                "Remove", key=f"view.{view.path.stem}.remove", type="tertiary",
                on_click=remove_view, args=(view,),
            )  # fmt: skip


def _save(name: str, page: str) -> None:
    try:
        save_view(read_arguments().runs, name, page, url_state.address(whole=True))
    except (InputError, OSError) as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/error:")
        return
    state.clear_forms()
    st.rerun()
