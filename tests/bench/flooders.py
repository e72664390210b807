"""Who floods the API, in a process of their own: `python -m tests.bench.flooders <address of the API>`.

Sixty clients, each from an address of their own, ask with a token as often as they are answered: a third of them for
themselves alone, a third for whatever is long to look for or to write, agents and those who oversee alike, and a third
for that by turns with all else that there is to be read, for sounds, and to mark messages. Others guess at passwords,
and connections are opened on which half a request comes. Until standard input ends; then it says how much that was.
"""

import asyncio
import itertools
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

CLIENTS, GUESSERS, HALF_OPEN = 60, 20, 500
BLOCK = "127.0.77."
AGENTS = ("bob", "carol", "dave", "erin", "frank")
OVERSEER, ADMIN = "erin", "admin"
LONG = (
    "/v1/history?limit=100", "/v1/recordings?limit=100", "/v1/voicemails?limit=100",
    "/v1/reports/queues?from={begin}&to={end}&interval=15m", "/v1/reports/agents?from={begin}&to={end}&interval=1h",
)  # fmt: skip
REST = (
    "/v1/me", "/v1/me/day", "/v1/me/missed", "/v1/calls", "/v1/targets?q=a", "/v1/agents", "/v1/live", "/v1/callbacks",
    "/v1/alarms", "/v1/openings", "/v1/admin/webhooks", "/v1/admin/calls", "/v1/admin/agents",
)  # fmt: skip
HALF = b"GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


class Flood:
    """All of them; `seen` counts answers by status, and what was opened."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.seen: Counter[str] = Counter()

    async def client(self, number: int) -> None:
        """One with a token, who asks without a pause."""
        sort = number % 3
        agent = AGENTS[number % len(AGENTS)] if sort < 2 else (OVERSEER, ADMIN, "bob")[number // 3 % 3]
        async with self._session(f"{BLOCK}{10 + number}") as session:
            async with session.post("/v1/login", json={"agent": agent, "password": f"{agent}-demo"}) as answer:
                token = (await answer.json()).get("token", "")
            session.headers["Authorization"] = f"Bearer {token}"
            for turn in itertools.count(number):
                if sort == 0:
                    await self._ask(session, "/v1/me")
                elif sort == 1:
                    await self._ask(session, self._of_today(LONG[turn % len(LONG)]))
                else:
                    await self._ask(session, self._of_today((*LONG, *REST)[turn % (len(LONG) + len(REST))]))
                    if turn % 5 == 0:
                        await self._sounds(session)

    async def _ask(self, session: aiohttp.ClientSession, path: str, method: str = "GET", **body: object) -> Any:
        """The answer, where it is one in JSON."""
        async with session.request(method, path, json=body or None) as answer:
            data = await answer.read()
            self.seen[
                f"{'requests' if path == '/v1/me' else path.partition('?')[0].split('/')[2]} {answer.status}"
            ] += 1
            return json.loads(data) if answer.status == 200 and answer.content_type == "application/json" else {}

    async def _sounds(self, session: aiohttp.ClientSession) -> None:
        """Fetch a recording and a message, and mark that."""
        for name in ("recordings", "voicemails"):
            for one in (await self._ask(session, f"/v1/{name}?limit=1")).get(name, ()):
                await self._ask(session, f"/v1/{name}/{one['id']}")
                if name == "voicemails":
                    for state in ("heard", "new"):
                        await self._ask(session, f"/v1/{name}/{one['id']}", "PUT", state=state)

    @staticmethod
    def _of_today(path: str) -> str:
        """Reports are of the last day."""
        now = datetime.now(UTC)
        begin, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now - timedelta(days=1), now))
        return path.format(begin=begin, end=end)

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
