"""What stands in the record of a call, by whatever it came about."""

from dataclasses import replace

from ari_app.api.audited_calls import entries_of
from ari_app.audit.chain import Entry
from ari_app.calls.model import (
    Call,
    CallBack,
    EndReason,
    Identity,
    Monitor,
    MonitorMode,
    Offer,
    OfferKind,
    OfferState,
    Recording,
)
from ari_app.calls.model.parties import Withheld
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import NOW, call, party

TALK = call("c1", party("p1", "alice"), party("p2"), owner="alice", dialled="1001")


def entries(before: Call | None, now: Call) -> list[Entry]:
    return list(entries_of(before, now, NOW))


def test_a_call_is_on_record_when_it_begins_and_when_it_is_over_with_who_was_in_it() -> None:
    (begun,) = entries(None, TALK)
    assert (begun.what, begun.who, begun.call, begun.agents) == ("call_begun", "alice", "c1", ("alice",))
    assert begun.numbers == {"contact": "+33612345678", "dialled": "1001"}
    over = replace(
        TALK, ended=True, ended_at=NOW + 65, ended_by="agent:alice", end_reason=EndReason.HANGUP, rung=("bob",)
    )
    (entry,) = entries(TALK, over)
    assert (entry.what, entry.who, entry.agents) == ("call_over", "alice", ("alice", "bob"))
    assert entry.details == {"type": "inbound", "end_reason": "hangup", "seconds": "65"}
    assert entries(over, over) == []
    assert entries(TALK, TALK) == []


def test_who_withholds_their_number_is_not_on_record() -> None:
    secret = party("p2", withheld=Withheld("Zoé", "+33699999999"))
    secret = replace(secret, identity=Identity("Zoé", "+33699999999", anonymous=True))
    found = entries(None, call("c1", party("p1", "alice"), secret))
    assert "99999" not in repr([(e, e.numbers) for e in found])


def test_a_target_is_on_record_with_the_caller_id_also_where_a_phone_dialled_it() -> None:
    target = parse_target("number:+33123456789")
    offer = Offer("o1", OfferKind.TRANSFER, target, "p1", Identity(), OfferState.SEEKING, caller_id="main")
    (entry,) = entries(TALK, replace(TALK, offer=offer))
    assert (entry.what, entry.who, entry.details) == (
        "target_called", "alice", {"kind": "transfer", "caller_id": "main"},
    )  # fmt: skip
    assert entry.numbers == {"target": "number:+33123456789"}
    inside = replace(offer, id="o2", target=parse_target("group:support"), caller_id=None)
    (entry,) = entries(replace(TALK, offer=offer), replace(TALK, offer=inside))
    assert entry.details == {"kind": "transfer", "target": "group:support"}
    assert entries(replace(TALK, offer=inside), replace(TALK, offer=replace(inside, state=OfferState.RINGING))) == []


def test_a_recording_is_on_record_with_its_file() -> None:
    recording = Recording("r1", "2026/c1-r1", "alice", NOW)
    begun = replace(TALK, recording=recording)
    paused = replace(TALK, recording=replace(recording, paused=True))
    whats = [entries(a, b)[0] for a, b in ((TALK, begun), (begun, paused), (paused, begun), (begun, TALK))]
    assert [e.what for e in whats] == [
        "recording_begun", "recording_paused", "recording_resumed", "recording_over",
    ]  # fmt: skip
    assert whats[0].details == {"recording": "r1", "file": "2026/c1-r1"}


def test_monitoring_is_on_record_with_each_mode_and_its_end() -> None:
    monitor = Monitor("erin", "Erin", "1005", MonitorMode.LISTEN, "leg", "bridge", watched="alice")
    listens = replace(TALK, monitors={"erin": monitor})
    whispers = replace(TALK, monitors={"erin": replace(monitor, mode=MonitorMode.WHISPER)})
    found = [*entries(TALK, listens), *entries(listens, whispers), *entries(whispers, TALK)]
    assert [(e.what, e.who, e.details["mode"]) for e in found] == [
        ("monitoring", "erin", "listen"), ("monitoring", "erin", "whisper"), ("monitoring_over", "erin", "whisper"),
    ]  # fmt: skip
    assert found[0].agents == ("alice",)


def test_a_customer_who_is_called_back_was_called_by_the_system_and_not_by_the_agent_who_was_free() -> None:
    zoe = Identity("Zoé", "+33612345678")
    back = CallBack(zoe, parse_target("queue:sales"), promised_at=NOW, expires_at=NOW + 60.0)
    offer = Offer("o2", OfferKind.CALL, parse_target("number:+33612345678"), "p2", zoe, OfferState.SEEKING)
    before = call("c1", party("p2", "alice"), callback=back, owner="alice")
    (entry,) = entries_of(before, replace(before, offer=offer), NOW)
    assert (entry.what, entry.who, entry.numbers) == ("target_called", "system", {"target": "number:+33612345678"})
