"""Facts as they are written and read."""

import json

import pytest

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    DispositionRecord,
    Fact,
    Outsider,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.records.wire import kind_of, read, written

CALL = CallRecord(
    *("c1", CallType.INBOUND, "answered", 1.0, 2.0, 9.0, "contact", EndReason.HANGUP),
    contact=Outsider("Zoé", "+33", anonymous=False),
    segments=(Segment("p1", PartyRole.AGENT, SegmentKind.RING, 1.0, 2.0, SegmentEnd.ANSWERED, offer=OfferKind.CALL),),
)
FACTS: list[Fact] = [
    CALL,
    AgentStateRecord("alice", "ready", None, 1.0, 2.0),
    DispositionRecord("c1", "alice", "sold", "…", 3.0),
]


@pytest.mark.parametrize("fact", FACTS, ids=kind_of)
def test_a_fact_is_read_as_it_was_written(fact: Fact) -> None:
    assert read(kind_of(fact), written(fact)) == fact
    assert fact.key.startswith(f"{kind_of(fact)}:")


def test_what_an_earlier_version_did_not_write_has_its_default() -> None:
    document = json.loads(written(CALL))
    del document["transfers"], document["segments"]
    assert read("call", json.dumps(document).encode()) == CallRecord(
        *("c1", CallType.INBOUND, "answered", 1.0, 2.0, 9.0, "contact", EndReason.HANGUP), contact=CALL.contact
    )


@pytest.mark.parametrize(("kind", "data"), [("song", b"{}"), ("call", b"{}"), ("call", b"not JSON")])
def test_what_cannot_be_read_is_an_error(kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not known|validation error"):
        read(kind, data)
