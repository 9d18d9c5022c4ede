"""Roles: without a login everybody is an editor; with one, users are editors, viewers or strangers.

A login is required where the server's secrets (`.streamlit/secrets.toml`) have a section [auth], in Streamlit's own form for OpenID
Connect. The section [roles] lists e-mail addresses, with `*` as a wildcard:

    [roles]
    editors = ["ann@studio.example"]        # train, ingest, delete
    viewers = ["*@studio.example"]          # see; without this line, everybody who can log in

Without [auth], the app listens on localhost and its user is an editor.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import streamlit as st

from msm.errors import InputError
from workbench.views.formatting import escape_markdown

EDITOR, VIEWER, STRANGER = "editor", "viewer", "stranger"
NOT_AN_EDITOR = "you see this workbench as a viewer; somebody with the role of an editor can do this"
UNREADABLE = "the server's secrets.toml cannot be read, so nobody is let in; see the server's own output"


def login_required() -> bool:
    """Whether the secrets have a section [auth]."""
    return bool(section("auth"))


def role_of(user: Mapping[str, Any], roles: Mapping[str, Any]) -> str:
    """EDITOR, VIEWER or STRANGER, from the claims of the identity provider and the section [roles].

    An address that the provider marks as not verified matches no list.
    """
    if not user.get("is_logged_in"):
        return STRANGER
    email = str(user.get("email") or "").casefold()
    if user.get("email_verified") is False:
        email = ""
    if _listed(email, roles.get("editors", [])):
        return EDITOR
    return VIEWER if "viewers" not in roles or _listed(email, roles["viewers"]) else STRANGER


def role() -> str:
    """The role of this session's user."""
    if not login_required():
        return EDITOR
    return role_of(st.user.to_dict(), section("roles"))


def user_name() -> str:
    """The name of this session's user; empty where nobody has to log in."""
    return str(st.user.get("name") or st.user.get("email") or "") if login_required() else ""


def may_edit() -> bool:
    return role() == EDITOR


def require_editor() -> None:
    """InputError for a viewer, and where a login is required also for code that no page runs."""
    if not may_edit():
        raise InputError(NOT_AN_EDITOR)


def gate() -> None:
    """Require a login before any page is drawn, where one is configured."""
    try:
        if not login_required():
            return
    except InputError as error:
        st.error(f"{escape_markdown(error)}.", icon=":material/key_off:")
        st.stop()
    if not st.user.is_logged_in:
        st.title("MSM Workbench", anchor=False)
        st.markdown("Hide shots of a film, watch a model fill them in, and find out whether it understood the story.")
        st.button("Log in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()
    who = user_name()
    if role() == STRANGER:
        st.title("MSM Workbench", anchor=False)
        st.error("You are logged in, but not on the list of those who may see this workbench.", icon=":material/block:")
        st.text(f"Ask whoever runs it to add {st.user.get('email') or who}.")
        st.button("Log out", icon=":material/logout:", on_click=st.logout)
        st.stop()
    with st.sidebar:
        st.text(f"{who} ({role()})")
        st.button("Log out", icon=":material/logout:", on_click=st.logout)


def explain_viewer() -> bool:
    """Explain to a viewer that a form is left out; whether the user is one."""
    if may_edit():
        return False
    st.caption(f":material/visibility: {NOT_AN_EDITOR[0].upper()}{NOT_AN_EDITOR[1:]}.")
    return True


def _listed(email: str, patterns: Any) -> bool:
    patterns = [patterns] if isinstance(patterns, str) else list(patterns)
    return bool(email) and any(fnmatchcase(email, str(p).casefold()) for p in patterns)


def section(name: str) -> Mapping[str, Any]:
    """A section of the secrets; empty where there are no secrets at all.

    InputError where they cannot be read: a mistake in that file must not let everybody in.
    """
    try:
        return st.secrets.get(name) or {}
    except (OSError, ValueError) as error:  # Streamlit raises FileNotFoundError for a file with a mistake too
        if isinstance(error, FileNotFoundError) and not _has_secrets():
            return {}
        raise InputError(UNREADABLE) from None


def _has_secrets() -> bool:
    return any(Path(path).exists() for path in st.get_option("secrets.files"))
