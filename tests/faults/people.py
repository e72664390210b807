"""Who talks in a cluster while parts of it are lost: callers and agents at phones that listen, and their desktops."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import aiohttp

from tests.bots import Contact, Lab, Phone, Sound, answers
from tests.e2e.cluster import Asterisk, Cluster
from tests.e2e.office import PHONES
from tests.faults.figures import gap
from tests.support.polling import until

PATIENCE = 30.0
"""Seconds after which something does not come at all."""
RINGS_FOR = 0.12
_ANSWER_WITHIN = aiohttp.ClientTimeout(total=1.0)
_AWAY = 0
"""In place of a status: nobody answered."""

type Answer = tuple[int, dict[str, Any]]


def said(answers: Iterable[Answer]) -> str:
    """What a request and its repeats were answered, in order; the same again and again once."""
    each = [f"{status} {answer.get('code', '')}".strip() if status else "nothing" for status, answer in answers]
    return ", then ".join(text for text, _ in groupby(each))


@dataclass
class Desktop:
    """An agent at the API: each request stands by itself, and none needs an event. Logs in again where Redis has
    forgotten who they are.
    """

    api: str
    agent: str
    session: aiohttp.ClientSession
    token: str = ""

    async def request(
        self, method: str, path: str, body: Mapping[str, object] | None = None, key: str | None = None
    ) -> Answer:
        """The status and the answer; status 0 where there was none."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        status, answer = await self._send(method, path, body, headers)
        if status == 401:
            await self.log_in()
        return status, answer

    async def log_in(self) -> bool:
        """Whether it was done."""
        body = {"agent": self.agent, "password": f"{self.agent}-demo"}
        status, answer = await self._send("POST", "/v1/login", body, {})
        self.token = str(answer.get("token", self.token))
        return status == 200

    async def until_logged_in(self) -> None:
        """Passwords are slow to check, and a Redis that has just come back refuses to keep anything for a while."""
        await until(self.log_in, f"{self.agent} is logged in", PATIENCE)

    async def _send(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> Answer:
        try:
            async with self.session.request(
                method, self.api + path, json=body, headers=headers, timeout=_ANSWER_WITHIN
            ) as response:
                answer = await response.json(content_type=None) if await response.read() else {}
                return response.status, answer if isinstance(answer, dict) else {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return _AWAY, {}

    async def until_done(self, method: str, path: str, body: Mapping[str, object] | None = None) -> list[Answer]:
        """The same request, with one key, until an answer says what became of it, or for so long that it never will.

        All its answers.
        """
        key = uuid.uuid4().hex
        found: list[Answer] = []
        deadline = time.monotonic() + PATIENCE

        async def answered() -> bool:
            found.append(await self.request(method, path, body, key))
            status = found[-1][0]
            return time.monotonic() > deadline or not (status in (_AWAY, 401, 429) or status >= 500)

        await until(answered, f"{method} {path} is answered", PATIENCE + 5)
        return found


@dataclass
class Talk:
    """A caller and an agent who talk, in a call of that id."""

    caller: Contact
    agent: Phone
    desktop: Desktop
    call: str = ""

    @property
    def asterisk(self) -> Asterisk:
        return "asterisk-a" if self.call.startswith("cc-asterisk-a-") else "asterisk-b"

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """Who hears whom."""
        return {(self.caller.name, self.agent.name), (self.agent.name, self.caller.name)}

    async def state(self) -> str:
        """Of the call, as its agent sees it; nothing where it is away."""
        _, call = await self.desktop.request("GET", f"/v1/calls/{self.call}")
        return str(call.get("state", ""))

    async def do(self, verb: str, **body: object) -> list[Answer]:
        """A verb on the call, until it is answered; all its answers."""
        return await self.desktop.until_done("POST", f"/v1/calls/{self.call}/{verb}", body or None)


@dataclass
class People:
    """All of one row."""

    cluster: Cluster
    lab: Lab
    session: aiohttp.ClientSession
    admin: Desktop
    desktops: dict[str, Desktop] = field(default_factory=dict)
    talks: list[Talk] = field(default_factory=list)
    _callers: int = 0

    async def agent(self, name: str, rings_for: float = RINGS_FOR) -> Phone:
        """At their phone, which answers by itself; ready."""
        user = PHONES[name]
        phone = await self.lab.phone(name, user, f"phone-{user}", behaviour=answers(rings_for))
        desktop = self.desktops[name] = Desktop(self.cluster.stack.api, name, self.session)
        await desktop.until_logged_in()
        answered = await desktop.until_done("PUT", "/v1/me/state", {"state": "ready"})
        assert answered[-1][0] == 200, f"{name} goes ready, and is answered {said(answered)}"
        return phone

    async def caller(self) -> Contact:
        """One who has not called yet."""
        self._callers += 1
        return await self.lab.contact(
            f"caller-{self._callers}", f"+336{self._callers:08}", behaviour=answers(RINGS_FOR)
        )

    async def talk(self, caller: Contact, name: str) -> Talk:
        """The caller dials that agent, who answers; they hear each other."""
        phone = self.lab.bots[name]
        assert isinstance(phone, Phone)
        found = Talk(caller, phone, self.desktops[name])
        await self.connect(found)
        return found

    async def connect(self, talk: Talk) -> None:
        """The same, of two who have talked before."""
        talk.caller.dial(PHONES[talk.agent.name])
        await self.lab.hears(*talk.pairs, within=10)
        seen: list[str] = []

        async def shown() -> bool:
            _, answer = await talk.desktop.request("GET", "/v1/calls")
            seen[:] = [call["id"] for call in answer.get("calls", []) if call["state"] == "established"]
            return bool(seen)

        await until(shown, f"{talk.agent.name} sees the call", 10)
        talk.call = seen[-1]

    async def states(self) -> dict[str, str]:
        """What each agent of ours is, as the API says; nothing where it is away."""
        _, answer = await self.admin.request("GET", "/v1/agents")
        return {each["agent"]: each["state"] for each in answer.get("agents", []) if each["agent"] in self.desktops}

    async def calls(self) -> list[str]:
        """That are up; none where nobody answers."""
        _, answer = await self.admin.request("GET", "/v1/admin/calls")
        return [call["id"] for call in answer.get("calls", [])]

    async def stories(self, calls: Iterable[str]) -> dict[str, str]:
        """Their files, as far as they can be had."""
        found = {call: await self.admin.request("GET", f"/v1/admin/calls/{call}/story/file") for call in calls}
        return {call: json.dumps(answer) for call, (status, answer) in found.items() if status == 200}

    async def until_ready(self, *names: str, within: float = 10.0) -> None:
        """Wait until these can be offered a call."""

        async def all_ready() -> bool:
            states = await self.states()
            return all(states.get(name) == "ready" for name in names)

        await until(all_ready, f"{', '.join(names)} are ready", within)

    def silences(self, talks: Iterable[Talk], since: float, end: float) -> dict[str, float]:
        """The longest that each of these did not hear whom they talk to, in seconds."""
        return {
            hearer: gap(
                ((begin, stop, heard.voices) for begin, stop, heard in self.lab[hearer].timeline.stretches(since, end)),
                frozenset({voice}),
            )
            for talk in talks
            for hearer, voice in talk.pairs
        }

    def strangers(self, talks: Iterable[Talk], since: float, end: float) -> list[str]:
        """Who heard somebody whom they do not talk to, and music or a prompt in place of whom they do."""
        found = []
        for hearer, voice in (pair for talk in talks for pair in talk.pairs):
            for begin, stop, heard in self.lab[hearer].timeline.stretches(since, end):
                if others := heard.voices - {voice}:
                    found.append(f"{hearer} heard {', '.join(sorted(others))} for {stop - begin:.2f} s")
                elif heard.sound in (Sound.MUSIC, Sound.SPEECH, Sound.RINGING):
                    found.append(f"{hearer} heard {heard.sound} for {stop - begin:.2f} s")
        return found

    async def close(self) -> None:
        """Everybody goes home."""
        for bot in self.lab.bots.values():
            bot.hangup()
        await self.lab.board.until(
            lambda: not any(bot.live for bot in self.lab.bots.values()), within=5, otherwise=lambda: "calls do not end"
        )
        await asyncio.gather(
            *(each.request("PUT", "/v1/me/state", {"state": "logged_out"}) for each in self.desktops.values())
        )
        await self.lab.close()
        await self.session.close()
