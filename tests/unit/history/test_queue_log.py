"""The sink of Asterisk's `queue_log`: lines of calls and of states, and nothing of what cannot be read."""

from ari_app.calls.model import CallType, EndReason, PartyRole
from ari_app.history.sinks import queue_log_lines
from ari_app.records import wire
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    DispositionRecord,
    Fact,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.store.port import KeptFact

NOW = 1_800_000_000.0


def kept(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))


def test_a_call_and_a_state_have_lines_and_what_is_noted_or_unknown_has_none() -> None:
    lines = queue_log_lines({"alice": ["sales", "support"]}.__getitem__)
    wait = Segment(
        "p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW, NOW + 9, SegmentEnd.ABANDONED, "contact", target="queue:sales",
        position=1, last_position=1,
    )  # fmt: skip
    call = CallRecord(
        "c1", CallType.INBOUND, "abandoned", NOW, None, NOW + 9, "contact", EndReason.ABANDONED, segments=(wait,)
    )
    events = [line.split("|")[4] for line in lines(kept(call))]
    assert events == ["ENTERQUEUE", "ABANDON"]
    lunch = AgentStateRecord("alice", "not_ready", "lunch", NOW, NOW + 60)
    assert {line.split("|")[2] for line in lines(kept(lunch))} >= {"sales", "support"}
    assert list(lines(kept(DispositionRecord("c1", "alice", "sold", "", NOW)))) == []
    assert list(lines(KeptFact("x", "rumour", b"{}"))) == []
