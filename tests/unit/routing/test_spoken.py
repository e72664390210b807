"""Times as phones say them."""

import pytest

from ari_app.routing.spoken import moment

SUNDAY = 1_795_910_400.0  # 2026-11-29, midnight
DAY = 86_400.0


def said(at: float, now: float, language: str, east: float = 0.0) -> str:
    return " ".join(
        sound.removeprefix("sound:digits/").removeprefix("number:") for sound in moment(at, now, east, language)
    )


@pytest.mark.parametrize(
    ("hours", "english", "french"),
    [
        (0.0, "today at 12 oclock a-m", "today at 0 oclock"),
        (9.0 + 5 / 60, "today at 9 oh 5 a-m", "today at 9 oclock 5"),
        (12.0, "today at 12 oclock p-m", "today at 12 oclock"),
        (14.5, "today at 2 30 p-m", "today at 14 oclock 30"),
    ],
)
def test_english_counts_by_twelve_and_others_by_twenty_four(hours: float, english: str, french: str) -> None:
    at, now = SUNDAY + hours * 3600, SUNDAY + 15 * 3600
    assert said(at, now, "en") == said(at, now, "en_GB") == english
    assert said(at, now, "fr") == said(at, now, "") == french


def test_the_day_is_today_yesterday_a_day_of_the_week_or_a_date() -> None:
    at = SUNDAY + 14 * 3600
    days = [said(at, at + days * DAY, "fr").removesuffix(" at 14 oclock") for days in (0, 1, 2, 6, 7, -1)]
    assert days == ["today", "yesterday", "day-0", "day-0", "29 mon-10", "29 mon-10"]
    assert said(at, at + 7 * DAY, "en") == "mon-10 29 at 2 oclock p-m"


def test_it_is_the_day_and_the_hour_of_the_call_centre() -> None:
    assert said(SUNDAY - 1800, SUNDAY + 1800, "fr", 3600.0) == "today at 0 oclock 30"
    assert said(SUNDAY - 1800, SUNDAY + 1800, "fr") == "yesterday at 23 oclock 30"
