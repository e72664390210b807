"""Who is to be called back, as those who oversee see it."""

from dataclasses import replace
from typing import Any

from ari_app.api.live import outcome
from ari_app.calls import commands as c
from ari_app.calls.model import (
    Call,
    CallBack,
    Identity,
    Offer,
    OfferKind,
    OfferState,
    Progress,
)
from ari_app.errors import Code, Refused
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import NOW, World, call, party

ZOE = Identity("Zoé", "+33612345678")


def to_be_called_back(call_id: str, *, state: OfferState = OfferState.WAITING, **more: Any) -> Call:
    """A call whose caller has hung up, and keeps the place."""
    back = {"tries": 0, "promised_at": NOW - 60.0, **more}
    offer = Offer("o1", OfferKind.CALL, parse_target("queue:sales"), None, ZOE, state)
    left = party("p1", progress=Progress.LEFT)
    kept = CallBack(ZOE, offer.target, expires_at=NOW + 3600.0, **back)
    return call(call_id, left, offer=offer, queued_at=NOW - 90.0, callback=kept)


async def test_they_are_listed_in_the_order_in_which_they_left_the_line(world: World) -> None:
    resting = {"tries": 1, "last": OfferState.BUSY, "next_at": NOW + 100.0, "promised_at": NOW - 90.0}
    world.control.up |= {
        "c1": to_be_called_back("c1"),
        "c2": to_be_called_back("c2", state=OfferState.NO_ANSWER, **resting),
        "c3": to_be_called_back("c3", reached=True),
        "c4": call("c4", party("p1")),
    }
    listed = (await world.ask("GET", "/v1/callbacks", token=await world.token("erin"))).json["callbacks"]
    assert [(each["call"], each["state"], each["tries"], each["last"]) for each in listed] == [
        ("c2", "resting", 1, "busy"),
        ("c1", "queued", 0, None),
    ]
    assert (listed[0]["number"], listed[0]["target"]) == ("+33612345678", "queue:sales")


async def test_one_is_ended_by_who_oversees_and_nobody_else(world: World, alice: str) -> None:
    world.control.up["c1"] = to_be_called_back("c1")
    assert (await world.ask("GET", "/v1/callbacks", token=alice)).code == "forbidden"
    assert (await world.ask("DELETE", "/v1/callbacks/c1", token=alice)).code == "forbidden"
    erin = await world.token("erin")
    assert (await world.ask("DELETE", "/v1/callbacks/c9", token=erin)).code == "not_found"
    assert (await world.ask("DELETE", "/v1/callbacks/c1", token=erin)).status == 200
    command = world.control.commands[-1]
    assert isinstance(command, c.Clear)
    assert (command.call, command.by, command.callback) == ("c1", "erin", True)


async def test_one_that_was_reached_is_not_ended(world: World) -> None:
    world.control.up["c1"] = to_be_called_back("c1", reached=True)

    def refuse(command: c.Command) -> Call | None:
        raise Refused(Code.NOT_ALLOWED_NOW, "nobody is to be called back for this call any more")

    world.control.outcome = refuse
    answer = await world.ask("DELETE", "/v1/callbacks/c1", token=await world.token("erin"))
    assert answer.code == "not_allowed_now"


async def test_the_queue_shows_how_many_wait_without_a_line_also_between_two_tries(world: World) -> None:
    world.control.up |= {
        "c1": to_be_called_back("c1"),
        "c2": to_be_called_back("c2", state=OfferState.NO_ANSWER, next_at=NOW + 9.0),
    }
    world.server.board.recount()
    live = (await world.ask("GET", "/v1/live", token=await world.token("erin"))).json["targets"]
    sales = next(target for target in live if target["target"] == "queue:sales")
    assert (sales["waiting"], sales["callbacks"], sales["oldest_queued_at"]) == (0, 2, None)


async def test_what_is_counted_of_them_is_the_queues_and_who_was_not_reached_has_not_given_up(world: World) -> None:
    waiting = to_be_called_back("c1")
    assert outcome(waiting, to_be_called_back("c1", reached=True), 20.0) == {}
    gone = call("c1", offer=waiting.offer, queued_at=NOW, callback=waiting.callback, ended=True)
    assert outcome(waiting, gone, 20.0) == {}
    assert waiting.callback is not None
    waited_again = replace(gone, callback=replace(waiting.callback, reached=True))
    assert outcome(waiting, waited_again, 20.0) == {"gone": 1}, "they answered, waited for another agent, and gave up"
    dialled = Offer("o2", OfferKind.CALL, parse_target("number:+33612345678"), "p2", ZOE, OfferState.ACCEPTED)
    talks = call("c1", offer=dialled, queued_at=NOW - 90.0, callback=waiting.callback, answered_at=NOW)
    world.server.board.call_changed(waiting, talks)
    live = (await world.ask("GET", "/v1/live", token=await world.token("erin"))).json["targets"]
    sales = next(target for target in live if target["target"] == "queue:sales")
    assert sales["service_level"]["denominator"] == 1
