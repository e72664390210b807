"""Writes down a history, from the bots alone: phones, ears, and what desktops have sent and were answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiosipua import parse_uri

from tests.bots.call import Call
from tests.bots.dialog import identity, wants_auto_answer
from tests.bots.station import Station
from tests.faults.history import FOREVER, Heard, History, Kind, Operation, Outcome, Ring, Stay
from tests.faults.people import Answer

_NOT_DONE = (("standby", 503), ("too_many_requests", 429), ("unauthenticated", 401))
"""Refusals before anything can have been done."""


_NOT_REACHED = "unavailable"


def outcome(answers: Sequence[Answer], *, rings: bool = False) -> Outcome:
    """What a command and its repeats, all with one key, say of it: `fail` where nothing was done by any of them.

    One that `rings` somebody is answered with the call also where nobody could be reached: the call says so. Where
    Asterisk did not answer, their phone may have rung all the same.
    """
    status, answer = answers[-1]
    if 200 <= status < 300:
        offer = answer.get("offer") if rings else None
        return "unknown" if offer is not None and offer["state"] == _NOT_REACHED else "ok"
    surely = all((answer.get("code"), number) in _NOT_DONE for number, answer in answers[:-1])
    return "fail" if surely and (400 <= status < 500 or status == 503) else "unknown"


@dataclass
class Recorder:
    """Of one round. `dialled` are the callers' calls, with who made them, by the number that was theirs."""

    operations: list[Operation] = field(default_factory=list)
    dialled: dict[str, tuple[Station, Call]] = field(default_factory=dict)

    @contextmanager
    def command(self, agent: str, kind: Kind, call: str, target: str) -> Iterator[list[Answer]]:
        """One that is sent in the block, which adds what it is answered. Whoever stops waiting knows nothing of it."""
        answers: list[Answer] = []
        invoked = time.monotonic()
        try:
            yield answers
        finally:
            known = outcome(answers, rings=bool(target)) if answers else "unknown"
            self.operations.append(Operation(agent, kind, call, invoked, time.monotonic(), known, target))

    def hung_up(self, agent: str, call: str) -> None:
        """At the phone, now."""
        now = time.monotonic()
        self.operations.append(Operation(agent, "hang-up", call, now, now, "ok"))

    def history(self, agents: Iterable[Station], outside: Iterable[Station], since: float, until: float) -> History:
        """Of all that has happened between the two times."""
        agents = list(agents)
        rings = [_ring(agent.name, _shown(call), call) for agent in agents for call in agent.calls if _came(call)]
        rings += [_ring(_dialled(call), _shown(call), call) for each in outside for call in each.calls if _came(call)]
        heard = [each for agent in agents for each in _heard(agent, agent.name, since, until, self._called)]
        for number, (caller, call) in self.dialled.items():
            begin, end = call.stamps["invite sent"], call.stamps.get("ended", until)
            heard += _heard(caller, number, begin, end, lambda name, _: name)
        stays = [_stay(number, call) for number, (_, call) in self.dialled.items()]
        return History(self.operations, [ring for ring in rings if ring.received >= since], stays, heard)

    def _called(self, name: str, at: float) -> str:
        """The number of the call that this caller had then; of others their name."""
        for number, (caller, call) in self.dialled.items():
            if caller.name == name and call.stamps["invite sent"] <= at <= call.stamps.get("ended", FOREVER):
                return number
        return name


def by_request(call: Call) -> bool:
    """Whether the phone was to answer by itself, for its agent has requested the call."""
    return call.invite is not None and wants_auto_answer(call.invite.request)


def _came(call: Call) -> bool:
    return call.direction == "in" and call.invite is not None


def _shown(call: Call) -> str:
    """The number that the display showed as it began to ring."""
    assert call.invite is not None
    found = identity(call.invite.request, with_from=True)
    return found.number if found is not None else ""


def _dialled(call: Call) -> str:
    """The number that this call from the company has dialled."""
    assert call.invite is not None
    return parse_uri(call.invite.request.uri).user or ""


def _ring(phone: str, number: str, call: Call) -> Ring:
    stamps = call.stamps
    answered, ended = stamps.get("200 sent", FOREVER), stamps.get("ended", FOREVER)
    return Ring(phone, number, stamps["invite received"], answered, ended, by_request(call))


def _stay(number: str, call: Call) -> Stay:
    stamps = call.stamps
    dialled, answered = stamps["invite sent"], stamps.get("200 received", FOREVER)
    if "ended" not in stamps:
        return Stay(number, dialled, answered)
    by: Literal["caller", "system"] = "caller" if call.cause in ("hung up", "cancelled") else "system"
    return Stay(number, dialled, answered, stamps["ended"], by, f"{call.cause} {call.reason}".rstrip())


def _heard(who: Station, ear: str, since: float, until: float, named: Callable[[str, float], str]) -> list[Heard]:
    """Each voice for as long as it was heard without a break."""
    found: list[Heard] = []
    running: dict[str, float] = {}
    for begin, _, now in (*who.timeline.stretches(since, until), (until, until, None)):
        voices = now.voices if now is not None else frozenset()
        over = [name for name in running if name not in voices]
        found += [Heard(ear, named(voice, running[voice]), running.pop(voice), begin) for voice in over]
        for voice in voices - running.keys():
            running[voice] = begin
    return found
