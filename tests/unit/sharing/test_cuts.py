"""A cut between the call centre and the leader of another Asterisk, and a call centre that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from ari_app.calls import effects as e
from ari_app.sharing import remote
from ari_app.sharing.remote import PATH
from ari_app.sharing.telling import NUMBER
from ari_app.store.leases import Lease
from tests.unit.sharing.test_following import CALL, HOST, WAIT, Centre, Leaders, Led, until


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.0)


@asynccontextmanager
async def following() -> AsyncIterator[tuple[Led, Leaders, Centre]]:
    """A leader that has a call, and the call centre that follows it."""
    led, leaders = Led(), Leaders()
    led.change(CALL)
    led.teller.begun()
    leaders.lead(await led.start())
    centre = Centre(leaders)
    await until(centre.remote.known())
    yield led, leaders, centre
    await centre.stop()
    await led.stop()


async def cut(leaders: Leaders, centre: Centre) -> Lease:
    """The leader goes on, and is not reached any more; where it is."""
    before = leaders.leader
    leaders.leader = Lease(before.number, before.owner, f"http://{HOST}:1")
    assert centre.remote._socket is not None
    await centre.remote._socket.close()
    await until(centre.remote.lost.wait())
    return before


async def test_a_file_that_is_read_again_during_a_cut_is_read_by_the_other_leader_after_it() -> None:
    async with following() as (led, leaders, centre):
        await until(led.read.wait())
        led.read.clear()
        before = await cut(leaders, centre)
        await centre.remote.read_anew()
        leaders.lead(before)
        await until(led.read.wait())


async def test_an_emergency_that_is_dialled_during_a_cut_is_shown_after_it() -> None:
    async with following() as (led, leaders, centre):
        before = await cut(leaders, centre)
        while led.teller._messages is not None:  # noqa: ASYNC110 - nobody reports that the leader has noticed
            await asyncio.sleep(0)
        emergency = e.EmergencyDialled("alice", "1001", "112")
        led.teller.emergency_dialled(emergency)
        leaders.lead(before)
        await centre.shown.sees(emergency)


@asynccontextmanager
async def stands_still(led: Led) -> AsyncIterator[None]:
    """A call centre that follows, and reads no more, with much that it was sent."""
    async with aiohttp.ClientSession() as session:
        old = await session.ws_connect(f"http://{HOST}:{led.port}{PATH}b", headers={NUMBER: "1"}, autoping=False)
        await old.receive()
        assert old._conn is not None
        assert old._conn.transport is not None
        old._conn.transport.pause_reading()
        for _ in range(15_000):
            led.teller.talk_changed(CALL)
        assert led.teller._socket is not None
        yield


async def test_a_new_call_centre_is_served_at_once_where_the_one_before_stands_still() -> None:
    led, leaders = Led(), Leaders()
    led.change(CALL)
    led.teller.begun()
    leaders.lead(await led.start())
    async with stands_still(led):
        new = Centre(leaders, 2)
        async with asyncio.timeout(WAIT):
            await new.remote.known()
        await new.stop()
    await led.stop()


async def test_a_leader_stops_in_time_where_the_call_centre_stands_still() -> None:
    led, leaders = Led(), Leaders()
    led.change(CALL)
    led.teller.begun()
    leaders.lead(await led.start())
    async with stands_still(led):
        async with asyncio.timeout(WAIT):
            await led.teller.close(0.1)
    await led.listener.stop()
