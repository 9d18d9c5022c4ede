"""A name with the trailing dot of the DNS root is the same name."""

from __future__ import annotations

import pytest

from msm.serving import hosts
from workbench.server import trusted_hosts


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    monkeypatch.setattr(trusted_hosts.st, "get_option", {"browser.serverAddress": "films.studio.example"}.get)


@pytest.mark.parametrize("name", ["localhost", "filmserver", "films.local", "192.168.1.7", "films.studio.example"])
@pytest.mark.parametrize("port", ["", ":8501"])
def test_a_trailing_dot_changes_nothing_for_a_name_of_our_own(name, port):
    assert trusted_hosts.is_own_name(f"{name}{port}")
    assert trusted_hosts.is_own_name(f"{name}.{port}")


@pytest.mark.parametrize("name", ["evil.example", "local.evil.example", "notlocal.localx", "1.2.3.4.5"])
def test_a_trailing_dot_makes_no_foreign_name_our_own(name):
    assert not trusted_hosts.is_own_name(f"{name}.") and not trusted_hosts.is_own_name(f"{name}.:8501")


@pytest.mark.parametrize("ending", hosts.PRIVATE)
def test_a_private_ending_counts_only_as_a_whole_label(ending):
    assert trusted_hosts.is_own_name(f"films{ending}")
    assert not trusted_hosts.is_own_name(f"films.my{ending[1:]}x") and not trusted_hosts.is_own_name(
        f"a.films{ending[1:]}"
    )
