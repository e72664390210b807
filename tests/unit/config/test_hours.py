"""Opening hours in the administrator's file: what may be written, and the calendar that it becomes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, parse
from ari_app.routing.hours import Closed, Span, changes_after, open_at
from tests.support.callcentre import target

YEAR = datetime.now(UTC).year + 1
AGENTS = "agents: {alice: {name: Alice, phone: '1001', password: a}}\ngroups: {support: {name: Support}}\n"


def read(text: str) -> Configuration:
    return parse(AGENTS + text)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        read(text)
    return [f"{error.field} {error.message}" for error in caught.value.errors]


def at(text: str, zone: str = "Europe/Paris") -> float:
    return datetime.fromisoformat(f"{YEAR}-{text}").replace(tzinfo=ZoneInfo(zone)).timestamp()


OFFICE = """
hours:
  office:
    zone: Europe/Paris
    weekdays: [09:00-12:30, 14:00-18:00]
    friday: 09:00-12:30
    saturday: 22:00-02:00
    holidays: FR
    dates: {12-24: 09:00-11:00, 05-01: usual, "%d-12-24": closed, 02-29: closed}
"""


def test_hours_become_a_calendar_with_its_holidays_and_days_of_its_own() -> None:
    office = read(OFFICE % (YEAR + 1)).directory.hours["office"]
    assert office.week[0] == (Span(540, 750), Span(840, 1080))
    assert office.week[4] == (Span(540, 750),)
    assert office.week[5] == (Span(1320, 1560),)
    assert office.week[6] == ()
    assert not open_at(office, at("07-14 10:00"))
    assert not open_at(office, at("12-25 10:00"))
    assert open_at(office, at("12-24 10:00"))
    assert not open_at(office, at("12-24 11:30"))
    next_year = datetime(YEAR + 1, 12, 24, 10, tzinfo=ZoneInfo("Europe/Paris"))
    assert not open_at(office, next_year.timestamp())
    assert office.dates["05-01"] is None
    first_of_may = datetime(YEAR, 5, 1, tzinfo=UTC).toordinal()
    assert first_of_may not in office.days


def test_the_offsets_of_a_zone_are_those_of_the_time_zone_database() -> None:
    text = "hours: {{it: {{zone: {zone}, weekdays: 09:00-17:00}}}}"
    for zone in ("Europe/Paris", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata"):
        offsets = read(text.format(zone=zone)).directory.hours["it"].offsets
        for since, offset in offsets:
            for moment in (since, since + 1):
                found = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
                assert found is not None
                assert found.total_seconds() == offset
        for since, _ in offsets[1:]:
            before = datetime.fromtimestamp(since - 1, ZoneInfo(zone)).utcoffset()
            after = datetime.fromtimestamp(since, ZoneInfo(zone)).utcoffset()
            assert before != after


def test_a_region_has_holidays_that_its_country_has_not_and_they_may_be_working_days() -> None:
    text = "hours: {it: {zone: Europe/Berlin, weekdays: 09:00-17:00, holidays: [%s], on_holidays: %s}}"
    corpus_christi = datetime(2027, 5, 27, 12, tzinfo=UTC).timestamp()
    assert open_at(read(text % ("DE", "closed")).directory.hours["it"], corpus_christi)
    assert not open_at(read(text % ("DE-BY", "closed")).directory.hours["it"], corpus_christi)
    late = read(text % ("DE, DE-BY", "15:00-16:00")).directory.hours["it"]
    assert not open_at(late, corpus_christi)
    assert changes_after(late, corpus_christi) == datetime(2027, 5, 27, 13, tzinfo=UTC).timestamp()


def test_queues_groups_and_routing_points_have_hours_and_say_what_callers_get() -> None:
    text = """
hours: {office: {zone: UTC, weekdays: 00:00-24:00}}
queues:
  sales: {name: Sales, groups: [support], hours: office, closing: release, closed: {announcement: [custom/shut, bye]}}
  help: {name: Help, groups: [support]}
routing_points: {billing: {name: Billing, number: '4000', hours: office, closed: {to: queue:help}}}
"""
    directory = read(text).directory
    sales, billing = directory.queues["sales"], directory.routing_points["billing"]
    assert (sales.hours, sales.closed) == ("office", Closed("sound:custom/shut,sound:bye", None, release=True))
    assert billing.closed == Closed("", target("queue:help"))
    assert directory.calendar(target("queue:sales")) is directory.hours["office"]
    assert directory.calendar(target("queue:help")) is None
    assert directory.calendar(target("agent:alice")) is None
    assert directory.queues["help"].closed == Closed()
    assert directory.opened(target("skill:french")) is None


def test_a_queue_has_prompts_and_figures_of_its_own() -> None:
    text = """
announcements: {queue_next: next, closed: shut}
queues:
  sales:
    name: Sales
    groups: [support]
    announcements: {queue_welcome: custom/welcome, queue_next: you-are}
    comfort_every: 30
    wrap_up: 12
    service_level: 10
settings: {service_level: 20}
"""
    directory = read(text).directory
    sales = directory.queues["sales"]
    assert (sales.comfort_every, sales.wrap_up, sales.service_level) == (30, 12, 10)
    to = target("queue:sales")
    prompts = ("queue_welcome", "queue_next", "closed", "queue_comfort")
    assert [directory.sounds(to, prompt) for prompt in prompts] == [
        "sound:custom/welcome",
        "sound:you-are",
        "sound:shut",
        "",
    ]
    assert directory.sounds(target("group:support"), "queue_next") == "sound:next"
    assert (directory.service_level(to), directory.service_level(target("group:support"))) == (10, 20)


def test_numbers_have_a_priority() -> None:
    text = r"""
queues: {sales: {name: Sales, groups: [support]}}
priorities:
  gold: {priority: 10, numbers: ["+33612345678", 612345678], queues: [sales]}
  nuisance: {priority: -5, patterns: ['\+33899[0-9]+']}
"""
    gold, nuisance = read(text).directory.priorities
    assert gold.has("612345678", target("queue:sales"))
    assert not gold.has("612345678", target("group:support"))
    assert nuisance.has("+33899123456", target("group:support"))
    assert (gold.priority, nuisance.priority) == (10, -5)


def test_what_is_wrong_with_hours_is_said_where_it_stands() -> None:
    text = """
hours:
  a: {zone: Europe/Pariss, monday: 9-17, tuesday: 09:00-25:00, wednesday: [closed], thursday: 09:00-09:00}
  b: {zone: ../etc, holidays: [XX, DE-ZZ, fr], dates: {02-30: closed, 2027-13-01: closed, xmas: closed, 12-24: open}}
  c: {}
"""
    times = "must be closed, or times such as 09:00-12:30, one or a list of them"
    day = "must be a day such as 2027-05-14, or 12-24 for that of every year"
    region = "must be a country, perhaps with a region, whose holidays are known: FR, DE-BY"
    assert faults(text) == [
        f"hours.a.monday {times}; it is '9-17'",
        "hours.a.thursday must not end when it begins; a whole day is 00:00-24:00; it is '09:00-09:00'",
        f"hours.a.tuesday {times}; it is '09:00-25:00'",
        f"hours.a.wednesday {times}",
        "hours.a.zone is not a time zone such as Europe/Paris; it is 'Europe/Pariss'",
        f"hours.b.dates.02-30.[key] {day}; it is '02-30'",
        f"hours.b.dates.12-24 {times}; it is 'open'",
        f"hours.b.dates.2027-13-01.[key] {day}; it is '2027-13-01'",
        f"hours.b.dates.xmas.[key] {day}; it is 'xmas'",
        f"hours.b.holidays.0 {region}; it is 'XX'",
        f"hours.b.holidays.1 {region}; it is 'DE-ZZ'",
        f"hours.b.holidays.2 {region}; it is 'fr'",
        "hours.b.zone is not a time zone such as Europe/Paris; it is '../etc'",
        "hours.c.zone is missing",
    ]


def test_what_is_wrong_with_what_names_hours_is_said_too() -> None:
    text = """
hours: {office: {zone: UTC}}
queues:
  one: {name: One, groups: [support], hours: offices, closed: {to: queue:two}, announcements: {ready: beep}}
  two: {name: Two, groups: [support], closed: {to: queue:one}, closing: later}
  three: {name: Three, groups: [support], closed: {to: group:nowhere}}
priorities:
  gold: {priority: 10, numbers: ["+33612345678"], queues: [four]}
  none: {priority: 1}
  much: {priority: 1000, numbers: ["x"], patterns: ["("]}
"""
    found = faults(text)
    assert [f for f in found if f.startswith("queues.one")] == [
        "queues.one.announcements.ready is none of a queue's; there are: "
        "queue_comfort, queue_keys, queue_minutes, queue_next, queue_position, queue_wait, queue_waiting, "
        "queue_welcome",
        "queues.one.hours 'offices' is not one of the hours of this file",
    ]
    assert "queues.three.closed.to group:nowhere is not in this file" in found
    assert any(f.startswith("queues.two.closing must be 'finish' or 'release'") for f in found)
    assert "priorities.gold.queues.0 'four' is not one of the queues of this file" in found
    assert "priorities.none give numbers or patterns: nobody is on this list" in found
    assert any(f.startswith("priorities.much.priority must be less than or equal to 999") for f in found)
    assert any(f.startswith("priorities.much.patterns.0 is not a regular expression") for f in found)


def test_two_that_send_their_callers_to_each_other_while_closed_are_named() -> None:
    text = """
queues:
  one: {name: One, groups: [support], closed: {to: group:support}}
"""
    closed = AGENTS.replace("{name: Support}", "{name: Support, closed: {to: queue:one}}")
    with pytest.raises(ConfigInvalid) as caught:
        parse(closed + text)
    assert sorted(error.message for error in caught.value.errors) == [
        "callers would overflow in a ring: one → support → one",
        "callers would overflow in a ring: support → one → support",
    ]
