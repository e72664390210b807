"""Which Asterisks are drained: what the store says, also when it has been away, or was emptied."""

import asyncio

import pytest

from ari_app import draining
from ari_app.draining import Draining
from ari_app.errors import StoreUnavailable
from ari_app.testing.store import MemoryStore


class Away(MemoryStore):
    """Away as long as it is let."""

    away = False

    async def drained(self) -> dict[str, bool]:
        if self.away:
            raise StoreUnavailable
        return await super().drained()


async def test_what_an_administrator_has_said_last_holds() -> None:
    store = MemoryStore()
    found = Draining(store, lambda: None)
    await found.look()
    assert found.drained == frozenset()
    await store.set_drained("b", drained=True)
    await found.look()
    assert found.drained == {"b"}
    await store.set_drained("b", drained=False)
    await found.look()
    assert found.drained == frozenset()


async def test_an_emptied_store_gets_it_again_and_gives_no_asterisk_calls() -> None:
    before, emptied = MemoryStore(), MemoryStore()
    await before.set_drained("b", drained=True)
    found = Draining(before, lambda: None)
    await found.look()
    found._store = emptied
    await found.look()
    assert found.drained == {"b"}
    assert await emptied.drained() == {"b": True}


async def test_it_looks_again_and_again_also_while_the_store_is_away() -> None:
    store, looks = Away(), 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        assert seconds == draining.LOOK_SECONDS
        looks += 1
        store.away = looks == 2
        await store.set_drained("b", drained=True)
        if looks == 4:
            raise asyncio.CancelledError

    seen: list[frozenset[str]] = []
    found = Draining(store, lambda: seen.append(found.drained))
    with pytest.raises(asyncio.CancelledError):
        await found.run(sleep)
    assert seen == [{"b"}, {"b"}]
