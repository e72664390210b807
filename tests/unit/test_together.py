"""Commands that go to Redis together: each has its own answer, and who is alone waits for nobody."""

import asyncio
from collections.abc import Sequence

import pytest

from ari_app.availability.together import MOST, Together, Words
from ari_app.errors import StoreUnavailable


class Redis:
    """Answers when it is let: each with its first word, in capitals."""

    def __init__(self) -> None:
        self.scripts: list[list[str]] = []
        self.let = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def run(self, several: Sequence[Words]) -> list[str]:
        self.scripts.append([str(words[0]) for words in several])
        await self.let.acquire()
        if self.error is not None:
            raise self.error
        return [str(words[0]).upper() for words in several]


async def turns(count: int = 5) -> None:
    """All that can be done without an answer is done."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_comes_while_another_is_under_way_goes_together_and_each_has_its_own_answer() -> None:
    redis = Redis()
    together = Together(redis.run)
    tasks = [asyncio.create_task(together.do((name,))) for name in "abcd"]
    await turns()
    assert redis.scripts == [["a"], ["b", "c", "d"]]
    late = asyncio.create_task(together.do(("e",)))
    await turns()
    assert redis.scripts[2:] == [["e"]], "it waits for no answer"
    for _ in range(3):
        redis.let.release()
    assert await asyncio.gather(*tasks, late) == ["A", "B", "C", "D", "E"]


async def test_one_that_is_alone_is_sent_at_once() -> None:
    redis = Redis()
    together = Together(redis.run)
    for name in "ab":
        task = asyncio.create_task(together.do((name,)))
        await asyncio.sleep(0)
        assert redis.scripts[-1] == [name]
        redis.let.release()
        assert await task == name.upper()


async def test_a_script_does_no_more_than_others_can_wait_for() -> None:
    redis = Redis()
    together = Together(redis.run)
    tasks = [asyncio.create_task(together.do((f"r{n}",))) for n in range(2 * MOST + 2)]
    await turns()
    assert [len(names) for names in redis.scripts] == [1, MOST, MOST, 1]
    for _ in redis.scripts:
        redis.let.release()
    assert await asyncio.gather(*tasks) == [f"R{n}" for n in range(2 * MOST + 2)]


async def test_where_redis_does_not_answer_each_of_them_is_refused_and_the_next_is_tried() -> None:
    redis = Redis()
    redis.error = StoreUnavailable("away")
    together = Together(redis.run)
    tasks = [asyncio.create_task(together.do((name,))) for name in "abc"]
    await turns()
    redis.let.release()
    redis.let.release()
    for task in tasks:
        with pytest.raises(StoreUnavailable):
            await task
    redis.error = None
    redis.let.release()
    assert await together.do(("d",)) == "D"
    assert redis.scripts[-1] == ["d"]


async def test_who_waits_no_longer_takes_nothing_from_the_others() -> None:
    redis = Redis()
    together = Together(redis.run)
    tasks = [asyncio.create_task(together.do((name,))) for name in "abc"]
    await turns()
    tasks[1].cancel()
    redis.let.release()
    redis.let.release()
    assert await tasks[0] == "A"
    assert await tasks[2] == "C"
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]


async def test_they_end_with_the_loop_that_they_wait_in() -> None:
    redis = Redis()
    together = Together(redis.run)
    tasks = [asyncio.create_task(together.do((name,))) for name in "abc"]
    await turns()
    (sent,) = together._tasks
    sent.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    redis.let.release()
    assert await tasks[0] == "A"
