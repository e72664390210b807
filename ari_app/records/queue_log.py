"""Facts as lines of Asterisk's own `queue_log`, so that report tools made for that can read them.

    timestamp|callid|queue|agent|event|data…        seconds since the epoch; data as app_queue.c of Asterisk 22 has it

A fact is written when it is over, and its lines are of all the time that it took: those of one fact are in order, those
of several are not. Whoever writes a file therefore sorts by `Line.order` all lines of the time that it is for, out of
all facts that reach into that time, and writes it when no call of that time goes on.

A target that is no queue stands in the place of the queue as it is written elsewhere: `group:support`.

What is otherwise than with app_queue: agents are named by their ids; a call has the id that it has here; a ring is a
RINGNOANSWER also where the phone declined or was busy (there too), and where one of several answered it is none. PAUSE
and UNPAUSE are the beginning and end of the state `not_ready`: a call that an agent makes meanwhile parts it. Members
come and go (ADDMEMBER, REMOVEMEMBER) as agents log in and out. Which key somebody pressed to leave is not known.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ari_app.calls.model import PartyRole
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind
from ari_app.routing.targets import TargetType

NONE = "NONE"
_QUEUE = f"{TargetType.QUEUE}:"
_MISSED = frozenset({SegmentEnd.NO_ANSWER, SegmentEnd.DECLINED, SegmentEnd.BUSY, SegmentEnd.UNAVAILABLE})
# In which order they stand where they are of the same time.
_RANKS = (
    *("UNPAUSEALL", "UNPAUSE", "REMOVEMEMBER", "ADDMEMBER", "PAUSEALL", "PAUSE", "RINGNOANSWER", "RINGCANCELED"),
    *("COMPLETECALLER", "COMPLETEAGENT", "BLINDTRANSFER", "ATTENDEDTRANSFER", "ABANDON", "EXITWITHTIMEOUT"),
    *("EXITWITHKEY", "EXITEMPTY", "WITHDRAW", "ENTERQUEUE", "CONNECT"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `at`: seconds since the epoch."""

    at: float
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str | int, ...] = ()

    @property
    def order(self) -> tuple[float, int, str, str]:
        """By which lines are sorted."""
        return (self.at, _RANKS.index(self.event), self.call, self.queue)

    def __str__(self) -> str:
        """As it is written, without its end."""
        data = "|".join(_clean(str(one)) for one in self.data)
        return f"{int(self.at)}|{_clean(self.call)}|{_clean(self.queue)}|{_clean(self.agent)}|{self.event}|{data}"


def _clean(text: str) -> str:
    """What parts fields and lines stands in none."""
    return "".join(c if c.isprintable() and c != "|" else " " for c in text)


# -- calls ------------------------------------------------------------------------------------------------------------


def lines_of_call(record: CallRecord) -> list[Line]:
    """What became of each wait of its caller, in order."""
    lines: list[Line] = []
    for wait in record.segments:
        if wait.kind is SegmentKind.QUEUE and wait.target is not None and not (_for_one(wait.target) or _full(wait)):
            lines += _wait(record, wait, wait.target.removeprefix(_QUEUE))
    return sorted(lines, key=lambda line: line.order)


def _for_one(target: str) -> bool:
    return target.startswith(f"{TargetType.AGENT}:")


def _full(wait: Segment) -> bool:
    """Whether no more could wait there: app_queue, too, writes nothing of those."""
    return wait.position is None and wait.begun_at == wait.ended_at


def _wait(record: CallRecord, wait: Segment, queue: str) -> Iterator[Line]:
    number = record.contact.number if record.contact is not None else ""
    waited, places = _seconds(wait.begun_at, wait.ended_at), (wait.last_position or 1, wait.position or 1)

    def line(at: float, agent: str, event: str, *data: str | int) -> Line:
        return Line(at, record.id, queue, agent, event, data)

    yield line(wait.begun_at, NONE, "ENTERQUEUE", "", number, places[1])
    answered = None
    for ring in _rings(record, wait):
        took = round((ring.ended_at - ring.begun_at) * 1000)
        if ring.end is SegmentEnd.ANSWERED:
            answered = ring
            data = (waited, ring.party, _seconds(ring.begun_at, ring.ended_at))
            yield line(ring.ended_at, ring.agent or NONE, "CONNECT", *data)
        elif ring.end in _MISSED:
            yield line(ring.ended_at, ring.agent or NONE, "RINGNOANSWER", took)
        elif ring.end is SegmentEnd.CANCELLED:
            yield line(ring.ended_at, ring.agent or NONE, "RINGCANCELED", took)
    match wait.end:
        case SegmentEnd.ANSWERED:
            if answered is not None:
                yield _complete(record, wait, answered, queue)
        case SegmentEnd.OVERFLOW:
            yield line(wait.ended_at, NONE, "EXITWITHTIMEOUT", *places, waited)
        case SegmentEnd.KEY:
            yield line(wait.ended_at, NONE, "EXITWITHKEY", "", *places, waited)
        case SegmentEnd.NOBODY:
            yield line(wait.ended_at, NONE, "EXITEMPTY", *places, waited)
        case SegmentEnd.CALLBACK:
            yield line(wait.ended_at, NONE, "WITHDRAW", *places, waited, "callback")
        case _:
            yield line(wait.ended_at, NONE, "ABANDON", *places, waited)


def _rings(record: CallRecord, wait: Segment) -> list[Segment]:
    """Whose phones rang for this wait."""
    return [
        s
        for s in record.segments
        if s.kind is SegmentKind.RING and s.offer is not None and s.target == wait.target
        if wait.begun_at <= s.begun_at and s.ended_at <= wait.ended_at
    ]


def _complete(record: CallRecord, wait: Segment, ring: Segment, queue: str) -> Line:
    """How it ended that the caller and the agent who answered were in the call together."""
    mine = [s for s in record.segments if s.party == ring.party and s.begun_at >= ring.ended_at]
    caller = [s for s in record.segments if s.party == wait.party and s.begun_at >= wait.ended_at]
    ends = [spoken[-1] for spoken in (mine, caller) if spoken]
    last = min(ends, key=lambda s: s.ended_at, default=ring)
    held, talked = _seconds(wait.begun_at, wait.ended_at), _seconds(wait.ended_at, last.ended_at)
    figures = (held, talked, wait.position or 1)
    heir = next(
        (s for s in record.segments if s.begun_at == last.ended_at and s.party not in (ring.party, wait.party)), None
    )
    event, data = "COMPLETEAGENT", figures
    if last.end is SegmentEnd.LEFT and last.party == ring.party and heir is not None and record.transfers:
        return _transferred(record, ring, heir, last.ended_at, queue, figures)
    if last.ended_by == "contact" or (last.role is PartyRole.CONTACT and last.end is SegmentEnd.LEFT):
        event = "COMPLETECALLER"
    return Line(last.ended_at, record.id, queue, ring.agent or NONE, event, data)


def _transferred(
    record: CallRecord, ring: Segment, heir: Segment, at: float, queue: str, figures: tuple[int, int, int]
) -> Line:
    """To whom the agent passed the caller on: rung for that, or consulted before."""
    rung = next((s for s in record.segments if s.party == heir.party and s.kind is SegmentKind.RING), None)
    if rung is None:
        return Line(at, record.id, queue, ring.agent or NONE, "ATTENDEDTRANSFER", ("BRIDGE", record.id, *figures))
    kind, _, name = (rung.target or "").partition(":")
    return Line(at, record.id, queue, ring.agent or NONE, "BLINDTRANSFER", (name, kind, *figures))


def _seconds(begun_at: float, ended_at: float) -> int:
    """As app_queue counts: between two times in whole seconds."""
    return int(ended_at) - int(begun_at)


# -- agents -----------------------------------------------------------------------------------------------------------


def lines_of_state(record: AgentStateRecord, queues: Collection[str]) -> list[Line]:
    """Of an agent who serves these queues: that they came, went, paused and went on."""
    match record.state:
        case "logged_out":
            return [
                *_members(record.begun_at, record.agent, "REMOVEMEMBER", queues),
                *_members(record.ended_at, record.agent, "ADDMEMBER", queues),
            ]
        case "not_ready":
            return [
                *_members(record.begun_at, record.agent, "PAUSE", queues, record.reason or ""),
                *_members(record.ended_at, record.agent, "UNPAUSE", queues),
            ]
        case _:
            return []


def _members(at: float, agent: str, event: str, queues: Iterable[str], data: str = "") -> Iterator[Line]:
    if event in ("PAUSE", "UNPAUSE"):
        yield Line(at, NONE, NONE, agent, f"{event}ALL", (data,))
    for queue in queues:
        yield Line(at, NONE, queue, agent, event, (data,))
