"""The API keeps to its own OpenAPI document, whatever is sent and whoever sends it: schemathesis against the running
system. `CC_EXAMPLES` says how many examples of each operation; what was sent is counted in reports/openapi-<who>.txt.

Whoever it is has calls, agents and recordings to try the operations on, and exactly what they may do is accepted. All
of it is, so that no answer was right only because everything was refused. Meanwhile a conference of others goes on, and
must hear nothing of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.bots import Contact, answers
from tests.e2e.crowd import CROWD, KEYS
from tests.e2e.generated import NO_OPERATION, Answers, Known, Requests, Sender, operations, sending
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.witness import undisturbed

CONFERENCE = ("caller <-> alice", "caller <-> bob", "alice <-> bob")
TALKING = ("caller", "alice", "bob")

PUBLIC = {"asyncapi", "get_login_ways", "healthz", "login", "metrics", "readyz"}
# It is what the requests are made of.
THE_DOCUMENT = "openapi"
OVERSIGHT = {"get_live", "list_agents", "list_alarms", "list_openings", "set_agent_state", "set_opening"}
OVERSIGHT |= {
    "cancel_callback",
    "list_callbacks",
    "list_given",
    "set_groups",
    "set_skills",
    "take_groups",
    "take_skills",
}
REPORTS = {"report_agents", "report_queues"}
ADMINISTRATION = {"get_configuration", "get_story", "get_story_file", "list_all_calls", "list_webhooks", "reload"}
# The demo has no receiver, and nobody has left a message there.
NOTHING_THERE = {"list_dead_letters", "retry_webhook"} | {"get_voicemail", "mark_voicemail", "delete_voicemail"}
RECORDINGS = {"get_recording", "list_recordings"}
CALLS = {"get_call", "get_hearing", "list_calls"}
MONITORING = {"monitor_call", "stop_monitoring", "take_over_call"}
# Whoever sends rubbish does not know the password that there is; and the demo has no issuer.
NOBODY = {"change_password", "begin_oidc_login", "oidc_login", "return_from_issuer"}
# What ends the session, a call or a recording comes last.
DELETING = ("delete_recording", "end_sessions", "remove_party", "take_over_call", "clear_call", "logout")
LEAVING = ("release_call", "remove_party", "clear_call", "logout")
# What has a body, and needs somebody who is free: done at least once.
REACHING = ("single_step_transfer", "single_step_conference", "initiate_transfer", "make_call")
FREE = CROWD[-1]


@pytest_asyncio.fixture(loop_scope="session")
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    """For all requests of a test."""
    async with sending(tmp_path) as found:
        yield found


@asynccontextmanager
async def as_it_was(office: Office) -> AsyncIterator[None]:
    """What is closed, or given to an agent, at random is so no longer for the tests that follow."""
    try:
        yield
    finally:
        admin = await office.desk("admin")
        for shown in (await admin.command("GET", "/v1/openings"))["openings"]:
            if shown["opening"] != "hours":
                await admin.command("PUT", f"/v1/targets/{shown['target']}/opening", {"opening": "hours"})
        for given in ("groups", "skills"):
            await admin.command("DELETE", f"/v1/admin/agents/dave/{given}")


async def talk(office: Office, name: str) -> tuple[Agent, Contact]:
    """An agent, whose phone answers by itself, in a call with somebody."""
    agent = await office.agent(name, behaviour=answers())
    number = len(office.lab.bots)
    other = await office.caller(f"other{number}", f"+336000000{number:02}")
    other.dial(PHONES[name])
    await agent.sees_state("established")
    return agent, other


async def conference(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    await office.conference(await office.caller(), alice, bob)


async def token_of(office: Office, agent: str) -> str:
    async with aiohttp.ClientSession() as session:
        return await office.stack.login(session, agent)


async def recording_of(office: Office, agent: Agent) -> str:
    """One that the agent has made of their call; returns its id."""
    await agent.do("start-recording")
    await agent.do("stop-recording")
    async with aiohttp.ClientSession(office.stack.api) as session:
        headers = {"Authorization": f"Bearer {await office.stack.login(session, 'admin')}"}
        async with session.get("/v1/recordings", params={"call": agent.call_id}, headers=headers) as response:
            (recording,) = (await response.json())["recordings"]
    return str(recording["id"])


def known(agent: Agent, **more: str) -> Known:
    """What there is to find: the call of an agent, and what nobody is hurt by."""
    return {
        "path.call": [agent.call_id],
        "path.party": [str(agent.party("contact")["id"])],
        "path.agent": ["dave"],
        "path.target": ["group:support", "agent:bob"],
        "query.from": ["2026-11-01T00:00:00Z"],
        "query.to": ["2026-11-02T00:00:00Z"],
        "query.tz": ["UTC", "Europe/Paris"],
        "body.agent": ["carol"],
        "body.password": ["carol-demo"],
        "body.target": [f"agent:{FREE}"],
        **{f"path.{name}": [value] for name, value in more.items()},
    }


async def all_operations(office: Office) -> set[str]:
    return set((await operations(office.stack)).values()) - {THE_DOCUMENT}


async def accepts_exactly(office: Office, wanted: set[str], found: Answers, who: str) -> None:
    """What is accepted is what they may do, all of it, and nothing was refused for the number of requests."""
    found.report(who)
    names = await all_operations(office)
    assert found.of.keys() - {NO_OPERATION} == names, f"not tried: {names - found.of.keys()}"
    accepted = found.accepted()
    assert accepted == wanted, f"not accepted: {wanted - accepted}; more than that: {accepted - wanted}\n{found}"
    assert found.with_status((429,)).keys() <= {"login"}, str(found)


async def test_what_an_agent_sends_is_answered_as_documented_and_a_conference_hears_nothing(
    office: Office, sender: Sender
) -> None:
    await conference(office)
    frank, other = await talk(office, "frank")
    sent = Requests(office.stack, sender, await token_of(office, "frank"), known(frank))
    with office.silence_is_right(other, why="commands at random may deafen them", perhaps=True):
        async with undisturbed(office, *CONFERENCE, among=TALKING):
            await sent.make(but=LEAVING)
            await office.agent(FREE, behaviour=answers())
            for operation, name in zip((*LEAVING, *REACHING), CROWD, strict=False):
                await one_operation(office, sender, sent.answers, operation, name)
    others = OVERSIGHT | REPORTS | MONITORING | ADMINISTRATION | NOTHING_THERE | RECORDINGS
    others |= {"delete_recording", "end_sessions"}
    await accepts_exactly(office, await all_operations(office) - NOBODY - others, sent.answers, "agent")
    assert sent.answers.with_status((200, 201)).keys() >= set(REACHING), str(sent.answers)


async def one_operation(office: Office, sender: Sender, found: Answers, operation: str, name: str) -> None:
    """By an agent of their own: in a call, or where it is to make one, before it."""
    agent, third = await talk(office, name)
    sent = Requests(office.stack, sender, await token_of(office, name), known(agent), found)
    with office.silence_is_right(third, why="the one whom they talk to may be gone", perhaps=True):
        if operation == "make_call":
            third.hangup()
            await agent.is_now("ready")
        await sent.make(only=[operation])
        third.hangup()
        agent.phone.hangup()
        await office.people[FREE].is_now("ready")


@pytest.mark.parametrize("role", ["erin", "admin"], ids=["supervisor", "administrator"])
async def test_what_an_overseer_sends_is_answered_as_documented_and_a_conference_hears_nothing(
    office: Office, sender: Sender, role: str
) -> None:
    await conference(office)
    frank, other = await talk(office, "frank")
    recording = await recording_of(office, frank)
    if role == "erin":
        await office.agent("erin", behaviour=answers(), ready=False)
    sent = Requests(office.stack, sender, await token_of(office, role), known(frank, recording=recording))
    with office.silence_is_right(other, why="commands at random may take their agent away", perhaps=True):
        async with as_it_was(office), undisturbed(office, *CONFERENCE, among=TALKING):
            await sent.make(but=DELETING)
            for operation in DELETING:
                await sent.make(only=[operation])
    wanted = await all_operations(office) - NOBODY - NOTHING_THERE
    if role == "erin":
        wanted -= ADMINISTRATION | {"delete_recording", "end_sessions"}
    await accepts_exactly(office, wanted, sent.answers, role)


MAY = {
    "all": PUBLIC
    | CALLS
    | OVERSIGHT
    | REPORTS
    | ADMINISTRATION
    | RECORDINGS
    | {"get_history", "list_voicemails", "delete_recording"},
    "history": PUBLIC | REPORTS | RECORDINGS | {"get_history", "list_voicemails"},
    "": PUBLIC,
}


@pytest.mark.parametrize("key", MAY, ids=["of_all_scopes", "of_one_scope", "that_is_none"])
async def test_what_a_key_may_is_what_its_scopes_say_and_the_rest_is_refused_as_documented(
    office: Office, sender: Sender, key: str
) -> None:
    frank, other = await talk(office, "frank")
    recording = await recording_of(office, frank)
    sent = Requests(office.stack, sender, KEYS.get(key), known(frank, recording=recording))
    async with as_it_was(office):
        await sent.make(but=["delete_recording"])
        await sent.make(only=["delete_recording"])
    await office.hears(f"frank <-> {other.name}")
    await accepts_exactly(office, MAY[key], sent.answers, f"key-{key}")
