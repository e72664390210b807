"""Who floods the API, in a process of their own: `python -m tests.bench.flooders <address of the API>`.

Sixty clients, each from an address of their own, ask with a token as often as they are answered; others guess at
passwords; and connections are opened on which half a request comes. Until standard input ends; then it says how much
that was.
"""

import asyncio
import sys
from collections import Counter
from urllib.parse import urlsplit

import aiohttp

CLIENTS, GUESSERS, HALF_OPEN = 60, 20, 500
BLOCK = "127.0.77."
AGENTS = ("bob", "carol", "dave", "erin", "frank")
HALF = b"GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


class Flood:
    """All of them; `seen` counts answers by status, and what was opened."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.seen: Counter[str] = Counter()

    async def client(self, number: int) -> None:
        """One with a token, who asks without a pause."""
        agent = AGENTS[number % len(AGENTS)]
        async with self._session(f"{BLOCK}{10 + number}") as session:
            async with session.post("/v1/login", json={"agent": agent, "password": f"{agent}-demo"}) as answer:
                token = (await answer.json()).get("token", "")
            session.headers["Authorization"] = f"Bearer {token}"
            while True:
                async with session.get("/v1/me") as answer:
                    await answer.read()
                    self.seen[f"requests {answer.status}"] += 1

    async def guesser(self, number: int) -> None:
        """One who guesses at everybody's password."""
        async with self._session(f"{BLOCK}{100 + number}") as session:
            while True:
                for agent in (*AGENTS, f"nobody{number}"):
                    async with session.post("/v1/login", json={"agent": agent, "password": "a guess"}) as answer:
                        await answer.read()
                        self.seen[f"guesses {answer.status}"] += 1

    async def half_open(self) -> None:
        """Connections without a whole request, always so many: one that is closed is opened again."""
        host, port = urlsplit(self.api).hostname, urlsplit(self.api).port
        opened = asyncio.Semaphore(HALF_OPEN)

        async def one() -> None:
            reader, writer = await asyncio.open_connection(host, port, local_addr=(f"{BLOCK}200", 0))
            writer.write(HALF)
            await reader.read()
            writer.close()
            self.seen["closed without a request"] += 1
            opened.release()

        tasks: set[asyncio.Task[None]] = set()
        while True:
            await opened.acquire()
            task = asyncio.create_task(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.002)

    async def run(self) -> None:
        """All at once, until nobody says any more that it should go on."""
        loop = asyncio.get_running_loop()
        work = [asyncio.create_task(self.client(number)) for number in range(CLIENTS)]
        work += [asyncio.create_task(self.guesser(number)) for number in range(GUESSERS)]
        work.append(asyncio.create_task(self.half_open()))
        await loop.run_in_executor(None, sys.stdin.read)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        print(dict(self.seen), flush=True)

    def _session(self, address: str) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        return aiohttp.ClientSession(self.api, connector=connector)


if __name__ == "__main__":
    asyncio.run(Flood(sys.argv[1]).run())
