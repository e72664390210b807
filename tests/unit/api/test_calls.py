"""Requests about calls become commands, and what comes of them is shown as the agent sees it."""

from typing import Any

import pytest

from ari_app import tracing
from ari_app.calls import commands as c
from ari_app.routing.directory import Role
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import World, call, party

OFFER = {"target": "agent:bob", "caller_id": "support", "user_data": {"topic": "x"}}
OFFERED = {"target": parse_target("agent:bob"), "caller_id": "support", "user_data": {"topic": "x"}}
COMMANDS = [
    ("POST", "answer", None, c.Answer, {}),
    ("POST", "hold", None, c.Hold, {}),
    ("POST", "retrieve", None, c.Retrieve, {}),
    ("POST", "release", None, c.Release, {}),
    ("POST", "clear", None, c.Clear, {}),
    ("POST", "cancel", None, c.Cancel, {}),
    ("POST", "complete-transfer", None, c.CompleteTransfer, {}),
    ("POST", "complete-conference", None, c.CompleteConference, {}),
    ("POST", "alternate", None, c.Alternate, {}),
    ("POST", "reconnect", None, c.Reconnect, {}),
    ("POST", "single-step-transfer", OFFER, c.SingleStepTransfer, OFFERED),
    ("POST", "single-step-conference", OFFER, c.SingleStepConference, OFFERED),
    ("POST", "initiate-transfer", OFFER, c.InitiateTransfer, OFFERED),
    ("POST", "send-dtmf", {"digits": "1A*#"}, c.SendDtmf, {"digits": "1A*#", "party": None}),
    ("POST", "send-dtmf", {"digits": "1", "party": "p1"}, c.SendDtmf, {"digits": "1", "party": "p1"}),
    ("PATCH", "user-data", {"a": "1", "b": None}, c.ChangeUserData, {"changes": {"a": "1", "b": None}}),
    ("POST", "parties/p1/mute", None, c.MuteParty, {"party": "p1"}),
    ("POST", "parties/p1/unmute", None, c.UnmuteParty, {"party": "p1"}),
    ("POST", "parties/p1/deafen", None, c.DeafenParty, {"party": "p1"}),
    ("POST", "parties/p1/undeafen", None, c.UndeafenParty, {"party": "p1"}),
    ("POST", "parties/p1/hold", None, c.HoldParty, {"party": "p1"}),
    ("POST", "parties/p1/retrieve", None, c.RetrieveParty, {"party": "p1"}),
    ("POST", "parties/p1/send-dtmf", {"digits": "9"}, c.SendDtmf, {"digits": "9", "party": "p1"}),
    ("DELETE", "parties/p1", None, c.RemoveParty, {"party": "p1"}),
]


@pytest.fixture(autouse=True)
def two_calls(world: World) -> None:
    world.control.up["c1"] = call("c1", party("p1"), party("p2", "alice"))
    world.control.up["others"] = call("others", party("p3"), party("p4", "bob"))


@pytest.mark.parametrize(("method", "path", "body", "kind", "details"), COMMANDS)
async def test_each_operation_is_one_command(
    world: World, alice: str, method: str, path: str, body: Any, kind: Any, details: dict[str, Any]
) -> None:
    more = {} if body is None else {"json": body}
    answer = await world.ask(method, f"/v1/calls/c1/{path}", token=alice, **more)
    assert answer.status == (201 if path == "initiate-transfer" else 200)
    assert answer.json["id"] == "c1"
    (command,) = world.control.commands
    assert command == kind(id=command.id, by="alice", role=Role.AGENT, call="c1", **details)


async def test_a_new_call_is_created_with_its_place(world: World, alice: str) -> None:
    answer = await world.ask("POST", "/v1/calls", token=alice, json=OFFER)
    assert (answer.status, answer.headers["Location"]) == (201, "/v1/calls/new")
    (command,) = world.control.commands
    assert command == c.MakeCall(id=command.id, by="alice", **OFFERED)  # type: ignore[arg-type]


async def test_every_command_has_an_id_of_its_own(world: World, alice: str) -> None:
    for _ in range(3):
        await world.ask("POST", "/v1/calls/c1/hold", token=alice)
    assert len({command.id for command in world.control.commands}) == 3


async def test_agents_see_their_own_calls_and_supervisors_all(world: World, alice: str) -> None:
    mine = (await world.ask("GET", "/v1/calls", token=alice)).json["calls"]
    assert [x["id"] for x in mine] == ["c1"]
    assert [p["you"] for p in mine[0]["parties"]] == [False, True]
    for agent in ("erin", "admin"):
        everything = (await world.ask("GET", "/v1/calls", token=await world.token(agent))).json["calls"]
        assert [x["id"] for x in everything] == ["c1", "others"]


async def test_a_supervisor_commands_calls_that_they_are_not_in(world: World) -> None:
    answer = await world.ask("POST", "/v1/calls/others/clear", token=await world.token("erin"))
    assert answer.status == 200
    assert world.control.commands[0].role is Role.SUPERVISOR


async def test_a_call_that_is_over_is_shown_released(world: World, alice: str) -> None:
    world.control.outcome = lambda _: None
    answer = await world.ask("POST", "/v1/calls/c1/clear", token=alice)
    assert (answer.status, answer.json["state"], answer.json["actions"]) == (200, "released", [])


async def test_a_new_call_that_is_over_at_once_is_refused(world: World, alice: str) -> None:
    world.control.outcome = lambda _: None
    answer = await world.ask("POST", "/v1/calls", token=alice, json=OFFER)
    assert (answer.status, answer.code) == (409, "not_allowed_now")


async def test_whoever_released_sees_it_released_while_it_goes_on(world: World, alice: str) -> None:
    world.control.outcome = lambda _: call("c1", party("p1"), party("p3", "bob"))
    answer = await world.ask("POST", "/v1/calls/c1/release", token=alice)
    assert (answer.json["state"], answer.json["actions"]) == ("released", [])


async def test_of_a_call_whose_asterisk_is_away_nobody_says_that_there_is_none(world: World, alice: str) -> None:
    world.control.parts["asterisk"] = False
    answer = await world.ask("POST", "/v1/calls/elsewhere/hold", token=alice)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "asterisk_unavailable", "1")
    assert world.control.commands == []
    assert (await world.ask("POST", "/v1/calls/c1/hold", token=alice)).status == 200


async def test_a_command_is_of_the_trace_of_its_request_and_the_next_on_that_connection_of_its_own(
    world: World, alice: str
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traces: list[str] = []

    def noted(command: c.Command) -> None:
        traces.append(tracing.current())

    world.control.up["c1"] = call("c1", party("p1", "alice"))
    world.control.outcome = noted
    for headers in ({"traceparent": trace}, {}, {"traceparent": "nonsense"}):
        await world.ask("POST", "/v1/calls/c1/hold", token=alice, headers=headers)
    assert traces == [trace, "", ""]
