"""The script of every session: the page list and the shared sidebar. `app.py` is the server around it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.arguments import read_arguments

HERE = Path(__file__).parent

st.set_page_config(page_title="MSM Workbench", page_icon=str(HERE / "icon.svg"), layout="wide")

page = st.navigation(
    [
        st.Page(
            HERE / "app_pages" / "masking_lab.py", title="Masking lab", icon=":material/visibility_off:", default=True
        ),
        st.Page(
            HERE / "app_pages" / "evaluation.py",
            title="Evaluation",
            icon=":material/straighten:",
            url_path="evaluation",
        ),
        st.Page(
            HERE / "app_pages" / "ablations.py", title="Ablations", icon=":material/science:", url_path="ablations"
        ),
        st.Page(HERE / "app_pages" / "present.py", title="Present", icon=":material/slideshow:", url_path="present"),
        st.Page(HERE / "app_pages" / "data.py", title="Data", icon=":material/database:", url_path="data"),
    ]
)

arguments = read_arguments()
if arguments.unknown:
    st.sidebar.warning(f"Not understood after `--`: {' '.join(arguments.unknown)}. Known are --catalog and --runs.")

page.run()
