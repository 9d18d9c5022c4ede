from msm.cli.tables import text_table


def test_a_narrow_terminal_wraps_no_name_and_a_colour_terminal_gets_no_colour(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    name = "a name of many words " * 20 + "end"
    lines = text_table(["title", "shots"], [[name, 1200], ["[red]b[/red] :film:", 7]]).splitlines()
    assert lines == [
        "title".ljust(len(name)) + "  shots",
        name + "  1,200",
        "[red]b[/red] :film:".ljust(len(name)) + "      7",
    ]


def test_columns_of_wide_characters_line_up_as_a_terminal_shows_them():
    lines = text_table(["title", "n"], [["映画", "1"], ["film", "2"]]).splitlines()
    assert lines == ["title  n", "映画   1", "film   2"]
