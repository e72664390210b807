"""The record of who did what, in Redis as in memory: appended to by one at a time, and forgotten from its beginning."""

import asyncio

import pytest
from redis.asyncio import Redis

from ari_app.audit.chain import Entry, Line, Link, Verifier, lines_of, read
from ari_app.audit.trail import Trail
from ari_app.store import redis_audit
from ari_app.store.port import AuditTrail
from ari_app.store.redis_audit import RedisAudit
from ari_app.testing import audit as memory_audit
from ari_app.testing.audit import MemoryAudit

NOW = 1_800_000_000.0


@pytest.fixture(params=["memory", "redis"])
def audit(request: pytest.FixtureRequest, prefix: str) -> AuditTrail:
    return MemoryAudit() if request.param == "memory" else RedisAudit(request.getfixturevalue("client"), prefix)


def entry(what: str, number: str = "") -> Entry:
    return Entry(NOW, what, "alice", numbers={"contact": number} if number else {})


def made(after: Link, *entries: Entry) -> tuple[Line, ...]:
    return lines_of(after, [(e, "salt") for e in entries])


async def faults(audit: AuditTrail) -> list[str]:
    verifier = Verifier(await audit.audit_kept())
    for _, line in await audit.audit("", 10_000):
        verifier.feed(line)
    verifier.end()
    return verifier.faults


async def test_lines_are_kept_in_order_with_their_numbers_and_read_page_by_page(audit: AuditTrail) -> None:
    lines = made(Link(), entry("one"), entry("two", "+331"), entry("Zoé"))
    assert await audit.append_audit(Link(), lines, 0) == lines[-1].link
    (at, first), _ = await audit.audit("", 2)
    assert first == lines[0]
    assert [line for _, line in await audit.audit(at, 10)] == list(lines[1:])
    kept = await audit.audit_kept()
    assert (kept.begin, kept.end) == (Link(), lines[-1].link)
    assert await faults(audit) == []


async def test_whoever_does_not_know_the_last_line_writes_nothing(audit: AuditTrail) -> None:
    lines = made(Link(), entry("one"))
    await audit.append_audit(Link(), lines, 0)
    assert await audit.append_audit(Link(), made(Link(), entry("other")), 0) == lines[-1].link
    assert [read(line).what for _, line in await audit.audit("", 10)] == ["one"]


async def test_what_is_too_old_is_forgotten_and_nothing_is_missed(audit: AuditTrail) -> None:
    old = made(Link(), entry("old", "+331"), entry("older"))
    await audit.append_audit(Link(), old, 0)
    new = made(old[-1].link, entry("new"))
    await audit.append_audit(old[-1].link, new, 9_000_000_000.0)
    newer = made(new[-1].link, entry("newer"))
    await audit.append_audit(new[-1].link, newer, 0)
    assert [read(line).what for _, line in await audit.audit("", 10)] == ["newer"]
    assert await faults(audit) == []


async def test_of_too_many_the_oldest_are_forgotten(audit: AuditTrail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_audit, "AUDIT_LINES", 3)
    monkeypatch.setattr(memory_audit, "AUDIT_LINES", 3)
    lines = made(Link(), *(entry(str(n)) for n in range(5)))
    await audit.append_audit(Link(), lines, 0)
    assert [read(line).what for _, line in await audit.audit("", 10)] == ["2", "3", "4"]
    assert await faults(audit) == []


async def test_numbers_are_forgotten_and_the_line_stays(audit: AuditTrail) -> None:
    lines = made(Link(), entry("one", "+331"), entry("two", "+332"))
    await audit.append_audit(Link(), lines, 0)
    await audit.erase_audit([1])
    found = [read(line) for _, line in await audit.audit("", 10)]
    assert [(e.what, dict(e.numbers)) for e in found] == [("one", {}), ("two", {"contact": "+332"})]


async def test_five_controllers_at_once_write_one_chain(client: Redis, prefix: str) -> None:
    trails = [Trail(RedisAudit(client, prefix), lambda: 3600.0) for _ in range(5)]
    for number in range(500):
        trails[number % 5].put(entry(str(number)))
    await asyncio.gather(*(trail.flush() for trail in trails))
    audit = RedisAudit(client, prefix)
    assert sorted(int(read(line).what) for _, line in await audit.audit("", 1000)) == list(range(500))
    assert await faults(audit) == []


async def test_the_numbers_of_a_line_that_is_forgotten_are_forgotten_with_it(client: Redis, prefix: str) -> None:
    audit = RedisAudit(client, prefix)
    lines = made(Link(), entry("one", "+331"))
    await audit.append_audit(Link(), lines, 9_000_000_000.0)
    assert await client.hlen(f"{{{prefix}}}:audit:numbers") == 0
