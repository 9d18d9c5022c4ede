"""The script that Streamlit runs for every session: page navigation and the shared sidebar. `app.py` is the server."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.layout import first_visit, frame
from workbench.server import roles
from workbench.session import page_texts
from workbench.session.arguments import read_arguments
from workbench.session.page_context import url_path

HERE = Path(__file__).parent

st.set_page_config(page_title="MSM Workbench", page_icon=str(HERE / "icon.svg"), layout="wide")
roles.gate()

PAGES = [  # file, title, icon
    ("masking_lab", "Masking lab", "visibility_off"),
    ("embedding_map", "Embedding map", "scatter_plot"),
    ("retrieval", "Shot retrieval", "image_search"),
    ("training", "Training", "model_training"),
    ("evaluation", "Evaluation", "straighten"),
    ("tasks", "Tasks", "label"),
    ("ablations", "Ablations", "science"),
    ("data", "Data", "database"),
    ("present", "Present", "slideshow"),
]

pages = [
    st.Page(
        HERE / name / "page.py",
        title=title,
        icon=f":material/{icon}:",
        url_path=url_path(name) or name,
        default=name == PAGES[0][0],
    )
    for name, title, icon in PAGES
]
page = st.navigation(pages)

arguments = read_arguments()
if arguments.unknown:
    st.sidebar.warning(f"Not understood after `--`: {' '.join(arguments.unknown)}. Known are --catalog and --runs.")

page_texts.open_page(page.url_path)
opened = next(name for name, _, _ in PAGES if url_path(name) == page.url_path)
frame.show(opened)
first_visit.show_purpose(opened)
page.run()
