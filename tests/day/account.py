"""Every figure of docs/reports.md, counted again from what phones noted, as the bounds between which it must lie. Pure.

Counts are exact: their bounds are one number, but at the edges of a report within the day, where whoever began in the
very moment may be on either side.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tests.day.centre import RINGS, SERVED_BY, SHORT, WRAP_UP
from tests.day.ledger import Command, Ledger, Ring
from tests.day.spans import (
    NONE,
    ROUNDED,
    WHOLE,
    Bounds,
    Lateness,
    Moment,
    Span,
    Window,
    count,
    length,
    longest,
    total,
    within,
)
from tests.day.stories import Stay, Story

type Row = dict[str, Bounds]

_LONG_RING = RINGS - 0.5
"""Seconds: agents answer or refuse sooner, and who is rung for longer is missed, unless the caller is gone."""


@dataclass
class Account:
    """The whole day. `late`: by how much events were noted after their cause; `found`: how long it took from the INVITE
    of a caller who found somebody free to that at the agent's phone. `stories`: where an answer and a hang-up have
    crossed, as if the answer had been first; `otherwise`: as if it had not."""

    ledger: Ledger
    stories: Sequence[Story]
    late: Lateness
    found: Lateness
    otherwise: Sequence[Story] = ()

    # -- queues -----------------------------------------------------------------------------------

    def queues(self, levels: Mapping[str, float], window: Window = WHOLE) -> dict[str, Row]:
        """Of each target that callers waited for."""
        rows = self._queues(levels, window)
        return _either(rows, replace(self, stories=self.otherwise)._queues(levels, window)) if self._crossed else rows

    @cached_property
    def _crossed(self) -> set[Ring]:
        """Phones that were answered as the caller hung up."""
        return {story.crossed for story in self.stories if story.crossed is not None} if self.otherwise else set()

    def _queues(self, levels: Mapping[str, float], window: Window) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for target in sorted({stay.target for story in self.stories for stay in story.stays}):
            stays = [(story, stay) for story in self.stories for stay in story.stays if stay.target == target]
            row = self._queue(stays, levels[target], window)
            if row["offered"].high:
                rows[target] = row
        return rows

    def _queue(self, stays: Sequence[tuple[Story, Stay]], level: float, window: Window) -> Row:
        sure = [x for x in stays if within(x[1].span.begin, self.late, window)]
        perhaps = [x for x in stays if within(x[1].span.begin, self.late, window) is None]

        def counted(of: Iterable[tuple[Story, Stay]]) -> Row:
            return self._counted(list(of), level)

        low, high = counted(sure), counted([*sure, *perhaps])
        return {name: Bounds(low[name].low, high[name].high) for name in low}

    def _counted(self, stays: Sequence[tuple[Story, Stay]], level: float) -> Row:
        ways: dict[str, list[Stay]] = defaultdict(list)
        for _, stay in stays:
            ways[stay.left].append(stay)
        waits = [length(stay.span, self.late) for stay in ways["answered"]]
        gave_up = [length(stay.span, self.late) for stay in ways["abandoned"]]
        served = [story for story, stay in stays if stay.left == "answered"]
        work = [each for story in served for each in story.work]
        presences = [each for story in served for each in story.served]
        in_time = Bounds(sum(each.high <= level for each in waits), sum(each.low <= level for each in waits))
        short = Bounds(sum(each.high < SHORT for each in gave_up), sum(each.low < SHORT for each in gave_up))
        return {
            "offered": _exactly(len(stays)),
            "answered": _exactly(len(waits)),
            "short_abandons": short,
            "abandoned": Bounds(len(gave_up) - short.high, len(gave_up) - short.low),
            "overflowed": _exactly(len(ways["overflowed"])),
            "by_key": _exactly(len(ways["by_key"])),
            "callbacks": _exactly(len(ways["callbacks"])),
            "nobody": NONE,
            "otherwise": NONE,
            "answered_in_time": in_time,
            "waited_answered": total((stay.span for stay in ways["answered"]), self.late),
            "longest_wait": longest([stay.span for _, stay in stays], self.late),
            "talk": total((each.span for each in work if each.doing == "talk"), self.late),
            "hold": total((each.span for each in work if each.doing == "hold"), self.late),
            "wrap_up": self._rests(len(presences)),
            "transfers": _exactly(sum(story.transfers for story in served)),
            "conferences": _exactly(sum(story.conferences for story in served)),
        }

    def _rests(self, number: int) -> Bounds:
        """After-call work that nobody ends by hand: what the file says, and as much as a timer is late."""
        return Bounds(number * (WRAP_UP - ROUNDED), number * (WRAP_UP + self.late.of(number)))

    # -- agents -----------------------------------------------------------------------------------

    def agents(self, window: Window = WHOLE) -> dict[str, Row]:
        """Of everybody who has a phone."""
        rings = defaultdict[str, list[Ring]](list)
        for ring in self.ledger.rings:
            rings[ring.phone].append(ring)
        commands = defaultdict[str, list[Command]](list)
        for command in sorted(self.ledger.commands, key=lambda each: each.sent):
            commands[command.agent].append(command)
        found = {agent: self._agent(agent, rings[agent], commands[agent], window) for agent in sorted(rings)}
        if not self._crossed:
            return found
        rung = {agent: [_withdrawn(x) if x in self._crossed else x for x in rings[agent]] for agent in rings}
        other = replace(self, stories=self.otherwise, otherwise=())
        return _either(found, {x: other._agent(x, rung[x], commands[x], window) for x in sorted(rings)})

    def _agent(self, agent: str, rings: Sequence[Ring], commands: Sequence[Command], window: Window) -> Row:
        rung = [ring for ring in rings if not ring.own]
        ways: dict[str, list[Ring]] = defaultdict(list)
        for ring in rung:
            ways[self._way(ring)].append(ring)
        served = [(story, x) for story in self.stories for x in story.served if x.agent == agent]
        asides = [x for story in self.stories for x in story.asides if x.agent == agent]
        work = [x for story in self.stories for x in (*story.work, *story.aside) if x.agent == agent]
        own = list(self._own_calls(rings, commands))
        talks = [x.span for x in work if x.doing == "talk"] + [talk for _, talk in own if talk is not None]
        holds = [x.span for x in work if x.doing == "hold"]
        begun = [x.begin for _, x in served] + [x.begin for x in asides] + [t.begin for _, t in own if t is not None]
        home = [x for x in commands if x.verb == "logout"]
        rests = [Span(Moment(x.gone), _rested(x.gone, home)) for _, x in served]
        return {
            "rung": self._began(rung, window) + self._unseen(rings, window),
            **{way: self._began(ways[way], window) for way in ("answered", "missed", "declined", "busy")},
            "withdrawn": self._began(ways["withdrawn"], window) + self._unseen(rings, window),
            "unavailable": NONE,
            "calls": count(begun, self.late, window),
            "talk": total(talks, self.late, window),
            "hold": total(holds, self.late, window),
            "wrap_up": total(rests, self.late, window),
            "transfers": count((x.end for _, x in served if x.passed_on), self.late, window),
            "conferences": count((x.begin for story, x in served if story.conferences), self.late, window),
            **self._states(rings, commands, own, rests, window),
        }

    def _began(self, rings: Sequence[Ring], window: Window) -> Bounds:
        """How many, by when somebody was found whom to ring: a little before their phone was."""
        return count((Moment(x.came - self.found.most, x.came) for x in rings), self.late, window)

    def _unseen(self, rings: Sequence[Ring], window: Window) -> Bounds:
        """Whoever waited and gave up as this agent became free may have been given to them, and their phone not rung
        yet: it counts as a ring that was withdrawn."""
        gone = [story.caller.ended for story in self.stories if story.stays and story.stays[-1].left == "abandoned"]
        free = [ring.ended + WRAP_UP for ring in rings]
        found = [at for at in gone if any(abs(at - begun) <= self.late.most for begun in free)]
        return Bounds(0, count((Moment(at - self.late.most, at) for at in found), self.late, window).high)

    def _way(self, ring: Ring) -> str:
        if ring.how != "cancelled":
            return ring.how
        return "missed" if ring.over - ring.came >= _LONG_RING and not self._caller_gone(ring) else "withdrawn"

    def _caller_gone(self, ring: Ring) -> bool:
        gone = {x.caller.number: x.caller for x in self.stories}.get(ring.shown)
        return gone is not None and gone.by_caller and gone.ended <= ring.over <= gone.ended + self.late.most

    def _own_calls(self, rings: Sequence[Ring], commands: Sequence[Command]) -> Iterable[tuple[Span, Span | None]]:
        """Each with the time from when it was made until its phone was let go, and that in which they talked."""
        for dial in (x for x in commands if x.verb == "dial" and x.done):
            phone = next((x for x in rings if x.own and dial.sent <= x.came), None)
            if phone is None:
                continue
            other = next(
                (
                    x
                    for x in self.ledger.outside
                    if x.phone == dial.of and x.how == "answered" and phone.over <= x.came <= phone.ended
                ),
                None,
            )
            released = next((x for x in commands if x.verb == "release" and phone.over <= x.sent <= phone.ended), None)
            end = Moment(released.sent if released is not None else phone.ended, phone.ended)
            talk = Span(Moment(other.over), end) if other is not None else None
            yield Span(Moment(dial.sent, dial.answered), Moment(phone.ended)), talk

    def _states(
        self, rings: Sequence[Ring], commands: Sequence[Command], own: Sequence[tuple[Span, Span | None]],
        rests: Sequence[Span], window: Window,
    ) -> Row:  # fmt: skip
        rung = [ring for ring in rings if not ring.own]
        talking = [Span(Moment(x.over), Moment(x.ended)) for x in rung if x.how == "answered"] + [x for x, _ in own]
        waiting = [Span(Moment(x.came - self.found.of(len(rung)), x.came), Moment(x.over)) for x in rung]
        on_call = total(talking, self.late, window)
        return {
            "on_call": on_call,
            "occupancy": on_call + total(waiting, self.late, window) + total(rests, self.late, window),
            "logged_in": total(self._there(commands), self.late, window),
            "lunch": self._breaks(rung, commands, window),
        }

    def _breaks(self, rung: Sequence[Ring], commands: Sequence[Command], window: Window) -> Bounds:
        """Whoever was being given to a caller as they chose to rest has a break after that call, or none."""
        breaks = list(_breaks(commands))
        sure = [x for x in breaks if not any(self._given(ring, x.begin) for ring in rung)]
        return Bounds(total(sure, self.late, window).low, total(breaks, self.late, window).high)

    def _given(self, ring: Ring, begin: Moment) -> bool:
        return ring.came - self.found.most <= begin.last(0) and begin.earliest <= ring.ended

    def _there(self, commands: Sequence[Command]) -> Iterable[Span]:
        """From when they were ready first: who has only logged in is where they were."""
        began: Command | None = None
        for command in commands:
            if command.verb == "ready" and began is None:
                began = command
            elif command.verb == "logout" and began is not None:
                yield Span(Moment(began.sent, began.answered), Moment(command.sent, command.answered))
                began = None


def _rested(gone: float, home: Sequence[Command]) -> Moment:
    """Who goes home rests no longer."""
    end = Moment(gone + WRAP_UP)
    return next((Moment(x.sent, x.answered) for x in home if gone < x.sent < end.earliest), end)


def _breaks(commands: Sequence[Command]) -> Iterable[Span]:
    begun: Command | None = None
    for command in (x for x in commands if x.done):
        if command.verb == "lunch":
            begun = command
        elif command.verb == "ready" and begun is not None:
            yield Span(Moment(begun.sent, begun.answered), Moment(command.sent, command.answered))
            begun = None


def _withdrawn(ring: Ring) -> Ring:
    return replace(ring, how="cancelled")


def _either(some: dict[str, Row], others: dict[str, Row]) -> dict[str, Row]:
    """What is right where either may be."""
    return {
        of: {name: _both(some.get(of, {}), others.get(of, {}), name) for name in some.get(of, others.get(of, {}))}
        for of in sorted(some.keys() | others.keys())
    }


def _both(some: Row, others: Row, name: str) -> Bounds:
    one, other = some.get(name, NONE), others.get(name, NONE)
    return Bounds(min(one.low, other.low), max(one.high, other.high))


def _exactly(number: int) -> Bounds:
    return Bounds(number, number)


# -- how late ---------------------------------------------------------------------------------------------------------


def lateness(ledger: Ledger) -> Lateness:
    """From the BYE that a caller sent to that at the phone of whoever talked to them: through all parts and back."""
    talked = {ring.shown: ring for ring in ledger.rings if ring.how == "answered" and not ring.own}
    ends = (
        talked[caller.number].ended - caller.ended
        for caller in ledger.callers
        if caller.by_caller and caller.number in talked and not talked[caller.number].by_phone
    )
    return Lateness(tuple(each for each in ends if each >= 0))


def finding(ledger: Ledger, idle: float = 1.0) -> Lateness:
    """From the INVITE of a caller to that at the phone of an agent who had been ready for so long."""
    ready = defaultdict[str, list[float]](list)
    for command in ledger.commands:
        if command.verb == "ready":
            ready[command.agent].append(command.answered)
    busy: dict[str, list[Ring]] = defaultdict(list)
    rung: dict[str, Ring] = {}
    for ring in sorted(ledger.rings, key=lambda each: each.came):
        busy[ring.phone].append(ring)
        if not ring.own:
            rung.setdefault(ring.shown, ring)
    samples = []
    for caller in ledger.callers:
        first = rung.get(caller.number)
        if first is None or caller.keys or first.phone not in SERVED_BY.get(caller.dialled, ()):
            continue
        before = max((x.ended for x in busy[first.phone] if x.came < first.came), default=-math.inf)
        back = max((at for at in ready[first.phone] if at < first.came), default=-math.inf)
        if max(before + WRAP_UP, back) + idle < caller.sent:
            samples.append(first.came - caller.sent)
    return Lateness(tuple(samples))
