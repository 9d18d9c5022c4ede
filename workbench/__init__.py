"""The Streamlit app. Imports point one way: app_pages → layout → server, components → session → views → msm."""

import msm  # noqa: F401 — installs the old names of modules, those of workbench.views too
