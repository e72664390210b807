"""What became of each caller, put together from what all phones noted. Pure.

A caller is found at agents' phones by the number on the display, which nobody else has on that day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.day.centre import FEAST, FIRST, FIRST_AGENTS, KEY_AWAY, KEY_BACK, KEY_SECOND, MAX_WAIT, SECOND, SECOND_AGENTS
from tests.day.ledger import Caller, Command, Ledger, Ring
from tests.day.spans import Moment, Span

type Left = Literal["answered", "abandoned", "overflowed", "by_key", "callbacks"]
type Doing = Literal["talk", "hold"]

QUEUES = {FIRST: "queue:first", SECOND: "queue:second", FEAST: "queue:feast"}
OVERFLOW = "queue:second"
_NOTED_WITHIN = 0.05
"""SIPp notes what it has sent: BYE may be at the other phone before it is noted, by seconds."""


@dataclass(frozen=True, slots=True)
class Work:
    """An agent talked in a call, or had it on hold."""

    agent: str
    doing: Doing
    span: Span


@dataclass(frozen=True, slots=True)
class Presence:
    """An agent was in a call; `passed_on`: they left it to somebody else. `gone`: their phone had let go."""

    agent: str
    begin: Moment
    end: Moment
    gone: float
    passed_on: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """A caller waited for a target."""

    target: str
    span: Span
    left: Left


@dataclass(slots=True)
class Story:
    """Of one caller. `work` is of all agents, in all that this call was, `aside` in consultations about it. `crossed`:
    they hung up in the very moment in which this phone was answered."""

    caller: Caller
    shut: bool = False
    stays: list[Stay] = field(default_factory=list)
    served: list[Presence] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    aside: list[Work] = field(default_factory=list)
    asides: list[Presence] = field(default_factory=list)
    transfers: int = 0
    conferences: int = 0
    called_back: bool = False
    crossed: Ring | None = None
    wrong: list[str] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        return bool(self.served)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was noted about one number."""

    rings: Sequence[Ring]
    commands: Sequence[Command]
    outside: Sequence[Ring]


@dataclass(frozen=True, slots=True)
class _Rule:
    is_shut: Callable[[str, float], bool]
    moment: float
    answered_first: bool
    loose: Sequence[Command]
    """Calls that were released with a colleague on the display, whom the agent had wanted to consult."""


def stories(
    ledger: Ledger, is_shut: Callable[[str, float], bool], moment: float = 0.0, *, answered_first: bool = True
) -> list[Story]:
    """Of all callers, in the order in which they called. `is_shut`: whether a number is closed at that time.

    `moment`: of an answer and a hang-up that are so near to each other, in seconds, phones do not see which counted;
    `answered_first`: it is taken to be this.
    """
    rings, commands, outside = (
        defaultdict[str, list[Ring]](list),
        defaultdict[str, list[Command]](list),
        _by_shown(ledger),
    )
    for ring in sorted(ledger.rings, key=lambda each: each.came):
        if not ring.own:
            for number in dict.fromkeys((ring.shown, ring.shown_last)):
                rings[number].append(ring)
    for command in sorted(ledger.commands, key=lambda each: each.sent):
        commands[command.of].append(command)
    loose = [x for x in ledger.commands if x.verb == "release" and x.done and not x.of.startswith("+")]
    rule = _Rule(is_shut, moment, answered_first, loose)
    return [
        _story(caller, _Seen(rings[caller.number], commands[caller.number], outside[caller.number]), rule)
        for caller in sorted(ledger.callers, key=lambda each: each.sent)
    ]


def _by_shown(ledger: Ledger) -> defaultdict[str, list[Ring]]:
    found = defaultdict[str, list[Ring]](list)
    for ring in ledger.outside:
        found[ring.phone].append(ring)
    return found


def _story(caller: Caller, seen: _Seen, rule: _Rule) -> Story:
    story = Story(caller)
    if rule.is_shut(caller.dialled, caller.sent):
        story.shut = True
        if seen.rings:
            story.wrong.append("was put through to what is closed")
        return story
    if caller.up is None:
        story.wrong.append("was not let in")
        return story
    first = next((ring for ring in seen.rings if ring.how == "answered" and ring.came < caller.ended), None)
    if first is not None and caller.by_caller and abs(first.over - caller.ended) <= rule.moment:
        story.crossed = first
        first = first if rule.answered_first else None
    story.stays = list(_stays(caller, seen.rings, first, rule.is_shut))
    if first is not None:
        _serve(story, first, replace(seen, commands=[*seen.commands, *rule.loose]))
    elif story.stays[-1].left == "callbacks":
        _call_back(story, seen)
    if story.stays[-1].left == "abandoned" and not caller.by_caller:
        story.wrong.append("was released, and nobody had served them")
    return story


# -- waiting ----------------------------------------------------------------------------------------------------------


def _stays(
    caller: Caller, rings: Sequence[Ring], first: Ring | None, is_shut: Callable[[str, float], bool]
) -> Iterable[Stay]:
    target, begin = QUEUES[caller.dialled], Moment(caller.sent, since=caller.up)
    key = caller.keys[0] if caller.keys else None
    by_first = first is not None and first.phone in FIRST_AGENTS
    if key is not None and not by_first and target == QUEUES[FIRST]:
        pressed = _moment_of_key(key[0], caller, rings)
        if key[1] == KEY_BACK and first is None:
            yield Stay(target, Span(begin, Moment(key[0], caller.ended)), "callbacks")
            return
        if key[1] == KEY_AWAY and first is None:
            yield Stay(target, Span(begin, Moment(key[0], caller.ended)), "by_key")
            return
        if key[1] == KEY_SECOND:
            yield Stay(target, Span(begin, pressed), "by_key")
            target, begin = OVERFLOW, pressed
    elif target == QUEUES[FIRST] and not by_first and _waited_too_long(caller, first):
        end = _too_long(begin, rings)
        yield Stay(target, Span(begin, end), "overflowed")
        if first is None and is_shut(SECOND, end.earliest):
            return  # they hear so, and are released
        target, begin = OVERFLOW, end
    if first is not None:
        yield Stay(target, Span(begin, Moment(first.over)), "answered")
    else:
        yield Stay(target, Span(begin, _gave_up(caller, rings)), "abandoned")


def _waited_too_long(caller: Caller, first: Ring | None) -> bool:
    if first is not None:
        return first.phone in SECOND_AGENTS
    return caller.ended - (caller.up or caller.sent) > MAX_WAIT


def _too_long(begin: Moment, rings: Sequence[Ring]) -> Moment:
    """Whoever is being rung for them then is waited for."""
    due = begin.after(MAX_WAIT)
    rung = [ring.over for ring in rings if ring.came <= due.last(0.0) and ring.over > due.earliest]
    return Moment(due.earliest, since=max([due.last(0.0), *rung]))


def _moment_of_key(pressed: float, caller: Caller, rings: Sequence[Ring]) -> Moment:
    """It takes effect before the next phone of the other queue rings, or the caller is gone."""
    later = [ring.came for ring in rings if ring.came > pressed and ring.phone in SECOND_AGENTS]
    return Moment(pressed, min([*later, caller.ended]))


def _gave_up(caller: Caller, rings: Sequence[Ring]) -> Moment:
    """Whoever rang then was shown that it is over."""
    seen = [ring.over for ring in rings if ring.how == "cancelled" and ring.over >= caller.ended >= ring.came]
    return Moment(caller.ended, min(seen, default=None))


# -- being served -----------------------------------------------------------------------------------------------------


def _serve(story: Story, first: Ring, seen: _Seen) -> None:
    """Who was in the call from the first answer on, and what each did."""
    waiting = [(first, Moment(first.over))]
    while waiting:
        ring, begin = waiting.pop(0)
        mine = [x for x in seen.commands if x.agent == ring.phone and ring.over <= x.sent <= ring.ended]
        holds, end, passed_on = [], None, False
        for command in (x for x in mine if x.done):
            if command.verb in ("transfer", "conference", "consult"):
                others = [x for x in seen.rings if x.phone != ring.phone and command.sent <= x.came <= ring.ended]
                other = next((x for x in others if x.how == "answered"), None)
                done = other is not None and _goes_with(story, command, other, mine, ring)
                holds.append((Moment(command.sent, min([command.answered, *(x.came for x in others)])), command))
                if other is not None and done:
                    moved = _moved(command, other, mine, ring)
                    waiting.append((other, moved))
                    if command.verb != "conference":
                        end, passed_on = Moment(moved.earliest, ring.ended), True
            elif command.verb == "hold":
                holds.append((Moment(command.sent, command.answered), command))
        end = end or _end(story, ring, mine)
        story.served.append(Presence(ring.phone, begin, end, ring.ended, passed_on))
        story.work += _worked(ring.phone, begin, end, _closed(holds, mine, seen, ring, end))


def _goes_with(story: Story, command: Command, other: Ring, mine: Sequence[Command], ring: Ring) -> bool:
    """Whether the other one is in this call then; of a consultation, whether it was completed."""
    match command.verb:
        case "transfer":
            story.transfers += 1
        case "conference":
            story.conferences += 1
        case _:
            complete = next((x for x in mine if x.verb == "complete" and x.done), None)
            talked = Span(Moment(other.over), Moment(complete.sent, ring.ended) if complete else Moment(ring.ended))
            for agent, phone in ((ring.phone, ring), (other.phone, other)):
                story.aside.append(Work(agent, "talk", talked))
                story.asides.append(Presence(agent, talked.begin, talked.end, phone.ended))
            if complete is None:
                story.wrong.append("a consultation was not completed")
                return False
            story.transfers += 1
    return True


def _moved(command: Command, other: Ring, mine: Sequence[Command], ring: Ring) -> Moment:
    """When the other one has come to this call."""
    if command.verb == "consult":
        complete = next(x for x in mine if x.verb == "complete" and x.done)
        return Moment(complete.sent, ring.ended)
    return Moment(other.over, ring.ended if command.verb == "transfer" else None)


def _end(story: Story, ring: Ring, mine: Sequence[Command]) -> Moment:
    """Why this phone was let go: its agent released the call, or the caller hung up."""
    causes = [x.sent for x in mine if x.verb == "release" and x.done]
    if story.caller.by_caller and story.caller.ended <= ring.ended + _NOTED_WITHIN:
        causes.append(min(story.caller.ended, ring.ended))
    if not causes:
        story.wrong.append(f"nobody knows why {ring.phone} was let go")
        return Moment(ring.ended)
    return Moment(min(causes), ring.ended)


def _closed(
    holds: Sequence[tuple[Moment, Command]], mine: Sequence[Command], seen: _Seen, ring: Ring, end: Moment
) -> list[Span]:
    """Each hold with its end: retrieved, or somebody else has come, or the call was left."""
    found = []
    for begin, command in holds:
        ends = [Moment(x.sent, x.answered) for x in mine if x.verb == "retrieve" and x.done and x.sent > command.sent]
        if command.verb == "conference":
            ends += [
                Moment(x.over)
                for x in seen.rings
                if x.how == "answered" and x.phone != ring.phone and command.sent <= x.came <= ring.ended
            ]
        found.append(Span(begin, min([*ends, end], key=lambda moment: moment.earliest)))
    return found


def _worked(agent: str, begin: Moment, end: Moment, holds: Sequence[Span]) -> Iterable[Work]:
    at = begin
    for hold in sorted(holds, key=lambda each: each.begin.earliest):
        yield Work(agent, "talk", Span(at, hold.begin))
        yield Work(agent, "hold", hold)
        at = hold.end
    if at is not end:
        yield Work(agent, "talk", Span(at, end))


# -- being called back ------------------------------------------------------------------------------------------------


def _call_back(story: Story, seen: _Seen) -> None:
    """An agent answers, then the caller does; who is not reached has talked to nobody."""
    for called in seen.outside:
        ring = next((x for x in seen.rings if x.how == "answered" and x.over <= called.came <= x.ended), None)
        if called.how != "answered" or ring is None:
            continue
        mine = [x for x in seen.commands if x.agent == ring.phone and ring.over <= x.sent <= ring.ended]
        causes = [x.sent for x in mine if x.verb == "release" and x.done]
        causes += [called.ended] if called.by_phone else []
        end = Moment(min(causes, default=ring.ended), ring.ended)
        story.called_back = True
        story.served.append(Presence(ring.phone, Moment(called.over), end, ring.ended))
        story.work.append(Work(ring.phone, "talk", Span(Moment(called.over), end)))
