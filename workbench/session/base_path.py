"""The URL path under which the app is served, for example behind a proxy."""

from __future__ import annotations

import streamlit as st


def base_address() -> str:
    """Empty at the root of its host, else e.g. "/films" (`server.baseUrlPath`)."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
