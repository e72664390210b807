"""Days of call centres, made up: calls whose segments touch each other, and states of agents that do not overlap."""

from dataclasses import dataclass

from hypothesis import strategies as st

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind

BEGIN = 1_800_000_000.0
AGENTS = ("alice", "bob", "carol")
TARGETS = ("queue:sales", "queue:support", "group:night")
STATES = ("ready", "not_ready", "reserved", "ringing", "on_call", "wrap_up", "logged_out")
_WAIT_ENDS = [
    *(SegmentEnd.ANSWERED, SegmentEnd.ABANDONED, SegmentEnd.OVERFLOW, SegmentEnd.KEY),
    *(SegmentEnd.CALLBACK, SegmentEnd.NOBODY, SegmentEnd.LOST),
]
_RING_ENDS = [
    *(SegmentEnd.ANSWERED, SegmentEnd.NO_ANSWER, SegmentEnd.DECLINED, SegmentEnd.BUSY),
    *(SegmentEnd.UNAVAILABLE, SegmentEnd.CANCELLED, SegmentEnd.ELSEWHERE),
]

seconds = st.integers(0, 400_000).map(lambda ms: ms / 1000)


@dataclass(frozen=True)
class Day:
    """What was."""

    calls: list[CallRecord]
    states: list[AgentStateRecord]


@st.composite
def calls(draw: st.DrawFn, name: str) -> CallRecord:
    """A caller waits here and there; after some of it an agent talks to them, holds them, and leaves or not."""
    began = now = BEGIN + draw(st.integers(0, 4 * 3600))
    segments: list[Segment] = []
    for _ in range(draw(st.integers(0, 3))):
        end, target = draw(st.sampled_from(_WAIT_ENDS)), draw(st.sampled_from(TARGETS))
        waited = draw(seconds)
        agent = draw(st.sampled_from(AGENTS))
        rang = draw(seconds)
        how = draw(st.sampled_from(_RING_ENDS))
        offer = draw(st.sampled_from([None, *OfferKind]))
        segments.append(Segment("c", PartyRole.CONTACT, SegmentKind.QUEUE, now, now + waited, end, target=target))
        segments.append(
            Segment(f"r-{agent}", PartyRole.AGENT, SegmentKind.RING, now, now + rang, how, agent=agent, offer=offer)
        )
        now += waited
        if end is SegmentEnd.ANSWERED:
            for kind in draw(st.lists(st.sampled_from([SegmentKind.TALK, SegmentKind.HOLD]), max_size=3)):
                lasted = draw(seconds)
                left = draw(st.sampled_from([SegmentEnd.NEXT, SegmentEnd.LEFT, SegmentEnd.OVER]))
                segments.append(Segment(agent, PartyRole.AGENT, kind, now, now + lasted, left, agent=agent))
                now += lasted
    answered = any(s.kind is SegmentKind.TALK for s in segments)
    return CallRecord(
        name, CallType.INBOUND, "answered" if answered else "abandoned", began, None, now + draw(seconds), "contact",
        EndReason.HANGUP, transfers=draw(st.integers(0, 2)), conferences=draw(st.integers(0, 2)),
        segments=tuple(segments),
    )  # fmt: skip


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A few calls, and what agents did, with wrap-ups after some of them."""
    made = [draw(calls(f"call-{n}")) for n in range(draw(st.integers(0, 5)))]
    states: list[AgentStateRecord] = []
    for agent in AGENTS:
        now = BEGIN + draw(st.integers(-3600, 3600))
        for _ in range(draw(st.integers(0, 6))):
            state, lasted = draw(st.sampled_from(STATES)), draw(st.integers(1, 7_200_000)) / 1000
            reason = draw(st.sampled_from([None, "lunch", "meeting"])) if state == "not_ready" else None
            of = draw(st.sampled_from(made)).id if made and state in ("on_call", "wrap_up") else None
            states.append(AgentStateRecord(agent, state, reason, now, now + lasted, of))
            now += lasted
    return Day(made, states)


cuts = st.lists(st.integers(-7200, 6 * 3600), min_size=2, max_size=8, unique=True).map(
    lambda marks: tuple(int(BEGIN + mark) * 1000 for mark in sorted(marks))
)
