"""What a phone or a desktop may cost at most: calls to numbers outside at once, in a minute, and when logged out."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallId, Identity, Outside
from ari_app.routing.directory import CallerId, OutsideNumber
from ari_app.routing.entries import Fault
from ari_app.routing.outside import Ceilings, ClassOfService, Emergency, OutsideLimits, Place
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.office import NUMBER
from tests.support.world import World, to

MANY = Ceilings(100, 100)
COMPANY = CallerId("company", "Company", "+33100000000")
OUTSIDE = to(f"number:{NUMBER}")


def office(outside: OutsideLimits, *, max_calls: int = 9, **settings: object) -> World:
    """The call centre, where each may have so many calls."""
    small = directory((), outside=outside, **settings)
    agents = {name: replace(agent, max_calls=max_calls) for name, agent in small.agents.items()}
    return World(replace(small, agents=agents))


def dials(world: World, number: str = NUMBER, phone: str = "1001") -> Fault | None:
    """Somebody dials by hand; why they were turned away."""
    before = len(world.turned_away)
    world.arrives("dial", number, endpoint=phone)
    world.settle()
    return world.turned_away[-1].fault if len(world.turned_away) > before else None


def up(world: World) -> list[CallId]:
    """The calls that are up."""
    return list(world.switch.calls)


def test_a_phone_dials_so_many_numbers_outside_at_once_and_no_more_than_that() -> None:
    world = office(OutsideLimits(Ceilings(2, 100), MANY))
    assert [dials(world) for _ in range(3)] == [None, None, Fault.TOO_MANY_CALLS]
    assert dials(world, phone="1002") is None
    world.ask(c.Release, "alice", call=up(world)[0])
    assert dials(world) is None


def test_a_desktop_has_the_same_ceilings_as_the_phone() -> None:
    world = office(OutsideLimits(Ceilings(2, 100), MANY))
    world.phone("alice", Behaviour.ANSWER)
    assert dials(world) is None
    world.ask(c.MakeCall, "alice", target=OUTSIDE)
    assert world.refused(c.MakeCall, "alice", target=OUTSIDE) == "too_many"
    assert world.refused(c.InitiateTransfer, "alice", call=up(world)[-1], target=OUTSIDE) == "too_many"
    assert dials(world) is Fault.TOO_MANY_CALLS


def test_a_call_passed_on_outside_counts_for_who_passed_it_on_as_long_as_it_lasts() -> None:
    world = office(OutsideLimits(Ceilings(2, 100), MANY), outside_may_continue=True)
    world.arrives("agent", "alice", leg="in1")
    world.phone("alice", Behaviour.ANSWER)
    world.settle()
    (call,) = up(world)
    world.ask(c.SingleStepTransfer, "alice", call=call, target=OUTSIDE)
    world.settle()
    assert dials(world) is None
    assert dials(world) is Fault.TOO_MANY_CALLS


def test_only_so_many_numbers_are_dialled_in_a_minute_however_short_the_calls_are() -> None:
    world = office(OutsideLimits(Ceilings(100, 3), MANY))
    for _ in range(3):
        assert dials(world) is None
        world.ask(c.Release, "alice", call=up(world)[0])
    assert dials(world) is Fault.RATE_LIMITED
    assert world.refused(c.MakeCall, "alice", target=OUTSIDE) == "rate_limited"
    world.pass_time(61)
    assert dials(world) is None


@pytest.mark.parametrize(
    ("everybody", "fault"), [(Ceilings(2, 100), Fault.TOO_MANY_CALLS), (Ceilings(100, 2), Fault.RATE_LIMITED)]
)
def test_all_phones_together_have_a_ceiling_too(everybody: Ceilings, fault: Fault) -> None:
    world = office(OutsideLimits(MANY, everybody))
    assert [dials(world, phone=phone) for phone in ("1001", "1002", "1003")] == [None, None, fault]


def test_the_ceilings_hold_for_calls_that_an_earlier_controller_has_left() -> None:
    world = office(OutsideLimits(Ceilings(1, 100), MANY))
    assert dials(world) is None
    world.restart()
    world.settle()
    assert dials(world) is Fault.TOO_MANY_CALLS


def test_colleagues_are_called_whatever_the_ceilings_for_numbers_outside_are() -> None:
    world = office(OutsideLimits(Ceilings(0, 0), MANY, dial_when_logged_out=False))
    assert dials(world, "1002") is None
    world.feed(s.AgentLoggedOut("alice"))
    assert dials(world, "1003") is None
    assert dials(world) is Fault.LOGGED_OUT


def test_whoever_is_logged_out_calls_nobody_outside_where_the_administrator_wants_that() -> None:
    world = office(OutsideLimits(MANY, MANY, dial_when_logged_out=False))
    world.feed(s.AgentLoggedOut("alice"))
    assert dials(world) is Fault.LOGGED_OUT
    assert world.refused(c.MakeCall, "alice", target=OUTSIDE) == "not_allowed_now"
    assert dials(world, phone="1002") is None
    world.feed(s.AgentLoggedIn("alice"))
    assert dials(world) is None


def test_a_class_of_service_has_ceilings_of_its_own() -> None:
    world = office(OutsideLimits(MANY, MANY))
    alice = replace(world.directory.agents["alice"], class_of_service="trainee")
    world.configure(
        replace(
            world.directory,
            agents={**world.directory.agents, "alice": alice},
            classes_of_service={"trainee": ClassOfService(calls=1)},
        )
    )
    assert [dials(world), dials(world), dials(world, phone="1002")] == [None, Fault.TOO_MANY_CALLS, None]


def test_an_emergency_is_dialled_by_who_is_logged_out_and_has_all_calls_they_may_have() -> None:
    emergency = Emergency(frozenset({"112"}))
    nothing = OutsideLimits(Ceilings(0, 0), Ceilings(0, 0), dial_when_logged_out=False)
    world = office(nothing, max_calls=1, emergency=emergency)
    assert isinstance(world.directory.entry(to("number:112"), "alice"), OutsideNumber)
    assert dials(world, "1002") is None
    world.feed(s.AgentLoggedOut("alice"))
    assert dials(world, "1003") is Fault.TOO_MANY_CALLS
    assert dials(world, "112") is None
    world.phone("alice", Behaviour.ANSWER)
    world.ask(c.MakeCall, "alice", target=to("number:112"))
    assert world.emergencies == [e.EmergencyDialled("alice", "1001", "112")] * 2


@pytest.mark.parametrize(
    ("places", "company", "shown"),
    [
        ((Place("+332", frozenset({"group:support"})),), COMPANY, Identity("Company", "+332")),
        ((Place("+332", frozenset({"group:sales"})),), COMPANY, Identity("Company", "+33100000000")),
        ((Place("+332"),), None, Identity("", "+332")),
        ((), None, Identity(anonymous=True)),
    ],
)
def test_emergency_services_see_a_number_that_they_can_call_back_whatever_identity_was_chosen(
    places: tuple[Place, ...], company: CallerId | None, shown: Identity
) -> None:
    world = office(OutsideLimits(), emergency=Emergency(frozenset({"112"}), places), company=company)
    world.phone("alice", Behaviour.ANSWER)
    world.ask(c.MakeCall, "alice", target=to("number:112"), caller_id="anonymous")
    leg = next(leg for leg in world.switch.legs.values() if isinstance(leg.destination, Outside))
    assert leg.shown == shown
