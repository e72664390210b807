"""Lines for a terminal."""

from __future__ import annotations

import pytest

from ari_app.operations.text import fit, lasting, plain, table, width


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert plain("Zoé\x1b[2J\n\u202e") == "Zoé�[2J��"
    assert plain("張偉 Lefèvre") == "張偉 Lefèvre"


@pytest.mark.parametrize(("text", "columns"), [("Zoé", 3), ("Zoe\u0301", 3), ("張偉", 4), ("", 0)])
def test_wide_and_combining_characters_take_the_columns_that_they_take(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "fitted"),
    [("Zoé", 5, "Zoé  "), ("Zoé", 3, "Zoé"), ("Zoé Caller", 4, "Zoé…"), ("張偉", 3, "張…"), ("張偉", 2, "… ")],
)
def test_what_is_too_long_ends_in_an_ellipsis(text: str, columns: int, fitted: str) -> None:
    assert fit(text, columns) == fitted


def test_the_cells_that_say_least_give_way_first_as_far_as_they_can_be_read() -> None:
    rows = [("Zoé with a long name", "connected, muted by alice"), ("Bob", "connected")]
    assert table(rows, 44, first=0) == ["Zoé with a long …  connected, muted by alice", "Bob                connected"]
    assert table(rows, 30, first=0) == ["Zoé with a …  connected, mute…", "Bob           connected"]


def test_the_widest_cells_give_way_and_no_line_is_longer_than_the_terminal() -> None:
    rows = [("contact", "Zoé with a name that goes on and on", "+33612345678"), ("agent", "張偉", "")]
    assert table(rows, 160, "  ") == [
        "  contact  Zoé with a name that goes on and on  +33612345678",
        "  agent    張偉",
    ]
    narrow = table(rows, 40, "  ")
    assert narrow == ["  contact  Zoé with a nam…  +33612345678", "  agent    張偉"]
    assert table([], 80) == []
    assert [line.strip() for line in table([("ab", "cd")], 1)] == ["…  …"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-3, "0:00"), (7.9, "0:07"), (723, "12:03"), (3600, "1:00:00"), (90_061, "25:01:01")]
)
def test_how_long_something_lasts(seconds: float, shown: str) -> None:
    assert lasting(seconds) == shown
