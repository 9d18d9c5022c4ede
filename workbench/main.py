"""The script of every session: the page list and the shared sidebar. `app.py` is the server around it."""

from __future__ import annotations

import streamlit as st

from workbench.arguments import read_arguments

st.set_page_config(page_title="MSM Workbench", page_icon=":material/movie_edit:", layout="wide")

page = st.navigation(
    [
        st.Page("app_pages/masking_lab.py", title="Masking lab", icon=":material/visibility_off:", default=True),
        st.Page("app_pages/data.py", title="Data", icon=":material/database:", url_path="data"),
    ]
)

arguments = read_arguments()
if arguments.unknown:
    st.sidebar.warning(f"Not understood after `--`: {' '.join(arguments.unknown)}. Known are --catalog and --runs.")

page.run()
