"""Recordings as supervisors fetch and administrators delete them: by the API, and by what is heard in them."""

import aiohttp
import pytest

from tests.e2e.office import Office
from tests.e2e.tape import ari, listen, stored
from tests.e2e.test_recording import record, talk, who


async def as_agent(office: Office, agent: str) -> aiohttp.ClientSession:
    """Requests of theirs."""
    async with aiohttp.ClientSession() as session:
        token = await office.stack.login(session, agent)
    return aiohttp.ClientSession(office.stack.api, headers={"Authorization": f"Bearer {token}"})


async def test_a_supervisor_hears_who_spoke_agents_do_not_and_an_administrator_deletes_it(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    file = await record(alice)
    await talk(office, "caller <-> alice")
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.answer()
    await talk(office, "caller <-> bob")
    call = bob.call_id
    async with await as_agent(office, "erin") as erin, await as_agent(office, "admin") as admin:
        (shown,) = await listed(erin, call)
        assert (shown["state"], shown["file"], shown["started_by"]) == ("recording", file, "alice")
        path = f"/v1/recordings/{shown['id']}"
        async with erin.get(path) as answer:
            assert (answer.status, (await answer.json())["code"]) == (409, "not_allowed_now")
        await bob.do("stop-recording")
        (shown,) = await listed(erin, call)
        assert (shown["state"], shown["agents"]) == ("complete", ["alice", "bob"])
        async with erin.get(path) as answer:
            assert (answer.status, answer.content_type) == (200, "audio/wav")
            heard = listen(office, await answer.read())
        assert heard.parts == (who("caller", "alice"), who("caller", "bob"))
        assert (await bob.request("GET", path))[1]["code"] == "feature_disabled"
        async with erin.delete(path) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")
        async with admin.delete(path) as answer:
            assert answer.status == 204
        assert await listed(erin, call) == []
        async with erin.get(path) as answer:
            assert answer.status == 404
    status, _ = await ari(office.stack, "GET", f"recordings/stored/{stored(file)}")
    assert status == 404


async def test_when_its_file_is_complete_who_may_hear_it_is_notified_with_its_size_and_time(office: Office) -> None:
    (alice,) = await office.agents("alice")
    erin = await office.desk("erin")
    caller = await office.caller()
    await office.connect(caller, alice)
    file = await record(alice)
    await talk(office, "caller <-> alice")
    call = alice.call_id
    await alice.do("release")  # while it is being recorded
    await caller.ended()

    def recorded() -> list[dict[str, object]]:
        found = [event["recording"] for event in erin.events if event["type"] == "call.recorded"]
        return [each for each in found if each["call_id"] == call]

    await erin.phone.until(lambda: bool(recorded()), "is notified that the file is complete", within=10)
    (recording,) = recorded()
    assert (recording["file"], recording["started_by"], recording["agents"]) == (file, "alice", ["alice"])
    async with await as_agent(office, "erin") as session:
        async with session.get(f"/v1/recordings/{recording['id']}") as answer:
            sound = await answer.read()
        assert recording["size"] == len(sound)
        assert recording["seconds"] == pytest.approx(listen(office, sound).seconds, abs=0.1)
        (shown,) = await listed(session, call)
    assert (shown["size"], shown["seconds"]) == (recording["size"], recording["seconds"])


async def listed(session: aiohttp.ClientSession, call: str) -> list[dict[str, object]]:
    """The recordings of a call."""
    async with session.get("/v1/recordings", params={"call": call}) as answer:
        assert answer.status == 200, await answer.text()
        found: list[dict[str, object]] = (await answer.json())["recordings"]
        return found
