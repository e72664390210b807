"""SIP from the carrier with anything in it: people are shown plain text, and nothing is written but what we write.

`CC_EXAMPLES` calls, in batches that wait side by side. They withhold nothing: what they send must reach people. How
many came to us, and with what, is in reports/strange-sip.txt.
"""

import json
import os
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis

from tests.e2e.containers import with_container
from tests.e2e.office import Office
from tests.e2e.strange_sip import NO_CALL_ID, PLAIN, Invite, StrangeCaller, invites
from tests.e2e.test_audit import record
from tests.support.polling import until

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "90"))
AT_ONCE = 30
ANSWERED_WITHIN = 3.0
PLAIN_CALLER = b'"Somebody" <sip:%b@x>' % PLAIN
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
REACH_US = 0.8
"""Of all calls so many at least are SIP to Asterisk, and come to the controller."""
REPORTS = Path("/reports")
LONGEST = 256
"""Characters of a name or a number."""


def texts(value: Any) -> Iterator[str]:
    """All that is text in some JSON, names of fields too."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from texts(each)
        case dict():
            yield from texts([*value, *value.values()])


def is_plain(value: Any) -> None:
    for text in texts(value):
        assert not {unicodedata.category(character) for character in text} & _HIDDEN, repr(text)
        assert len(text) < 4_000, text[:200]


async def test_whatever_a_caller_sends_people_see_plain_text_and_the_next_caller_is_served(office: Office) -> None:
    began = int(time.time())
    erin = await office.agent("erin", ready=False)
    caller = StrangeCaller(office.stack.carrier[0], office.stack.asterisk)
    await caller.open()
    async with aiohttp.ClientSession(office.stack.api) as admin:
        token = await office.stack.login(admin, "admin")
        admin.headers["Authorization"] = f"Bearer {token}"

        async def calls() -> list[dict[str, Any]]:
            async with admin.get("/v1/admin/calls") as response:
                found: list[dict[str, Any]] = (await response.json())["calls"]
            return found

        seen, names, numbers = 0, set[str](), set[str]()
        for batch in batched(invites(EXAMPLES), AT_ONCE, strict=False):
            dialled = [caller.call(invite) for invite in batch]
            await caller.settled(dialled, ANSWERED_WITHIN)
            shown: list[dict[str, Any]] = []

            async def all_that_are_up(of: list[bytes] = dialled, into: list[dict[str, Any]] = shown) -> bool:
                into[:] = await calls()
                return len(into) >= sum(caller.statuses.get(call) == 200 for call in of)

            await until(all_that_are_up, "whoever is answered is a call of ours", 10)
            seen += len(shown)
            is_plain(shown)
            for party in (party for call in shown for party in call["parties"]):
                assert max(len(party["name"] or ""), len(party["number"] or "")) <= LONGEST, party
                names.add(party["name"] or "")
                numbers.add(party["number"] or "")
            for call in shown:
                async with admin.get(f"/v1/admin/calls/{call['id']}/story") as response:
                    is_plain(await response.json())
            caller.hang_up(dialled)

            async def over() -> bool:
                return not await calls()

            await until(over, "all are gone", 20)
        async with admin.get("/v1/history", params={"limit": "100"}) as response:
            is_plain((await response.json())["calls"])
    caller.close()
    came = f"{seen} of {EXAMPLES} calls came to us, with {len(names)} names and {len(numbers)} numbers"
    report(f"{came}; answers: {Counter(caller.statuses.values())}")
    assert seen >= EXAMPLES * REACH_US, came
    assert min(len(names), len(numbers)) >= seen / 6, f"what was strange of them did not: {came}"
    is_plain(erin.events)
    is_plain(await record(office.stack, "--what", "call_over"))
    await nothing_else_is_written(office, began)
    alice = await office.agent("alice")
    await office.connect(await office.caller(), alice)


def report(text: str) -> None:
    """Into the reports, where there is a place for them."""
    print(text)
    if REPORTS.is_dir():
        (REPORTS / "strange-sip.txt").write_text(f"{text}\n")


async def test_a_call_of_which_asterisk_could_tell_nothing_is_refused_and_all_others_are_found(office: Office) -> None:
    caller = StrangeCaller(office.stack.carrier[0], office.stack.asterisk)
    await caller.open()
    good = caller.call(Invite(PLAIN_CALLER))
    strange = [
        caller.call(Invite(PLAIN_CALLER, dialled, name)) for name in NO_CALL_ID for dialled in (b"3000", b"4000")
    ]
    await caller.settled([good, *strange], ANSWERED_WITHIN)
    assert caller.statuses.get(good) == 200
    assert [caller.statuses.get(each) for each in strange] == [403] * len(strange)

    async def one_is_left() -> bool:
        return len(await office.stack.asterisk_has("channels")) == 1

    await until(one_is_left, "Asterisk has no channel of those who were refused", within=5)
    caller.hang_up([good])
    caller.close()
    alice = await office.agent("alice")
    await office.connect(await office.caller(), alice)


async def nothing_else_is_written(office: Office, began: int) -> None:
    """Lines of the log are JSON, each one of ours; keys of Redis are ours."""
    log = await with_container(f"{office.stack.project}-controller", lambda c: c.logs(since=began))
    for line in log.decode().splitlines():
        entry = json.loads(line)
        assert entry["event"].replace("_", "").isalnum(), line
        is_plain(entry)
    async with Redis.from_url(office.stack.redis) as redis:
        async for key in redis.scan_iter(count=1000):
            assert key.decode().isprintable(), key
