"""The day's own file, who calls in it, what SIPp notes, and docs/day.md."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ari_app.config.file import load
from ari_app.routing import hours as routing_hours
from ari_app.routing.targets import Target, TargetType
from tests.day import beside
from tests.day.__main__ import DEMO, hours_of, level_of, parse
from tests.day.callers import read
from tests.day.centre import FIRST, Hours, holiday_of, written, zone_at
from tests.day.page import Result, page
from tests.day.plan import DAY, PREFIX, Row, rows, scaled
from tests.day.spans import Bounds, Lateness
from tests.runner.steps import commands

BEGIN = datetime(2026, 11, 30, 23, 58, tzinfo=UTC)
"""Two minutes before midnight."""
QUEUE: dict[str, Any] = {
    "target": "queue:first", "offered": 3, "answered": 2, "short_abandons": 1, "abandoned": 0, "answered_in_time": 2,
    "longest_wait": 2.0, "talk": 8.0, "hold": 1.0, "wrap_up": 1.0,
    "service_level": {"numerator": 2, "denominator": 2, "value": 1.0},
    "abandonment": {"numerator": 0, "denominator": 2, "value": 0.0},
    "speed_of_answer": {"numerator": 3.0, "denominator": 2, "value": 1.5},
    "handle_time": {"numerator": 10.0, "denominator": 2, "value": 5.0},
}  # fmt: skip


def test_the_file_is_one_that_the_controller_takes_and_opens_the_queue_in_the_minutes_that_it_should(
    tmp_path: Path,
) -> None:
    hours = hours_of(DAY, BEGIN)
    (file := tmp_path / "callcentre.yaml").write_text(written(DEMO.read_text(), hours, (1.5, 2.25)))
    directory = load(file).directory
    calendar = directory.calendar(Target(TargetType.QUEUE, "first"))
    for number, minute in enumerate(DAY):
        at = (BEGIN + timedelta(minutes=number, seconds=30)).timestamp()
        assert routing_hours.is_open(calendar, None, at) is minute.open is hours.is_open(at)
    assert (directory.queues["first"].service_level, directory.queues["second"].service_level) == (1.5, 2.25)


def test_today_is_a_holiday_somewhere_or_the_queue_is_closed_otherwise() -> None:
    assert holiday_of(date(2026, 11, 30), {"GB": ["ENG", "SCT"], "FR": []}) == "GB-SCT"
    assert holiday_of(date(2026, 11, 29), {"FR": []}) is None
    nowhere = Hours("Europe/Paris", ((BEGIN, BEGIN + timedelta(minutes=1)),), None)
    assert "weekdays: closed" in written(DEMO.read_text(), nowhere)
    assert zone_at(datetime(2026, 11, 30, 18, 20, tzinfo=UTC)) == "America/St_Johns"
    with pytest.raises(ValueError, match="not once"):
        written("agents:\n", nowhere)


def test_so_many_call_each_with_a_number_of_their_own() -> None:
    day, dice = scaled(3_000), random.Random(1)
    who = [row for n, minute in enumerate(day) for kind in PREFIX for row in rows(minute, n, kind, dice)]
    assert abs(len(who) - 3_000) < 30
    assert len({row.number for row in who}) == len(who)
    assert FIRST in {row.dials for row in who}


def test_what_sipp_notes_is_read_each_message_once() -> None:
    at = "2026-11-30\t02:46:08.9\t17960067{}\t{}\t{}-x@127.0.0.1\tCSeq:{}\t{}"
    lines = [
        at.format("68.0", "S", 1, "1 INVITE", "INVITE sip:3801@h SIP/2.0"),
        at.format("68.5", "S", 1, "1 INVITE", "INVITE sip:3801@h SIP/2.0"),
        at.format("68.6", "R", 1, "1 INVITE", "SIP/2.0 200 OK"),
        at.format("69.0", "S", 2, "1 INVITE", "INVITE sip:3802@h SIP/2.0"),
        at.format("69.1", "R", 2, "1 INVITE", "SIP/2.0 200 OK"),
        at.format("70.0", "S", 2, "2 BYE", "BYE sip:3802@h SIP/2.0"),
        at.format("70.1", "R", 1, "7 BYE", "BYE sip:me@h SIP/2.0"),
    ]
    one, other = read(lines, [Row("+1", "3801"), Row("+2", "3802")])
    assert (one.number, one.sent, one.up, one.ended, one.by_caller) == (
        "+1",
        1796006768.0,
        1796006768.6,
        1796006770.1,
        False,
    )
    assert (other.dialled, other.ended, other.by_caller) == ("3802", 1796006770.0, True)


def test_the_edge_of_what_is_in_time_is_where_nobody_is() -> None:
    level = level_of([Bounds(1.0, 1.2), Bounds(2.0, 2.1), Bounds(5.0, 5.1)])
    assert 2.1 < level < 5.0
    assert level - 2.1 == pytest.approx(5.0 - level, abs=0.02)


def test_shares_are_made_of_what_stands_beside_them_and_intervals_add_up() -> None:
    assert beside.shares([QUEUE]) == []
    wrong = {**QUEUE, "abandonment": {"numerator": 1, "denominator": 2, "value": 0.5}}
    assert beside.shares([wrong]) == ["abandonment of queue:first"]
    assert beside.added_up([QUEUE], [QUEUE]) == []
    assert beside.added_up([QUEUE], [{**QUEUE, "offered": 2}]) == [
        "offered of queue:first: 2 in all intervals, 3 in the whole"
    ]


COUNTED = {
    **{name: Bounds(number, number) for name, number in (("offered", 3), ("answered", 2), ("short_abandons", 1))},
    "answered_in_time": Bounds(2, 2),
    "longest_wait": Bounds(1.9, 2.1),
    "talk": Bounds(7.9, 8.1),
    "hold": Bounds(0.9, 1.1),
    "wrap_up": Bounds(1, 1.1),
    "waited_answered": Bounds(2.9, 3.1),
}
RESULT = Result(
    day="2026-11-30", commit="abc", cores=2, seconds=481.0, callers=3_000, database_away=120.0, late=Lateness((0.01,)),
    found=Lateness((0.05,)), levels={"queue:first": 3.0}, figures=beside.queues([QUEUE], {"queue:first": COUNTED}),
    of_minutes=[], records=3_100, parts={"served": 2}, crossed=0, wrong=[],
)  # fmt: skip


def test_the_page_has_each_figure_beside_what_was_counted() -> None:
    text = page(RESULT)
    assert RESULT.good
    assert "| `offered` | 3 | 3 |" in text
    assert "| `talk` | 8.00 s | 7.90 to 8.10 |" in text
    assert "Not as it should be: nothing." in text


def test_a_figure_that_is_another_one_is_named_and_fails() -> None:
    (other,) = [each for each in RESULT.figures if each.name == "offered"]
    wrong = replace(RESULT, figures=[replace(other, reported=4.0)])
    assert not wrong.good
    assert "- queue:first, offered: 4 is reported, and 3 to 3 counted" in page(wrong)
    assert "| `offered` | 4 | **3** |" in page(wrong)
    assert not replace(RESULT, wrong=["x"]).good


def test_the_command_writes_its_page_and_all_notes_among_the_reports() -> None:
    (only,) = commands("day", ("--calls", "500"))
    assert only[2:] == ("tests.day", "--page", "/reports/day.page", "--notes", "/reports/day.json", "--calls", "500")
    assert parse([]).calls == 3_000
    with pytest.raises(SystemExit):
        parse(["--calls", "9"])
