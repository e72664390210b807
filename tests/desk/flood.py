"""A server that floods the page: `python -m tests.desk.flood ROLE DIST` prints its port, ends with its standard input.

It serves the built page and one agent's or supervisor's centre, made up: 500 people, 200 calls of others, an own call
that is established. `POST /flood {"rate", "count"}` sends so many events to the one socket and answers with what was
done when they are on their way; `GET /truth` is how everybody is then, to be compared with what the page shows.

The queue "Marks" counts the events that were sent in its number of who wait: the page shows there how far it is.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import WSMsgType, web

from tests.desk.reported import HISTORY, TICKET, VERBS, call, crowd, hearing, live, me, page_phone, party, target
from tests.desk.stage import KINDS, Json

PEOPLE = 500
CALLS = 200
GROUPS = 10
# Of the events of others' calls, those that end one: three a second at a thousand events, as 500 people end theirs.
ENDS = 0.012
TICK = 0.01
# Events that are sent before anything else of the server has its turn.
AT_ONCE = 500
# Above so many a second they are sent as they are taken.
PACED = 10_000
STATES = ("ready", "on_call", "not_ready", "wrap_up", "ringing", "reserved")
MARKS = "queue:marks"


def now() -> str:
    """As events have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Centre:
    """What happens in it, one event after another; each says a thing whole."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.dice = random.Random(1)
        self.people = {row["agent"]: row for row in crowd(PEOPLE)}
        self.queues = [live(f"group:g{n}", f"Group {n}", 0) for n in range(GROUPS)]
        self.marks = live(MARKS, "Marks", 0)
        self.me = me() if role == "agent" else me(agent="erin", name="Erin O'Brien", role=role, phone="1005")
        self.own = call(3)
        self.sent = 0
        self._calls = 0
        self._own_calls = 0
        self.others: dict[str, Json] = {}
        if role != "agent":
            self._begin_many()

    def _begin_many(self) -> None:
        for _ in range(CALLS):
            self._begin()

    def _begin(self) -> Json:
        self._calls += 1
        agent = self.dice.choice(list(self.people.values()))
        they = party(1) | {"agent": agent["agent"], "name": agent["name"], "number": agent["phone"], "you": False}
        parties = [party(0, name=f"Caller {self._calls}"), they]
        made = call(id=f"o{self._calls}", parties=parties, actions=["clear", "monitor", "take_over"], started_at=now())
        self.others[made["id"]] = made
        return made

    def snapshot(self) -> Json:
        """As a window begins."""
        return {"type": "snapshot", "me": self.me, "calls": [self.own, *self.others.values()]}

    def found(self, text: str) -> Json:
        """Everybody and every group of the name at once, more than a real search finds."""
        rows = (
            target(f"agent:{row['agent']}", "agent", row["name"], state=row["state"], actions=VERBS)
            for row in self.people.values()
        )
        groups = (target(queue["target"], "group", queue["name"], available=queue["waiting"]) for queue in self.queues)
        return {"type": "subscribed", "targets": [row for row in (*rows, *groups) if text in row["name"].lower()]}

    def happens(self) -> Iterator[Json]:
        """Without end: mostly people's states; calls of others begin, change and end, for who oversees them."""
        while True:
            self.sent += 1
            lot = self.dice.random()
            if self.sent % 20 == 0:
                yield self._marked()
            elif lot < 0.02:
                yield self._own_talk()
            elif self.role == "agent":
                yield self._target() if lot > 0.03 else hearing(3)
            elif lot < 0.25:
                yield self._call()
            elif lot < 0.35:
                yield self._queue()
            elif lot < 0.5:
                yield self._target()
            else:
                yield {"type": "agent.updated", "agent": self._somebody()}

    def _marked(self) -> Json:
        """How far we are: a figure that the page shows."""
        if self.role == "agent":
            return {"type": "call.updated", "call": self.own | {"user_data": {"mark": str(self.sent)}}}
        return {"type": "queue.updated", "queue": self.marks | {"waiting": self.sent}}

    def _own_talk(self) -> Json:
        self.own["parties"][0]["talking"] = not self.own["parties"][0]["talking"]
        return {"type": "call.updated", "call": self.own | {"user_data": {"mark": str(self.sent)}}}

    def _somebody(self) -> Json:
        row = self.dice.choice(list(self.people.values()))
        row |= {"state": self.dice.choice(STATES), "reason": None, "since": now()}
        return {key: value for key, value in row.items() if key not in ("groups", "calls")}

    def _target(self) -> Json:
        if self.dice.random() < 0.1:
            queue = self.dice.choice(self.queues)
            queue["waiting"] = self.dice.randrange(9)
            what = {"target": queue["target"], "available": queue["waiting"], "state": None}
        else:
            # Overseers get the agent as well: there the state is none that is new.
            row = self._somebody() if self.role == "agent" else self.dice.choice(list(self.people.values()))
            what = {"target": f"agent:{row['agent']}", "available": None, "state": row["state"]}
        return {"type": "target.updated", "as_of": now(), **what}

    def shown(self, row: Json) -> str:
        """How somebody is: overseers see of those who are ready to whom no call can come."""
        away = self.role != "agent" and row["state"] == "ready" and row["phone_state"] == "unreachable"
        return "unreachable" if away else str(row["state"])

    def _queue(self) -> Json:
        queue = self.dice.choice(self.queues)
        queue |= {"waiting": self.dice.randrange(9), "as_of": now()}
        return {"type": "queue.updated", "queue": queue}

    def _call(self) -> Json:
        if len(self.others) < CALLS:
            return {"type": "call.created", "call": self._begin()}
        which = self.dice.choice(list(self.others.values()))
        if self.dice.random() < ENDS:
            del self.others[which["id"]]
            return {"type": "call.ended", "call": which | {"state": "released", "actions": [], "ended_at": now()}}
        which["state"] = "held" if which["state"] == "established" else "established"
        return {"type": "call.updated", "call": which}

    def own_call(self) -> Iterator[Json]:
        """An own call from its beginning to its end, with a colleague who joins, hold and its alarm."""
        self._own_calls += 1
        mine = {"id": f"m{self._own_calls}", "started_at": now()}
        two = call(2, **mine)
        held = two | {"state": "held", "held_since": now()}
        yield {"type": "call.created", "call": two | {"state": "ringing", "actions": ["answer", "release"]}}
        yield {"type": "call.updated", "call": two}
        yield {"type": "call.updated", "call": held}
        yield {"type": "call.alarm", "call_id": mine["id"], "alarm": "held_too_long", "since": now()}
        yield {"type": "call.updated", "call": call(3, **mine)}
        yield hearing(3) | {"call_id": mine["id"]}
        yield {"type": "call.ended", "call": two | {"state": "released", "actions": [], "ended_at": now()}}


class Server:
    """The page's files, what it asks for, and its socket."""

    def __init__(self, centre: Centre, dist: Path) -> None:
        self.centre = centre
        self.dist = dist
        self.socket: web.WebSocketResponse | None = None
        self.requested = 0
        self._seq = 0
        self._events = centre.happens()

    async def tell(self, *events: Json) -> None:
        """Events, with the next numbers."""
        if self.socket is None:
            return
        at = now()
        for event in events:
            self._seq += 1
            await self.socket.send_str(json.dumps({"seq": self._seq, "at": at, **event}))

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        """The event stream; the newest window gets it."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.socket = socket
        await self.tell(self.centre.snapshot())
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.requested += 1
                await self.tell(self.centre.found(json.loads(message.data).get("q", "").lower()))
        return socket

    async def flood(self, request: web.Request) -> web.Response:
        """So many events, so many a second."""
        wanted = await request.json()
        rate, count, calls = wanted["rate"], wanted["count"], wanted.get("calls", 0)
        begun, requested, sent, more, longest = time.monotonic(), self.requested, 0, 0, 0.0
        last = begun
        every = count // calls if calls else 0
        while sent < count:
            due = min(count, sent + AT_ONCE, int((time.monotonic() - begun) * rate))
            for number in range(sent, due):
                if every and number % every == every // 2:
                    own = tuple(self.centre.own_call())
                    more += len(own)
                    await self.tell(*own)
                await self.tell(next(self._events))
            sent = max(sent, due)
            await asyncio.sleep(TICK if rate <= PACED else 0)
            longest = max(longest, time.monotonic() - last)
            last = time.monotonic()
        seconds = time.monotonic() - begun
        return web.json_response(
            {
                "sent": sent,
                "more": more,
                "seconds": seconds,
                "requested": self.requested - requested,
                "longest_tick": longest,
            }
        )

    async def truth(self, _: web.Request) -> web.Response:
        """How everybody is to be shown."""
        return web.json_response({row["name"]: self.centre.shown(row) for row in self.centre.people.values()})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What the page asks for; whatever is not known is done."""
        answers = {
            "/v1/events/ticket": TICKET,
            "/v1/me": self.centre.me,
            "/v1/me/phone": page_phone(),
            "/v1/agents": {"agents": list(self.centre.people.values())},
            "/v1/live": {"targets": [*self.centre.queues, self.centre.marks], "voicemails": []},
            "/v1/alarms": {"alarms": []},
            "/v1/history": HISTORY,
        }
        if request.path in answers:
            return web.json_response(answers[request.path])
        if request.path.endswith("/hearing"):
            return web.json_response({"matrix": hearing(3)["matrix"]})
        if request.path.startswith("/v1/"):
            return web.json_response(self.centre.own)
        file = self.dist / ("index.html" if request.path == "/" else request.path.lstrip("/"))
        if not file.is_file():
            raise web.HTTPNotFound
        return web.Response(body=file.read_bytes(), content_type=KINDS[file.suffix])


async def main(role: str, dist: Path) -> None:
    server = Server(Centre(role), dist)
    application = web.Application()
    application.router.add_get("/v1/events", server.serve_socket)
    application.router.add_post("/flood", server.flood)
    application.router.add_get("/truth", server.truth)
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
