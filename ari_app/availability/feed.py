"""The published changes as they come over one connection after the other.

Owns noticing that something was missed: a connection that broke or fell silent, a number left out. It must not
interpret the changes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from ari_app.availability.port import Change, Lost, Resync
from ari_app.availability.wire import read_message

# A half-open connection says nothing: ask after so many silent seconds, give up after as many more without answer.
SILENCE_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.05
LAST_RETRY_SECONDS = 1.0


async def feed(client: Redis, channel: str) -> AsyncIterator[Change]:
    """All changes published on `channel`, beginning with Resync; Lost and again Resync around every interruption."""
    retry = FIRST_RETRY_SECONDS
    while True:
        pubsub = client.pubsub()
        try:
            async with asyncio.timeout(SILENCE_SECONDS * 2):
                await pubsub.subscribe(channel)
                # until Redis confirms, changes may pass unseen
                await pubsub.get_message(timeout=SILENCE_SECONDS * 2)
            retry = FIRST_RETRY_SECONDS
            yield Resync()
            async with aclosing(_listen(pubsub)) as changes:
                async for change in changes:
                    yield change
        except (RedisError, OSError):
            yield Lost()
        finally:
            await _close(pubsub)
        await asyncio.sleep(retry)
        retry = min(retry * 2, LAST_RETRY_SECONDS)


async def _listen(pubsub: PubSub) -> AsyncGenerator[Change]:
    last: int | None = None
    requested = False
    while True:
        message = await pubsub.get_message(timeout=SILENCE_SECONDS)
        if message is None:
            if requested:
                raise TimeoutError
            await pubsub.ping()
            requested = True
            continue
        requested = False
        if message["type"] == "subscribe":
            # redis-py has connected anew by itself
            last = None
            yield Resync()
        if message["type"] != "message":
            continue
        number, changes = read_message(message["data"])
        if last is not None and number != last + 1:
            yield Resync()
        last = number
        for change in changes:
            yield change


async def _close(pubsub: PubSub) -> None:
    try:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
    except (RedisError, OSError):
        return  # it was broken already
