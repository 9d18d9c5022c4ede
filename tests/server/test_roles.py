"""Roles: whom the lists let in, and as what; and that a slip in the secrets closes the door instead of opening it."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from msm.errors import InputError
from workbench.server import jobs, roles
from workbench.server.roles import EDITOR, STRANGER, VIEWER, role_of

ROLES = {"editors": ["ann@studio.example"], "viewers": ["*@studio.example"]}


def user(email: str, **more: object) -> dict[str, object]:
    return {"is_logged_in": True, "email": email, **more}


@pytest.mark.parametrize(
    ("who", "roles", "role"),
    [
        (user("ann@studio.example"), ROLES, EDITOR),
        (user("Ann@Studio.Example"), ROLES, EDITOR),
        (user("bob@studio.example"), ROLES, VIEWER),
        (user("bob@studio.example.evil.example"), ROLES, STRANGER),
        (user("ann@studio.example", email_verified=False), ROLES, STRANGER),
        (user("ann@studio.example", email_verified=False), {"editors": ["*"]}, VIEWER),
        (user("bob@elsewhere.example"), {"editors": ROLES["editors"]}, VIEWER),
        (user("bob@elsewhere.example"), {}, VIEWER),
        (user(""), {"editors": ["*"], "viewers": ["*"]}, STRANGER),
        ({"is_logged_in": False, "email": "ann@studio.example"}, ROLES, STRANGER),
        ({}, {"editors": ["*"]}, STRANGER),
        (user("ann@studio.example"), {"editors": "ann@studio.example"}, EDITOR),
    ],
)
def test_the_lists_decide(who, roles, role):
    assert role_of(who, roles) == role


@pytest.fixture
def secrets_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Writes a secrets.toml and makes Streamlit read that one."""

    path = tmp_path / "secrets.toml"
    monkeypatch.chdir(tmp_path)  # where Streamlit looks, beside the home folder
    monkeypatch.setattr(
        st.config,
        "get_option",
        lambda key, real=st.config.get_option: [str(path)] if key == "secrets.files" else real(key),
    )
    monkeypatch.setattr(st, "get_option", st.config.get_option)
    st.secrets._reset()
    yield lambda text: (path.write_text(text, encoding="utf-8"), st.secrets._reset())
    st.secrets._reset()


def test_without_secrets_the_machines_user_is_an_editor(secrets_at):
    assert not roles.login_required() and roles.may_edit()


def test_secrets_that_cannot_be_read_let_nobody_in(secrets_at):
    secrets_at("[auth\nclient_id = ")
    with pytest.raises(InputError, match="nobody is let in"):
        roles.login_required()


def test_secrets_that_are_no_text_or_a_folder_let_nobody_in(secrets_at, tmp_path):
    (tmp_path / "secrets.toml").write_bytes(b"[auth]\nclient_id = '\xff'")
    with pytest.raises(InputError, match="nobody is let in"):
        roles.login_required()
    (tmp_path / "secrets.toml").unlink()
    (tmp_path / "secrets.toml").mkdir()
    with pytest.raises(InputError, match="nobody is let in"):
        roles.login_required()


def test_code_outside_of_a_page_starts_no_job_where_a_login_is_required(secrets_at, tmp_path):
    secrets_at('[auth]\nclient_id = "x"')
    with pytest.raises(InputError, match="viewer"):
        jobs.prepare(tmp_path / "jobs", "train")


def page_that_starts_a_job() -> None:
    from pathlib import Path

    import streamlit as st

    from msm.errors import InputError
    from workbench.server import jobs

    try:
        jobs.prepare(Path(st.session_state["folder"]), "train")
    except InputError as error:
        st.error(str(error))


def test_a_viewer_cannot_start_a_job_whatever_the_page_forgot(secrets_at, tmp_path, monkeypatch):
    monkeypatch.setattr(roles, "role", lambda: VIEWER)
    at = AppTest.from_function(page_that_starts_a_job, default_timeout=30)
    at.session_state["folder"] = str(tmp_path / "jobs")
    at.run()
    assert roles.NOT_AN_EDITOR in at.error[0].value
    assert jobs.list_jobs(tmp_path / "jobs") == [] and not (tmp_path / "jobs").exists()
