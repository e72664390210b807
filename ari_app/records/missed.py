"""Which calls an agent has missed, so that they may call back. Pure.

They were rung in vain, or somebody wanted them alone while they were away or in another call. Not missed: what they
declined, for they know of it; and what another phone or agent answered while theirs rang.
"""

from collections.abc import Iterable

from ari_app.calls.model import AgentId
from ari_app.records.model import CallRecord, Segment, SegmentEnd, SegmentKind
from ari_app.routing.targets import TargetType

_KNOWN = (SegmentEnd.DECLINED, SegmentEnd.ELSEWHERE)
_ONE = f"{TargetType.AGENT}:"


def wanted_alone(segments: Iterable[Segment]) -> tuple[AgentId, ...]:
    """The agents for whom somebody waited, or whom somebody called: them and nobody else. Each once, in that order."""
    waits = (s.target or "" for s in segments if s.kind is SegmentKind.QUEUE or _calls(s))
    return tuple(dict.fromkeys(target.removeprefix(_ONE) for target in waits if target.startswith(_ONE)))


def _calls(segment: Segment) -> bool:
    """Whoever calls hears it ring."""
    return segment.kind is SegmentKind.RING and segment.offer is None


def is_missed(call: CallRecord, agent: AgentId) -> bool:
    """Whether this agent has missed it."""
    if agent not in call.missed_by:
        return False
    rings = [s.end for s in call.segments if s.agent == agent and s.kind is SegmentKind.RING and s.offer is not None]
    return not rings or any(end not in _KNOWN for end in rings)
