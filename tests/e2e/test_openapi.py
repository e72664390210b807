"""The API keeps to its own OpenAPI document, whatever is sent: schemathesis against the running system.

Every operation is tried: as an agent, on a call of their own, and as an administrator, on ids that do not exist; those
that end the session or the call come last. Meanwhile a conference of others goes on, and must hear nothing of it.
"""

import asyncio
import sys
from pathlib import Path

import aiohttp

from tests.bots import Contact
from tests.e2e.office import Agent, Office
from tests.e2e.witness import undisturbed

EXAMPLES = 8
SEED = 22
WITHIN = 150.0
CONFERENCE = ("caller <-> alice", "caller <-> bob", "alice <-> bob")
# A text may be what the document allows and yet be no target (422); a call may be over (404), or not so (409).
CHECKS = """
[checks.positive_data_acceptance]
expected-statuses = [101, 200, 201, 204, 401, 403, 404, 409, 422, 426, 429]
[checks.negative_data_rejection]
expected-statuses = [401, 403, 404, 405, 409, 413, 422, 426, 429]
"""
# Keys take as long to send as people take to press them. What no keys are is refused before it is looked for which
# call: the administrator's turn shows it.
FEW_KEYS = """
[[operations]]
include-operation-id = ["send_dtmf", "send_party_dtmf"]
phases.coverage.enabled = false
generation.max-examples = 3
"""
ENDING = ("logout", "release_call", "clear_call", "remove_party")
OTHERS = ("end_sessions", "clear_call", "remove_party")


async def schemathesis(office: Office, place: Path, token: str, settings: str, *selection: str) -> None:
    """Send what the document allows and what it forbids; every answer must be one that the document describes.

    A process of its own, and a patient one: the bots' audio goes first.
    """
    configuration = place / "schemathesis.toml"
    configuration.write_text(settings + CHECKS)
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "15", sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
        *("run", f"{office.stack.api}/v1/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *("--seed", str(SEED), "--generation-deterministic", "--max-examples", str(EXAMPLES)),
        *("--phases", "examples,coverage,fuzzing,stateful", "--request-timeout", "20"),
        *("--continue-on-failure", "--warnings", "off", "--no-color", *selection),
        cwd=place,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    report = output.decode(errors="replace")
    assert process.returncode == 0, report[-12_000:]
    assert " passed" in report, report


async def conference_and_talk(office: Office) -> tuple[Agent, Contact]:
    """A conference of Alice, Bob and a caller, and Frank in a call with another, both of whom are returned."""
    alice, bob, frank = await office.agents("alice", "bob", "frank")
    await office.conference(await office.caller(), alice, bob)
    other = await office.caller("other", "+33600000002")
    other.dial("1006")
    await frank.phone.answer()
    await frank.sees_state("established")
    return frank, other


async def token_of(office: Office, agent: str) -> str:
    async with aiohttp.ClientSession() as session:
        return await office.stack.login(session, agent)


async def test_answers_to_an_agent_are_as_documented_and_a_conference_hears_nothing(
    office: Office, tmp_path: Path
) -> None:
    frank, other = await conference_and_talk(office)
    with office.silence_is_right(other, why="commands at random may deafen them", perhaps=True):
        async with undisturbed(office, *CONFERENCE, among=("caller", "alice", "bob")):
            token = await token_of(office, "frank")
            ids = f'[parameters]\n"path.call" = "{frank.call_id}"\n"path.party" = "{frank.party("contact")["id"]}"\n'
            keeping = [word for operation in ENDING for word in ("--exclude-operation-id", operation)]
            await schemathesis(office, tmp_path, token, ids + FEW_KEYS, *keeping)
            ending = [word for operation in ENDING for word in ("--include-operation-id", operation)]
            await schemathesis(office, tmp_path, token, ids, *ending)


async def test_answers_to_an_administrator_are_as_documented_and_a_conference_hears_nothing(
    office: Office, tmp_path: Path
) -> None:
    await conference_and_talk(office)
    async with undisturbed(office, *CONFERENCE, among=("caller", "alice", "bob")):
        token = await token_of(office, "admin")
        # To log out is no other thing for them than for an agent, whose commands end with it. What would end others'
        # sessions and calls comes by itself: with lists of these beside it, it would be tried on those that there are.
        keeping = [word for operation in ("logout", *OTHERS) for word in ("--exclude-operation-id", operation)]
        await schemathesis(office, tmp_path, token, "", *keeping)
        ending = [word for operation in OTHERS for word in ("--include-operation-id", operation)]
        await schemathesis(office, tmp_path, token, "", *ending)
