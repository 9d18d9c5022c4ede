"""The script that Streamlit runs for every session: page navigation and the shared sidebar. `app.py` is the server."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.server import roles
from workbench.session.arguments import read_arguments

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
ADDRESSES = {"embedding_map": "map"}  # URL paths that differ from the name of the folder

page = st.navigation(
    [
        st.Page(
            HERE / name / "page.py",
            title=title,
            icon=f":material/{icon}:",
            url_path=ADDRESSES.get(name, name),
            default=name == PAGES[0][0],
        )
        for name, title, icon in PAGES
    ]
)

arguments = read_arguments()
if arguments.unknown:
    st.sidebar.warning(f"Not understood after `--`: {' '.join(arguments.unknown)}. Known are --catalog and --runs.")

page.run()
