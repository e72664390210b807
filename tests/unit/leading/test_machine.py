"""When a controller leads, when it may act, and when it takes over: of the machine alone, second by second."""

import pytest

from ari_app.leading.machine import Inquiry, Leadership, Timing
from ari_app.store.leases import Lease, Renewal

T = Timing()
HELD = Lease(4, "other", "host:2")
ENDED = Lease(4)
NOW = 100.0


def watching(lease: Lease = HELD) -> Leadership:
    """A standby that has seen this at NOW."""
    machine = Leadership(T)
    machine.looked(lease, NOW)
    return machine


def leading(number: int = 5) -> Leadership:
    """A leader since NOW."""
    machine = watching(Lease(number - 1, released=True))
    machine.taken(number, NOW)
    assert machine.number == number
    return machine


def test_it_looks_as_long_as_another_leads() -> None:
    machine = Leadership(T)
    for n in range(50):
        assert machine.inquiry(NOW + n * T.look) is Inquiry.SEEK
        machine.looked(HELD, NOW + n * T.look)
    assert machine.number is None
    assert machine.pause(NOW + 50 * T.look) == T.look
    assert not machine.may_act(NOW)


def test_a_lease_that_ends_while_it_looks_on_is_taken_at_once_under_a_higher_number() -> None:
    machine = watching()
    machine.looked(ENDED, NOW + T.look)
    assert machine.inquiry(NOW + T.look) is Inquiry.TAKE
    assert machine.pause(NOW + T.look) == 0.0
    assert machine.pause(NOW + T.look, leads_another=True) == T.look
    assert machine.highest == 4
    machine.taken(5, NOW + T.look)
    assert machine.number == 5
    assert machine.inquiry(NOW + T.look) is Inquiry.RENEW
    assert machine.pause(NOW + T.look) == T.renew


def test_one_that_was_given_up_is_taken_at_once() -> None:
    assert watching(Lease(4, released=True)).inquiry(NOW) is Inquiry.TAKE


def test_it_looks_on_where_another_was_faster() -> None:
    machine = watching(Lease(4, released=True))
    machine.taken(None, NOW)
    assert machine.number is None
    assert machine.inquiry(NOW) is Inquiry.SEEK


@pytest.mark.parametrize("first", [ENDED, Lease(0)], ids=["ended", "empty"])
def test_whoever_begins_and_finds_nobody_gives_the_leader_time_to_renew(first: Lease) -> None:
    """Redis may just have come back, and the leader be well."""
    machine = watching(first)
    assert machine.inquiry(NOW) is Inquiry.SEEK
    machine.looked(first, NOW + T.lasts / 2)
    assert machine.inquiry(NOW + T.lasts / 2) is Inquiry.SEEK
    machine.looked(first, NOW + T.lasts)
    assert machine.inquiry(NOW + T.lasts) is Inquiry.TAKE


def test_a_store_that_was_away_says_nothing_of_who_leads_until_the_leader_could_renew() -> None:
    machine = watching()
    machine.unanswered(NOW + 0.1)
    machine.looked(ENDED, NOW + 0.2)
    assert machine.inquiry(NOW + 0.2) is Inquiry.SEEK
    machine.looked(ENDED, NOW + 0.2 + T.lasts / 2)
    machine.looked(ENDED, NOW + 0.2 + T.lasts)
    assert machine.inquiry(NOW + 0.2 + T.lasts) is Inquiry.TAKE


def test_so_is_a_store_that_was_emptied() -> None:
    machine = watching()
    for passed in (0.1, 0.7, 1.2):
        machine.looked(Lease(0), NOW + passed)
        assert machine.inquiry(NOW + passed) is Inquiry.SEEK
    machine.looked(HELD, NOW + 1.25)
    machine.looked(Lease(0), NOW + 1.3)
    assert machine.inquiry(NOW + 1.3) is Inquiry.SEEK
    machine.looked(Lease(0), NOW + 2.4)
    machine.looked(Lease(0), NOW + 2.5)
    assert machine.inquiry(NOW + 2.5) is Inquiry.TAKE
    assert machine.highest == 4


def test_one_given_up_before_the_last_that_was_seen_is_not_free_at_once_but_is_in_the_end() -> None:
    machine = watching()
    for passed in (0.1, 1.2):
        machine.looked(Lease(3, released=True), NOW + passed)
        assert machine.inquiry(NOW + passed) is Inquiry.SEEK
    machine.looked(Lease(3, released=True), NOW + 1.3)
    assert machine.inquiry(NOW + 1.3) is Inquiry.TAKE


def test_a_standby_that_stood_still_itself_watches_anew() -> None:
    machine = watching()
    machine.looked(ENDED, NOW + 60)
    assert machine.inquiry(NOW + 60) is Inquiry.SEEK
    machine.looked(ENDED, NOW + 61)
    machine.looked(ENDED, NOW + 61.3)
    assert machine.inquiry(NOW + 61.3) is Inquiry.TAKE


def test_a_leader_acts_as_long_as_it_has_inquired_lately() -> None:
    machine = leading()
    assert machine.may_act(NOW + T.trusted - 0.01)
    assert not machine.may_act(NOW + T.trusted + 0.01)
    machine.renewed(Renewal.KEPT, NOW + T.trusted)
    assert machine.may_act(NOW + T.trusted + 0.5)
    assert T.trusted < T.lasts


def test_a_leader_whose_store_is_away_goes_on() -> None:
    machine = leading()
    now = NOW
    for _ in range(100):
        now += T.renew + T.within
        machine.unanswered(now - T.within)
        assert machine.may_act(now + T.renew + T.within - 0.01), "it would stutter"
    assert machine.inquiry(now) is Inquiry.RENEW
    assert machine.number == 5


def test_a_leader_that_was_frozen_with_a_request_under_way_has_no_word_out_of_it() -> None:
    machine = leading()
    machine.unanswered(NOW + 0.1)
    assert not machine.may_act(NOW + 60)
    machine.renewed(Renewal.KEPT, NOW + 0.2)
    assert not machine.may_act(NOW + 60)


def test_a_leader_that_a_newer_one_followed_is_a_standby_and_may_follow_it() -> None:
    machine = leading(5)
    machine.renewed(Renewal.LOST, NOW + 1)
    assert machine.number is None
    assert not machine.may_act(NOW + 1)
    machine.looked(Lease(6, "other", ""), NOW + 1.1)
    machine.looked(Lease(6), NOW + 1.2)
    assert machine.inquiry(NOW + 1.2) is Inquiry.TAKE


def test_whoever_loses_the_application_to_one_of_us_follows_it_when_that_one_ends() -> None:
    machine = leading(5)
    machine.replaced(NOW + 1)
    assert machine.number is None
    machine.looked(Lease(6, "other", ""), NOW + 1.1)
    machine.looked(Lease(6), NOW + 1.2)
    assert machine.inquiry(NOW + 1.2) is Inquiry.TAKE


def test_a_lease_that_is_missed_in_another_way_is_missed_from_then() -> None:
    machine = Leadership(T)
    for tenth in range(10):
        machine.looked(Lease(4), NOW + tenth / 10)
    # Meanwhile it was renewed late, and the store was emptied: who leads has just learned that it does.
    for tenth in range(12):
        machine.looked(Lease(0), NOW + 1.3 + tenth / 10)
        assert machine.inquiry(NOW + 1.3 + tenth / 10) is Inquiry.SEEK
    machine.looked(Lease(0), NOW + 1.3 + T.lasts)
    assert machine.inquiry(NOW + 1.3 + T.lasts) is Inquiry.TAKE


def test_whoever_loses_it_to_somebody_without_a_lease_lets_them_be_for_a_while() -> None:
    machine = leading(5)
    machine.replaced(NOW)
    machine.looked(Lease(5, "me", ""), NOW + 0.1)
    for n in range(1, 100):
        machine.looked(Lease(5), NOW + n * 0.1 + 0.05)
        assert machine.inquiry(NOW + n * 0.1) is Inquiry.LOOK
    machine.looked(Lease(5), NOW + T.rest)
    assert machine.inquiry(NOW + T.rest) is Inquiry.TAKE


def test_what_comes_late_changes_nothing_for_a_standby() -> None:
    machine = watching()
    machine.replaced(NOW)
    machine.looked(ENDED, NOW + 0.1)
    assert machine.inquiry(NOW + 0.1) is Inquiry.TAKE


def test_it_is_a_standby_once_it_has_resigned() -> None:
    machine = leading()
    machine.resigned()
    assert machine.number is None


def test_who_leads_another_asterisk_takes_one_only_when_nobody_else_has_taken_it_for_as_long_as_a_lease() -> None:
    machine = watching()
    machine.looked(ENDED, NOW + T.look)
    assert machine.inquiry(NOW + T.look) is Inquiry.TAKE
    assert machine.inquiry(NOW + T.look, leads_another=True) is Inquiry.LOOK
    later = NOW + T.look + T.lasts
    machine.looked(ENDED, later - T.look)
    assert machine.inquiry(later - 0.01, leads_another=True) is Inquiry.LOOK
    assert machine.inquiry(later, leads_another=True) is Inquiry.TAKE


def test_one_that_nobody_ever_led_is_left_to_controllers_that_start_a_little_later() -> None:
    machine = Leadership(T)
    free = NOW + T.lasts + T.look
    for moment in (NOW, NOW + T.lasts - T.look, free):
        machine.looked(Lease(0), moment)
    assert machine.inquiry(free) is Inquiry.TAKE
    for n in range(1, 5):
        machine.looked(Lease(0), free + n)
    assert machine.inquiry(free + T.first - 0.01, leads_another=True) is Inquiry.LOOK
    assert machine.inquiry(free + T.first, leads_another=True) is Inquiry.TAKE


def sought(machine: Leadership, since: float, until: float, *, spare: bool = True) -> None:
    """Renewed four times a second, and each time somebody who leads none would have it."""
    for quarter in range(round((until - since) * 4) + 1):
        machine.renewed(Renewal.SOUGHT, since + quarter / 4, spare=spare)


def test_who_leads_several_hands_one_over_that_somebody_who_leads_none_has_sought_for_long_enough() -> None:
    machine = leading()
    sought(machine, NOW, NOW + T.settles)
    assert not machine.hands_over(NOW + T.settles - 0.01)
    assert machine.hands_over(NOW + T.settles)
    machine.resigned()
    assert not machine.hands_over(NOW + T.settles)


def test_it_is_kept_by_who_leads_no_other_or_hands_over_another_first() -> None:
    machine = leading()
    sought(machine, NOW, NOW + 60, spare=False)
    assert not machine.hands_over(NOW + 60)
    sought(machine, NOW + 60, NOW + 64)
    assert not machine.hands_over(NOW + 64)


@pytest.mark.parametrize("gap", ["nobody seeks it", "no answer", "the application is lost"])
def test_who_seeks_it_has_to_do_so_without_a_gap(gap: str) -> None:
    machine = leading()
    sought(machine, NOW, NOW + 3)
    match gap:
        case "nobody seeks it":
            machine.renewed(Renewal.KEPT, NOW + 3.25, spare=True)
        case "no answer":
            machine.unanswered(NOW + 3.25)
        case _:
            machine.replaced(NOW + 3.25)
            machine.taken(7, NOW + 3.25)
    sought(machine, NOW + 3.5, NOW + 8)
    assert not machine.hands_over(NOW + 8)


def test_one_that_leads_another_or_rests_seeks_none() -> None:
    assert watching().inquiry(NOW + 0.1, leads_another=True) is Inquiry.LOOK
    machine = leading()
    machine.replaced(NOW + 1)
    assert machine.inquiry(NOW + 1.1) is Inquiry.LOOK
    assert machine.inquiry(NOW + 1.1 + T.rest) is Inquiry.SEEK
