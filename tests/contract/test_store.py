"""What every implementation of `Store` does."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import pytest
from redis.asyncio import Redis

from ari_app.errors import StoreUnavailable
from ari_app.store import redis
from ari_app.store.client import connect, disconnect
from ari_app.store.port import (
    FAVOURITES,
    RECENTS,
    Finished,
    InProgress,
    KeptConfiguration,
    KeptFact,
    Store,
    hash_token,
)
from ari_app.store.redis import RedisStore
from ari_app.testing import store as memory
from tests.contract.conftest import Wire

DEADLINE = 5.0
TOKEN = hash_token("a token")


async def until_none(ask: Callable[[], Awaitable[object | None]]) -> None:
    """Wait until the answer is None."""
    async with asyncio.timeout(DEADLINE):
        while await ask() is not None:  # noqa: ASYNC110 - Redis tells nobody when something runs out
            await asyncio.sleep(0)


async def test_snapshots_are_kept_replaced_and_forgotten_together(store: Store) -> None:
    assert await store.load_all() == {}
    await store.save_many({})
    await store.save_many({"call:1": b'{"a":1}', "leg:1": b"{}", "leg:2": b"\x00\xff"})
    await store.save_many({"call:1": b'{"a":2}', "leg:1": None, "leg:9": None})
    assert await store.load_all() == {"call:1": b'{"a":2}', "leg:2": b"\x00\xff"}
    await store.save_many({"call:1": None, "leg:2": None})
    assert await store.load_all() == {}


def _fact(number: int) -> KeptFact:
    return KeptFact(f"call:{number}", "call", b'{"n":%d}\xc3\xa9' % number)


async def test_facts_are_added_with_the_snapshots_that_they_end_and_stay_until_they_are_forgotten(store: Store) -> None:
    await store.save_many({"call:1": b"{}", "segments:1": b"{}"})
    assert await store.facts("", 10) == []
    assert await store.save_many({"call:1": None, "segments:1": None}, [_fact(1)]) == 0
    assert await store.load_all() == {}
    assert await store.add_facts([_fact(2), _fact(3)]) == 0
    assert await store.add_facts([]) == 0
    found = await store.facts("", 10)
    assert [fact for _, fact in found] == [_fact(1), _fact(2), _fact(3)]
    assert await store.facts("", 2) == found[:2]
    assert await store.facts(found[0][0], 10) == found[1:]
    await store.forget_facts([found[0][0], found[1][0]])
    await store.forget_facts([found[0][0]])
    await store.forget_facts([])
    assert await store.facts(found[1][0], 10) == await store.facts("", 10) == found[2:]
    assert await store.facts_waiting() == 1
    assert "é" not in repr(found)  # names and numbers stand in no log
    assert "xc3" not in repr(found)


async def test_a_fact_that_is_added_again_stands_there_twice_under_the_same_key(store: Store) -> None:
    for _ in range(2):
        await store.add_facts([_fact(1)])
    assert [fact.key for _, fact in await store.facts("", 10)] == ["call:1", "call:1"]


async def test_where_there_is_no_room_for_more_the_oldest_facts_go_and_it_is_said_how_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (redis, memory):
        monkeypatch.setattr(room, "FACTS", 3)
    assert await store.add_facts([_fact(1), _fact(2)]) == 0
    assert await store.save_many({"call:9": b"{}"}, [_fact(3), _fact(4), _fact(5)]) == 2
    assert [fact for _, fact in await store.facts("", 10)] == [_fact(3), _fact(4), _fact(5)]


async def test_the_last_configuration_is_kept_in_place_of_the_one_before(store: Store) -> None:
    assert await store.kept_configuration() is None
    for kept in (
        KeptConfiguration(b"one\xc3\xa9", 1_800_000_000.125),
        KeptConfiguration(b"two", 1_800_000_001.5, "/srv/é"),
    ):
        await store.keep_configuration(kept)
        assert await store.kept_configuration() == kept
    assert "two" not in repr(kept)


async def test_a_token_is_known_until_it_is_deleted(store: Store) -> None:
    assert await store.get_token(TOKEN) is None
    await store.put_token(TOKEN, b"alice", 60)
    await store.put_token(TOKEN, b"alice again", 60)
    assert await store.get_token(TOKEN) == b"alice again"
    await store.delete_token(TOKEN)
    await store.delete_token(TOKEN)
    assert await store.get_token(TOKEN) is None


async def test_a_token_runs_out(store: Store) -> None:
    await store.put_token(TOKEN, b"alice", 0.02)
    await until_none(lambda: store.get_token(TOKEN))


async def test_a_token_that_nobody_uses_runs_out_before_its_time_and_is_listed_until_then(store: Store) -> None:
    await store.put_token(TOKEN, b"alice", 60, "alice", idle=0.02)
    await until_none(lambda: store.get_token(TOKEN))
    await store.put_token(TOKEN, b"alice", 60, "alice", idle=0.1)
    assert await store.get_token(TOKEN, idle=50) == b"alice"
    await store.put_token(hash_token("another"), b"alice", 0.2, "alice")
    await until_none(lambda: store.get_token(hash_token("another")))
    assert await store.get_token(TOKEN, idle=0.02) == b"alice"
    assert await store.tokens("alice") == [TOKEN]
    await until_none(lambda: store.get_token(TOKEN))
    assert await store.get_token(TOKEN, idle=50) is None


async def test_another_password_ends_all_sessions_but_the_one_that_changed_it(store: Store) -> None:
    mine, other, theirs = (hash_token(name) for name in ("mine", "other", "theirs"))
    for token, agent in ((mine, "alice"), (other, "alice"), (theirs, "bob")):
        await store.put_token(token, b"x", 60, agent)
    assert await store.password("alice") is None
    assert await store.change_password("alice", b"one", mine) == [other]
    assert (await store.password("alice"), await store.passwords()) == (b"one", {"alice": b"one"})
    assert [await store.get_token(t) for t in (mine, other, theirs)] == [b"x", None, b"x"]
    assert await store.change_password("alice", None) == [mine]
    assert (await store.password("alice"), await store.passwords()) == (None, {})
    assert await store.change_password("nobody", b"two") == []


async def test_a_token_itself_is_never_kept(store: Store) -> None:
    for use in (store.put_token("a token", b"alice", 60), store.get_token("a token"), store.delete_token("a token")):
        with pytest.raises(ValueError, match="SHA-256"):
            await use


async def test_of_requests_with_the_same_key_one_is_first_and_the_rest_see_how_far_it_is(store: Store) -> None:
    claims = await asyncio.gather(*(store.claim("k", 60) for _ in range(5)))
    assert sorted(map(str, claims)) == ["InProgress()"] * 4 + ["None"]
    assert await store.get("k") == InProgress()
    await store.finish("k", 201, b'{"id":\n"1"}')
    assert await store.claim("k", 60) == await store.get("k") == Finished(201, b'{"id":\n"1"}')


async def test_an_empty_answer_is_an_answer(store: Store) -> None:
    await store.claim("k", 60)
    await store.finish("k", 204, b"")
    assert await store.get("k") == Finished(204, b"")


async def test_an_abandoned_request_may_be_tried_again(store: Store) -> None:
    assert await store.claim("k", 60) is None
    await store.abandon("k")
    assert await store.get("k") is None
    assert await store.claim("k", 60) is None


async def test_a_claim_runs_out_and_a_late_answer_does_not_bring_it_back(store: Store) -> None:
    await store.claim("k", 0.02)
    await until_none(lambda: store.get("k"))
    await store.finish("k", 200, b"late")
    assert await store.claim("k", 60) is None


async def test_it_is_known_for_a_while_where_a_request_was_sent(store: Store) -> None:
    assert await store.sent_to("k") is None
    await store.send_to("k", "asterisk-a", 0.05)
    assert (await store.sent_to("k"), await store.sent_to("other")) == ("asterisk-a", None)
    await until_none(lambda: store.sent_to("k"))


async def test_an_answer_is_kept_no_longer_than_its_claim(store: Store) -> None:
    await store.claim("k", 0.05)
    await store.finish("k", 200, b"")
    await until_none(lambda: store.get("k"))


async def test_the_last_caller_id_of_each_agent_is_remembered(store: Store) -> None:
    assert await store.caller_id("alice") is None
    await store.set_caller_id("alice", "support")
    await store.set_caller_id("bob", "anonymous")
    await store.set_caller_id("alice", "alice-direct")
    assert [await store.caller_id(agent) for agent in ("alice", "bob")] == ["alice-direct", "anonymous"]


async def test_until_when_each_agent_has_looked_at_missed_calls_is_remembered(store: Store) -> None:
    assert await store.missed_seen("alice") is None
    await store.set_missed_seen("alice", 1_800_000_000.123)
    await store.set_missed_seen("bob", 1.0)
    assert [await store.missed_seen(agent) for agent in ("alice", "bob")] == [1_800_000_000.123, 1.0]


async def test_whom_each_agent_reached_is_remembered_newest_first_each_once(store: Store) -> None:
    assert await store.recents("alice") == []
    for target in ("agent:bob", "group:support", "skill:french>=3", "agent:bob"):
        await store.note_recent("alice", target)
    await store.note_recent("bob", "number:+33612345678")
    assert await store.recents("alice") == ["agent:bob", "skill:french>=3", "group:support"]
    assert await store.recents("bob") == ["number:+33612345678"]


async def test_the_oldest_of_too_many_is_forgotten(store: Store) -> None:
    for n in range(RECENTS + 5):
        await store.note_recent("alice", f"number:{n}")
    assert await store.recents("alice") == [f"number:{n}" for n in range(RECENTS + 4, 4, -1)]


async def test_favourites_stay_in_the_order_in_which_they_were_marked(store: Store) -> None:
    assert await store.favourites("alice") == []
    for target in ("queue:sales", "agent:bob", "group:support", "queue:sales"):
        assert await store.add_favourite("alice", target)
    await store.add_favourite("bob", "agent:alice")
    assert await store.favourites("alice") == ["queue:sales", "agent:bob", "group:support"]
    for _ in range(2):
        await store.remove_favourite("alice", "agent:bob")
    await store.add_favourite("alice", "agent:bob")
    assert await store.favourites("alice") == ["queue:sales", "group:support", "agent:bob"]
    assert await store.favourites("bob") == ["agent:alice"]


async def test_no_favourite_is_pushed_out_by_a_new_one(store: Store) -> None:
    marked = [f"number:{n}" for n in range(FAVOURITES)]
    assert all([await store.add_favourite("alice", target) for target in marked])
    assert not await store.add_favourite("alice", "agent:bob")
    assert await store.add_favourite("alice", marked[7])
    assert await store.favourites("alice") == marked


async def test_the_store_answers_a_ping(store: Store) -> None:
    await store.ping()


# -- the real Redis only ----------------------------------------------------------------------------------------------


@pytest.fixture
async def far(wire: Wire, client: Redis, prefix: str) -> AsyncIterator[RedisStore]:
    through = connect(wire.url)
    yield RedisStore(through, prefix)
    await disconnect(through)


_EXAMPLES: dict[object, object] = {
    str: "alice",
    str | None: None,
    int: 1,
    bool: True,
    float: 60.0,
    bytes: b"{}",
    bytes | None: b"{}",
    Sequence[str]: ["alice"],
    Sequence[KeptFact]: [KeptFact("call:1", "call", b"{}")],
    Mapping[str, bytes | None]: {"call:1": b"{}"},
    Mapping[str, int]: {"queue:sales answered": 1},
    KeptConfiguration: KeptConfiguration(b"agents:", 1.0),
}


async def _tried(store: Store, name: str) -> None:
    """The operation of this name, with values of the types that it wants."""
    operation = getattr(store, name)
    wanted = [p for p in inspect.signature(operation).parameters.values() if p.default is p.empty]
    values = [(p, TOKEN if p.name.endswith("_hash") else _EXAMPLES[p.annotation]) for p in wanted]
    by_name = {p.name: value for p, value in values if p.kind is p.KEYWORD_ONLY}
    await operation(*(value for p, value in values if p.kind is not p.KEYWORD_ONLY), **by_name)


async def test_without_redis_everything_is_an_error_of_ours(far: RedisStore, wire: Wire) -> None:
    await wire.close()
    operations = [name for name, _ in inspect.getmembers(Store, inspect.iscoroutinefunction)]
    assert len(operations) > 30
    for name in operations:
        with pytest.raises(StoreUnavailable):
            await _tried(far, name)
    await wire.open()
    await far.ping()


async def test_a_redis_that_says_nothing_is_given_up_in_time(far: RedisStore, wire: Wire) -> None:
    await far.ping()
    wire.freeze()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await far.load_all()
    assert time.monotonic() - began < 3
    wire.cut()


async def test_the_url_may_name_a_redis_that_is_not_there(wire: Wire, prefix: str) -> None:
    await wire.close()
    nowhere = connect(wire.url)
    with pytest.raises(StoreUnavailable):
        await RedisStore(nowhere, prefix).ping()
    await disconnect(nowhere)


async def test_neither_the_token_nor_anything_outside_the_prefix_is_in_redis(client: Redis, prefix: str) -> None:
    store = RedisStore(client, prefix)
    await store.put_token(TOKEN, b"alice", 60, "alice")
    await store.change_password("alice", b"a hash", TOKEN)
    await store.claim("k", 60)
    await store.set_caller_id("alice", "support")
    await store.save_many({"call:1": b"{}"})
    await store.keep_configuration(KeptConfiguration(b"agents:", 1.0))
    keys = {key.decode() async for key in client.scan_iter(match=f"*{prefix}*", count=1000)}
    kept = (f"token:{TOKEN}", "tokens:alice", "idempotency:k", "caller_ids", "snapshots", "configuration", "passwords")
    assert keys == {f"{{{prefix}}}:{rest}" for rest in kept}
    assert 0 < await client.pttl(f"{{{prefix}}}:token:{TOKEN}") <= 60_000
    assert 0 < await client.ttl(f"{{{prefix}}}:tokens:alice") <= 61


async def test_which_phone_of_each_agent_rings_is_remembered(store: Store) -> None:
    assert await store.devices() == {}
    await store.set_device("1001", "page")
    await store.set_device("1002", "page")
    await store.set_device("1001", "desk")
    assert await store.devices() == {"1001": "desk", "1002": "page"}


async def test_what_was_said_last_of_draining_an_asterisk_is_remembered(store: Store) -> None:
    assert await store.drained() == {}
    await store.set_drained("asterisk-b", drained=True)
    await store.set_drained("asterisk-a", drained=True)
    await store.set_drained("asterisk-a", drained=False)
    assert await store.drained() == {"asterisk-a": False, "asterisk-b": True}


async def test_what_was_chosen_last_for_a_target_open_or_closed_is_remembered(store: Store) -> None:
    assert await store.openings() == {}
    await store.set_opening("queue:sales", b"closed")
    await store.set_opening("group:support", b"open")
    await store.set_opening("queue:sales", b"hours")
    assert await store.openings() == {"queue:sales": b"hours", "group:support": b"open"}


async def test_what_agents_are_given_is_kept_until_it_is_taken_back(store: Store) -> None:
    assert await store.given() == {}
    await store.set_given("alice", b"one")
    await store.set_given("bob", b"two")
    await store.set_given("alice", b"three")
    assert await store.given() == {"alice": b"three", "bob": b"two"}
    await store.set_given("alice", None)
    await store.set_given("nobody", None)
    assert await store.given() == {"bob": b"two"}


async def test_what_is_counted_of_a_day_is_kept_by_name(store: Store) -> None:
    assert await store.counts("2026-11-28") == {}
    await store.keep_counts("2026-11-28", {"a": 1, "b c": 1200})
    await store.keep_counts("2026-11-28", {"a": 2})
    await store.keep_counts("2026-11-29", {"a": 1})
    assert await store.counts("2026-11-28") == {"a": 2, "b c": 1200}


async def test_recordings_are_found_newest_first_until_they_are_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("ari_app.store.redis", "ari_app.testing.store"):
        monkeypatch.setattr(f"{module}.RECORDINGS", 3)
    assert await store.recording("r1") is None
    for name, data, at in (("r1", b"1", 1.0), ("r3", b"3", 3.0), ("r2", b"2", 2.0), ("r3", b"three", 3.0)):
        await store.keep_recording(name, data, at)
    assert await store.recordings(None, 10) == [b"three", b"2", b"1"]
    assert await store.recordings(None, 1) == [b"three"]
    assert await store.recordings("r3", 1) == [b"2"]
    assert await store.recordings("gone", 10) == []
    await store.keep_recording("r4", b"4", 4.0)
    assert await store.recordings(None, 10) == [b"4", b"three", b"2"]
    assert await store.recording("r1") is None
    for _ in range(2):
        await store.forget_recording("r3")
    assert (await store.recording("r3"), await store.recordings(None, 10)) == (None, [b"4", b"2"])


async def test_messages_of_callers_are_found_newest_first_until_they_are_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("ari_app.store.redis", "ari_app.testing.store"):
        monkeypatch.setattr(f"{module}.VOICEMAILS", 2)
    assert await store.voicemail("v1") is None
    await store.keep_recording("v1", b"of a call", 1.0)
    for name, data, at in (("v1", b"1", 1.0), ("v3", b"3", 3.0), ("v2", b"2", 2.0), ("v3", b"three", 3.0)):
        await store.keep_voicemail(name, data, at)
    assert await store.voicemails(None, 10) == [b"three", b"2"]
    assert await store.voicemails("v3", 1) == [b"2"]
    assert await store.voicemail("v3") == b"three"
    for _ in range(2):
        await store.forget_voicemail("v3")
    assert (await store.voicemail("v3"), await store.voicemails(None, 10)) == (None, [b"2"])
    assert await store.recordings(None, 10) == [b"of a call"]


async def test_what_agents_noted_of_a_call_is_kept_for_each(store: Store) -> None:
    assert await store.notes("c1") == {}
    await store.note("c1", "alice", b"a")
    await store.note("c1", "alice", b"b")
    await store.note("c1", "bob", b"c")
    assert await store.notes("c1") == {"alice": b"b", "bob": b"c"}


async def test_the_tokens_of_an_agent_are_known_oldest_first_until_they_end(store: Store) -> None:
    first, second, other = (hash_token(name) for name in ("one", "two", "three"))
    await store.put_token(first, b"1", 60, "alice")
    await store.put_token(second, b"2", 120, "alice")
    await store.put_token(other, b"3", 60, "bob")
    assert await store.tokens("alice") == [first, second]
    await store.delete_token(first)
    assert await store.tokens("alice") == [second]
    assert await store.tokens("nobody") == []


async def test_recordings_of_before_a_time_are_found_the_oldest_first(store: Store) -> None:
    for n in range(5):
        await store.keep_recording(f"r{n}", b"%d" % n, float(n))
    assert await store.recordings_before(3.0, 2) == [b"0", b"1"]
    assert await store.recordings_before(0.0, 2) == []


async def test_what_an_agent_reached_and_marked_is_forgotten_with_them(store: Store) -> None:
    for agent in ("alice", "bob"):
        await store.note_recent(agent, "number:+331")
        await store.add_favourite(agent, "number:+331")
        await store.set_caller_id(agent, "main")
        await store.set_missed_seen(agent, 1.0)
    await store.forget_agent("alice")
    assert (await store.missed_seen("alice"), await store.missed_seen("bob")) == (None, 1.0)
    assert (await store.recents("alice"), await store.favourites("alice"), await store.caller_id("alice")) == (
        [], [], None,
    )  # fmt: skip
    assert await store.recents("bob") == await store.favourites("bob") == ["number:+331"]


async def test_a_login_that_is_under_way_is_taken_once(store: Store) -> None:
    state = hash_token("a state")
    assert await store.take_login(state) is None
    await store.keep_login(state, b"what is kept", 60)
    taken = await asyncio.gather(*(store.take_login(state) for _ in range(5)))
    assert sorted(taken, key=str) == [None, None, None, None, b"what is kept"]
    with pytest.raises(ValueError, match="SHA-256"):
        await store.keep_login("a state", b"", 60)


async def test_a_login_that_is_under_way_runs_out(store: Store) -> None:
    state = hash_token("a state")
    await store.keep_login(state, b"what is kept", 0.02)
    await store.put_token(TOKEN, b"alice", 0.03)  # what is later goes later; to look at a login is to take it
    await until_none(lambda: store.get_token(TOKEN))
    assert await store.take_login(state) is None
