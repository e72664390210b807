"""Which phones can ring, out of Asterisk's events: one that moves to another place was never away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from ari_app.ari.asterisk import AsteriskSettings
from ari_app.ari.client import AriClient
from ari_app.ari.figures import NoFigures
from ari_app.ari.liveness import PlaceStatus
from ari_app.ari.presence import MOVES_WITHIN, Presence
from tests.unit.ari.laned import HTTP, serving

OLD, NEW = "sip:1001@127.0.0.1:5062", "sip:1001@127.0.0.1:5063"


class Timer:
    def __init__(self, do: Callable[[], None]) -> None:
        self.do = do
        self.off = False

    def cancel(self) -> None:
        self.off = True


class Bench:
    def __init__(self) -> None:
        self.reported: list[tuple[str, bool]] = []
        self.places: list[tuple[str, PlaceStatus]] = []
        self.timers: list[Timer] = []
        settings = AsteriskSettings("http://127.0.0.1:1", "ari", "secret")
        self.presence = Presence(
            settings, lambda user, can: self.reported.append((user, can)), self._place, self._later
        )

    def _place(self, user: str, uri: str, is_now: PlaceStatus, /) -> None:
        self.places.append((uri, is_now))

    def _later(self, seconds: float, do: Callable[[], None]) -> Timer:
        assert seconds == MOVES_WITHIN
        self.timers.append(Timer(do))
        return self.timers[-1]

    def event(self, state: str, place: str | None = None, status: str = "", phone: str = "1001") -> None:
        event: dict[str, object] = {"endpoint": {"technology": "PJSIP", "resource": phone, "state": state}}
        if place is not None:
            event["contact_info"] = {"uri": place, "contact_status": status}
        self.presence.link_event(event)

    def a_moment_passes(self) -> None:
        for timer in self.timers:
            if not timer.off:
                timer.do()
        self.timers.clear()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.presence.stop()


def test_a_phone_that_moves_to_another_place_was_never_away(bench: Bench) -> None:
    bench.event("offline", OLD, "Removed")
    bench.event("offline")
    bench.event("online", NEW, "Reachable")
    bench.a_moment_passes()
    assert bench.reported == [("1001", True)]
    assert bench.places == [(OLD, PlaceStatus.REMOVED), (NEW, PlaceStatus.THERE)]


def test_a_phone_that_is_gone_is_reported_gone_after_a_moment_and_once(bench: Bench) -> None:
    bench.event("offline", OLD, "Unreachable")
    bench.event("offline")
    assert bench.reported == []
    bench.a_moment_passes()
    assert bench.reported == [("1001", False)]
    bench.event("online", OLD, "Reachable")
    assert bench.reported == [("1001", False), ("1001", True)]


def test_a_page_that_is_gone_is_reported_gone_at_once_and_there_again_when_it_is_back(bench: Bench) -> None:
    bench.event("offline", phone="1001-page")
    assert bench.reported == [("1001-page", False)]
    bench.event("online", phone="1001-page")
    bench.a_moment_passes()
    assert bench.reported == [("1001-page", False), ("1001-page", True)]


def test_what_is_no_phone_is_passed_over(bench: Bench) -> None:
    bench.presence.link_event({"type": "PeerStatusChange", "endpoint": {"technology": "Local", "resource": "x"}})
    bench.presence.link_event({"type": "PeerStatusChange"})
    assert bench.reported == []


class Listing(AriClient):
    """Lists these phones."""

    def __init__(self) -> None:
        self.listed: list[dict[str, str]] = []
        self.requested = asyncio.Event()

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        self.requested.set()
        return self.listed

    def open_lanes(self, application: str) -> None:
        pass


async def test_a_phone_that_a_restart_of_asterisk_has_forgotten_is_gone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Listing()
    monkeypatch.setattr(bench.presence, "_client", client)

    async def list_(*phones: str) -> None:
        client.listed = [{"resource": phone, "state": "online"} for phone in phones]
        bench.presence.link_up([], [])
        assert bench.presence._listing is not None
        await bench.presence._listing

    await list_("1001", "1001-page")
    assert bench.reported == [("1001", True), ("1001-page", True)]
    await list_("1001")
    assert bench.reported[2:] == [("1001", True), ("1001-page", False)]
    await list_("1001")
    assert bench.reported[4:] == [("1001", True)]
    monkeypatch.undo()


class Opening(NoFigures):
    """Which lanes are open."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[str] = asyncio.Queue()

    def lane(self, number: str, *, is_open: bool) -> None:
        if is_open:
            self.opened.put_nowait(number)


async def test_lamps_have_a_lane_of_their_own_and_http_while_that_is_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as asterisk, asyncio.timeout(5):
        figures = Opening()
        settings = AsteriskSettings(asterisk.url.removesuffix("/ari"), "ari", "secret", lanes=4, figures=figures)
        presence = Presence(settings, lambda user, can: None, lambda user, uri, is_now: None)

        async def call(repository: str, operation: str, **arguments: str) -> list[object]:
            if operation == "update":
                where = f"{asterisk.url}/{repository}/{arguments['deviceName']}"
                await presence._client.http.request("PUT", where, {"deviceState": arguments["deviceState"]})
            return []

        monkeypatch.setattr(presence._client, "call", call)
        presence.link_up([], [])
        assert await figures.opened.get() == "lamps-1"
        presence.lamps.show("alice", "RINGING")
        await asterisk.arrived("deviceStates/Stasis:alice")
        presence.link_down(fenced=False)
        presence.lamps.show("bob", "RINGING")
        await asterisk.arrived("deviceStates/Stasis:bob")
        assert asterisk.carrier("deviceStates/Stasis:alice").startswith("callcontrol-presence-lane-lamps-1-")
        assert asterisk.carrier("deviceStates/Stasis:bob") == HTTP
        assert figures.opened.empty()
        await presence.stop()
