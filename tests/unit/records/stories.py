"""Calls as the office has them, and what their records say, in lines."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call
from ari_app.records.model import CallRecord
from tests.support.office import Office
from tests.support.world import to


def lines(record: CallRecord, began: float | None = None) -> list[str]:
    """`alice talk 3-8 left, agent:alice`: who, what, from and to in seconds of the call, how it ended and by whom."""
    names: dict[str, str] = {}
    outside = [x.party for x in record.segments if x.agent is None]
    for number, party in enumerate(dict.fromkeys(outside)):
        names[party] = "contact" if number == 0 else f"contact{number + 1}"
    start = record.started_at if began is None else began
    return [
        " ".join(
            (
                x.agent or names[x.party],
                x.kind,
                *((str(x.target),) if x.target else ()),
                *((f"for {x.offer}",) if x.offer else ()),
                f"{x.begun_at - start:.0f}-{x.ended_at - start:.0f}",
                x.end + (f", {x.ended_by}" if x.ended_by else ""),
            )
        )
        for x in record.segments
    ]


def recorded(office: Office, call: Call | None = None) -> CallRecord:
    """The only call that is recorded, or that one."""
    assert not office.recorded.wrong
    if call is not None:
        return office.recorded.records[call.id]
    (record,) = office.recorded.records.values()
    return record


def waits(office: Office, *entry: str, leg: str = "in1") -> Call:
    """Somebody comes, who waits for a second."""
    office.arrives(*(entry or ("group", "support")), leg=leg)
    office.settle()
    office.pass_time(1)
    return next(call for call in office.switch.calls.values() if any(p.leg == leg for p in call.parties.values()))


def passes(office: Office, seconds: float) -> None:
    office.pass_time(seconds)
    office.settle()


def over(office: Office, leg: str = "in1") -> CallRecord:
    """The caller hangs up."""
    office.feed(s.LegGone(leg, 16))
    office.settle()
    return recorded(office)


def consulted(office: Office) -> tuple[Call, Call]:
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    office.picks_up("bob")
    passes(office, 3)
    return call, next(x for x in office.switch.calls.values() if x.parent == call.id)
