"""A window is notified at once of every change of the targets that it shows, and of no others (S5)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.e2e.office import Office

WITHIN = 5.0

type Json = dict[str, Any]


class Window:
    """One event stream. Every event must have the next number; `targets` is what the window now shows."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.seq: int | None = None
        self.targets: dict[str, Json] = {}
        self.reported: set[str] = set()

    async def next(self, since: int | None = None) -> Json:
        event: Json = await self.socket.receive_json(timeout=WITHIN)
        if since is not None:
            self.seq = since
        if event["type"] != "snapshot":
            assert event["seq"] == (self.seq or 0) + 1, event
        self.seq = event["seq"]
        if event["type"] == "subscribed" and event["targets"] is not None:
            self.targets = {target["target"]: target for target in event["targets"]}
        elif event["type"] == "target.updated":
            self.reported.add(event["target"])
            self.targets.setdefault(event["target"], {}).update(available=event["available"], state=event["state"])
        return event

    async def until(self, holds: Callable[[], bool]) -> None:
        """Read events until it is so."""
        async with asyncio.timeout(WITHIN):
            while not holds():
                await self.next()

    async def says(self, **message: object) -> Json:
        """Send it; the answer, which may come after other events."""
        await self.socket.send_json(message)
        async with asyncio.timeout(WITHIN):
            while (event := await self.next())["type"] not in ("subscribed", "error"):
                pass
        return event

    def available(self, target: str) -> object:
        return self.targets.get(target, {}).get("available")

    def state(self, target: str) -> object:
        return self.targets.get(target, {}).get("state")


@asynccontextmanager
async def window(office: Office, agent: str, **query: str) -> AsyncIterator[Window]:
    """A window of an agent that has begun."""
    async with aiohttp.ClientSession() as session:
        token = await office.stack.login(session, agent)
        address = f"{office.stack.api}/v1/events"
        async with session.ws_connect(address, params={"token": token, **query}) as socket:
            yield Window(socket)


async def test_every_open_window_is_notified_of_a_count_that_changed_s5(office: Office) -> None:
    async with (
        window(office, "alice", targets="group:support,agent:bob") as by_list,
        window(office, "frank", q="support") as by_search,
        window(office, "erin") as of_all,
        window(office, "dave", targets="group:sales") as elsewhere,
    ):
        windows = (by_list, by_search, of_all)
        for each in (*windows, elsewhere):
            assert (await each.next())["type"] == "snapshot"
        for each in (by_list, by_search, elsewhere):
            assert (await each.next())["type"] == "subscribed"
        before = by_list.available("group:support")
        assert isinstance(before, int)
        (bob,) = await office.agents("bob")
        for each in windows:
            await each.until(lambda w=each: w.available("group:support") == before + 1)  # type: ignore[misc]
        await by_list.until(lambda: by_list.state("agent:bob") == "ready")
        await bob.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
        for each in windows:
            await each.until(lambda w=each: w.available("group:support") == before)  # type: ignore[misc]
        (dave,) = await office.agents("dave")
        await elsewhere.until(lambda: "group:sales" in elsewhere.reported)
        assert by_list.reported == {"group:support", "agent:bob"}
        assert elsewhere.reported == {"group:sales"}
        assert dave.me["state"] == "ready"


async def test_an_agent_who_takes_a_call_is_reported_as_a_target_s5(office: Office) -> None:
    bob, carol = await office.agents("bob", "carol")
    async with window(office, "alice", targets="agent:bob,skill:english>=5") as desk:
        await desk.next()
        await desk.next()
        assert desk.state("agent:bob") == "ready"
        caller = await office.caller()
        caller.dial("1002")
        await desk.until(lambda: desk.state("agent:bob") == "ringing")
        await bob.phone.answer()
        await desk.until(lambda: desk.state("agent:bob") == "on_call")
        await bob.do("release")
        await desk.until(lambda: desk.state("agent:bob") == "ready")
        await carol.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "lunch"})
        await desk.until(lambda: "skill:english>=5" in desk.reported)


async def test_a_window_changes_what_it_shows_and_a_wrong_message_changes_nothing(office: Office) -> None:
    async with window(office, "alice") as desk:
        await desk.next()
        assert (await desk.says(type="subscribe", targets=["group:support"]))["type"] == "subscribed"
        refused = await desk.says(type="subscribe", targets=["group:nowhere"])
        assert (refused["type"], refused["problem"]["code"]) == ("error", "unknown_target")
        await desk.socket.send_str(json.dumps("hello"))
        assert (await desk.next())["problem"]["code"] == "invalid"
        desk.reported.clear()
        await office.agents("bob")
        await desk.until(lambda: "group:support" in desk.reported)
        assert desk.reported == {"group:support"}
        found = await desk.says(type="subscribe", q="sal", types=["queue"])
        assert [target["target"] for target in found["targets"]] == ["queue:sales"]


async def test_a_window_that_was_lost_resumes_with_what_it_shows(office: Office) -> None:
    async with window(office, "alice", targets="group:support") as desk:
        await desk.next()
        seq = (await desk.next())["seq"]
        before = desk.available("group:support")
    assert isinstance(before, int)
    await office.agents("bob", "carol")
    async with window(office, "alice", since=str(seq)) as desk:
        # Of what happened meanwhile, in order: alice's own state may be among it, a snapshot may not.
        event = await desk.next(since=seq)
        assert event["type"] != "snapshot"
        await desk.until(lambda: desk.available("group:support") == before + 2)
        assert desk.reported == {"group:support"}


async def test_whom_one_called_is_recent_and_whom_one_marked_a_favourite(office: Office) -> None:
    alice, _bob = await office.agents("alice", "bob")
    await alice.dials("agent:bob")
    await alice.do("cancel")
    recent = await alice.command("GET", "/v1/targets?recent=true&limit=1")
    assert [target["target"] for target in recent["targets"]] == ["agent:bob"]
    await alice.command("PUT", "/v1/me/favourites/queue:sales")
    marked = await alice.command("GET", "/v1/targets?favourite=true")
    assert "queue:sales" in [target["target"] for target in marked["targets"]]
    await alice.command("DELETE", "/v1/me/favourites/queue:sales")
    marked = await alice.command("GET", "/v1/targets?favourite=true")
    assert "queue:sales" not in [target["target"] for target in marked["targets"]]
