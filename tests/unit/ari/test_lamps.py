"""Lamps and numbers at Asterisk: written when it is there, removed when nobody has them."""

import asyncio
from typing import Any

from ari_app.agent_changes import numbers_with_lamps
from ari_app.ari.client import AriClient
from ari_app.ari.failures import NotFound, Unreachable
from ari_app.ari.http import HttpClient
from ari_app.ari.lamps import Lamps
from ari_app.routing.targets import parse_target
from tests.support.callcentre import directory
from tests.unit.engine.ends import turn


class Asterisk(AriClient):
    """Keeps device states; `deaf` to the next requests."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", HttpClient("ari", "secret"))
        self.states: dict[str, str] = {}
        self.written: list[str] = []
        self.deaf = 0

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        assert repository == "deviceStates"
        if self.deaf:
            self.deaf -= 1
            raise Unreachable("connection lost")
        if operation == "list":
            return [{"name": name, "state": state} for name, state in self.states.items()]
        name = str(arguments["deviceName"])
        self.written.append(name)
        if operation == "update":
            self.states[name] = str(arguments["deviceState"])
        elif name == "Stasis:2009@app":
            raise NotFound(404, "somebody else has removed it")
        else:
            del self.states[name]
        return None


async def settled() -> None:
    for _ in range(20):
        await turn()


async def test_an_agents_number_and_id_show_their_state_and_the_other_numbers_that_they_are_there() -> None:
    asterisk = Asterisk()
    lamps = Lamps(asterisk, "app")
    lamps.numbers({"1001": "alice", "1002": "bob", "2000": "group:support", "alice-desk": "carol"})
    lamps.show("alice", "NOT_INUSE")
    await settled()
    assert asterisk.states == {}, "it is not connected"
    lamps.show_all()
    await settled()
    assert asterisk.states == {
        "Stasis:1001@app": "NOT_INUSE",
        "Stasis:1002@app": "UNAVAILABLE",
        "Stasis:2000@app": "NOT_INUSE",
        "Stasis:numbers@app": "NOT_INUSE",
        "Stasis:alice": "NOT_INUSE",
    }
    assert asterisk.written.index("Stasis:numbers@app") > asterisk.written.index("Stasis:2000@app")
    lamps.show("alice", "INUSE")
    lamps.show("carol", "INUSE")
    await settled()
    assert (asterisk.states["Stasis:1001@app"], asterisk.states["Stasis:alice"]) == ("INUSE", "INUSE")
    assert asterisk.states["Stasis:carol"] == "INUSE"
    await asterisk.close()


async def test_a_number_that_is_no_more_is_removed_also_where_that_happened_while_nobody_was_connected() -> None:
    asterisk = Asterisk()
    asterisk.states = {
        f"Stasis:{name}": "NOT_INUSE"
        for name in ("1009@app", "2009@app", "1009@other", "@app", "door", "x@app", "1001")
    }
    lamps = Lamps(asterisk, "app")
    lamps.numbers({"1001": "group:a", "1002": "group:b"})
    lamps.show_all()
    await settled()
    assert "Stasis:1009@app" not in asterisk.states
    others = {"Stasis:1009@other", "Stasis:@app", "Stasis:door", "Stasis:x@app", "Stasis:1001"}
    assert others <= asterisk.states.keys(), "what is not ours stays"
    lamps.numbers({"1001": "group:a"})
    await settled()
    assert "Stasis:1002@app" not in asterisk.states
    assert "Stasis:1001@app" in asterisk.states
    await asterisk.close()


async def test_a_new_connection_writes_what_differs_alone_and_no_lamp_flickers_before_its_state_is_known() -> None:
    asterisk = Asterisk()
    asterisk.states = {"Stasis:1001@app": "INUSE", "Stasis:2000@app": "NOT_INUSE", "Stasis:numbers@app": "NOT_INUSE"}
    lamps = Lamps(asterisk, "app")
    lamps.numbers({"1001": "alice", "2000": "group:support"})
    lamps.show_all()
    await settled()
    assert asterisk.written == []
    lamps.show("alice", "BUSY")
    await settled()
    assert asterisk.written == ["Stasis:1001@app", "Stasis:alice"]
    await asterisk.close()


async def test_what_asterisk_did_not_take_is_written_with_the_next_state() -> None:
    asterisk = Asterisk()
    lamps = Lamps(asterisk, "app")
    asterisk.deaf = 1
    lamps.numbers({"2000": "group:support"})
    lamps.show_all()
    await settled()
    assert asterisk.states == {}
    lamps.show("alice", "BUSY")
    await settled()
    assert asterisk.states.keys() == {"Stasis:2000@app", "Stasis:numbers@app", "Stasis:alice"}
    lamps.close()
    await asterisk.close()


async def test_a_state_that_changes_while_it_is_written_is_written_again() -> None:
    asterisk = Asterisk()
    lamps = Lamps(asterisk, "app")
    lamps.show_all()
    lamps.show("alice", "RINGING")
    await turn()
    lamps.show("alice", "INUSE")
    lamps.numbers({"2000": "group:support"})
    lamps.numbers({})
    await settled()
    assert asterisk.states["Stasis:alice"] == "INUSE"
    assert "Stasis:2000@app" not in asterisk.states
    await asterisk.close()


async def test_who_becomes_free_and_is_rung_at_once_has_one_lamp_written_in_place_of_three() -> None:
    asterisk, looks = Asterisk(), asyncio.Queue[None]()
    lamps = Lamps(asterisk, "app", looks.get)
    lamps.show_all()
    looks.put_nowait(None)
    await settled()
    asterisk.written.clear()
    for lamp in ("NOT_INUSE", "RINGING", "INUSE"):
        lamps.show("alice", lamp)
        await settled()
    assert asterisk.written == []
    looks.put_nowait(None)
    await settled()
    assert (asterisk.written, asterisk.states["Stasis:alice"]) == (["Stasis:alice"], "INUSE")
    lamps.show("alice", "NOT_INUSE")
    looks.put_nowait(None)
    await settled()
    assert asterisk.states["Stasis:alice"] == "NOT_INUSE"
    lamps.close()
    await asterisk.close()


def test_the_numbers_are_those_of_agents_groups_queues_and_routing_points() -> None:
    found = numbers_with_lamps(directory())
    agents = {number for number, whose in found.items() if ":" not in whose}
    listed = directory()
    assert agents == {agent.phone for agent in listed.agents.values() if agent.phone}
    assert found.keys() == listed.numbers.keys()
    assert len(found) > len(agents)


async def test_the_number_of_what_is_closed_shows_so() -> None:
    asterisk = Asterisk()
    lamps = Lamps(asterisk, "app")
    lamps.numbers({"3000": "queue:sales"})
    lamps.show_opening(parse_target("queue:sales"), False)
    lamps.show_all()
    await settled()
    assert (asterisk.states["Stasis:3000@app"], asterisk.states["Stasis:queue:sales"]) == ("INUSE", "INUSE")
    lamps.show_opening(parse_target("queue:sales"), True)
    lamps.numbers({"3001": "queue:sales"})
    await settled()
    assert asterisk.states["Stasis:3001@app"] == "NOT_INUSE"
    await asterisk.close()


async def test_a_box_with_messages_that_nobody_has_heard_is_lit() -> None:
    asterisk = Asterisk()
    lamps = Lamps(asterisk, "app")
    lamps.show_messages({"support": 2, "sales": 0})
    lamps.show_all()
    await settled()
    assert asterisk.states["Stasis:voicemail:support"] == "INUSE"
    assert asterisk.states["Stasis:voicemail:sales"] == "NOT_INUSE"
    lamps.close()
    await asterisk.close()
