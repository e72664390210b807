"""What goes into the record (`ari_app.audit`) of calls, by whatever it was done: a desktop, a phone, the machine."""

from collections.abc import Iterator

from ari_app.audit.chain import NOTHING, Entry
from ari_app.calls.model import Call, Identity, PartyRole, Recording
from ari_app.routing.targets import TargetType


def entries_of(before: Call | None, call: Call, now: float) -> Iterator[Entry]:
    """What is to be recorded of a change; `now` in seconds since the epoch."""
    if before is None:
        yield _call(call, "call_begun", call.started_at, call.owner or "contact")
    yield from _offered(before, call, now)
    yield from _recorded(before, call, now)
    yield from _monitored(before, call, now)
    if call.ended and (before is None or not before.ended):
        yield _call(call, "call_over", call.ended_at or now, (call.ended_by or "system").removeprefix("agent:"))


def _call(call: Call, what: str, at: float, who: str) -> Entry:
    parties = sorted(call.parties.values(), key=lambda p: p.order)
    agents = tuple(dict.fromkeys((*(p.agent for p in parties if p.agent is not None), *call.rung)))
    outside = [number_of(p.identity) for p in parties if p.role is PartyRole.CONTACT]
    numbers = {f"contact{n or ''}": number for n, number in enumerate(outside) if number}
    if call.dialled:
        numbers["dialled"] = call.dialled
    details = {"type": call.type.value}
    if call.caller_id is not None:
        details["caller_id"] = call.caller_id
    if call.ended:
        details |= {"end_reason": call.end_reason.value if call.end_reason is not None else "lost"}
        details |= {"seconds": str(round((call.ended_at or at) - call.started_at))}
    return Entry(at, what, who, call=call.id, agents=agents, details=details, numbers=numbers)


def number_of(identity: Identity) -> str:
    """The number, where it is not withheld."""
    return "" if identity.anonymous else identity.number


def _offered(before: Call | None, call: Call, now: float) -> Iterator[Entry]:
    offer, was = call.offer, before.offer if before is not None else None
    if offer is None or offer.by is None or (was is not None and was.id == offer.id):
        return
    by = call.parties.get(offer.by)
    who = (by.agent if by is not None else None) or call.owner or "contact"
    who = "system" if call.to_call_back() is not None else who  # whom it calls back, its rules have decided
    target = {"target": str(offer.target)}
    outside = offer.target.type is TargetType.NUMBER
    details = {"kind": offer.kind.value, **({} if outside else target)}
    if offer.caller_id is not None:
        details["caller_id"] = offer.caller_id
    yield Entry(now, "target_called", who, call=call.id, details=details, numbers=target if outside else NOTHING)


def _recorded(before: Call | None, call: Call, now: float) -> Iterator[Entry]:
    was, is_ = before.recording if before is not None else None, call.recording
    if was is not None and (is_ is None or is_.id != was.id or call.ended):
        yield _recording(call, was, "recording_over", now)
    if is_ is not None and not call.ended and (was is None or was.id != is_.id):
        yield _recording(call, is_, "recording_begun", now)
    if is_ is not None and was is not None and is_.id == was.id and is_.paused != was.paused:
        yield _recording(call, is_, "recording_paused" if is_.paused else "recording_resumed", now)


def _recording(call: Call, recording: Recording, what: str, now: float) -> Entry:
    details = {"recording": recording.id, "file": recording.file}
    agents = tuple(party.agent for party in call.joined() if party.agent is not None)
    return Entry(now, what, recording.by, call=call.id, agents=agents, details=details)


def _monitored(before: Call | None, call: Call, now: float) -> Iterator[Entry]:
    was = before.monitors if before is not None else {}
    for agent, monitor in call.monitors.items():
        if agent not in was or was[agent].mode is not monitor.mode:
            watched = (monitor.watched,) if monitor.watched is not None else ()
            yield Entry(now, "monitoring", agent, call=call.id, agents=watched, details={"mode": monitor.mode.value})
    for agent, monitor in was.items():
        if agent not in call.monitors or call.ended:
            yield Entry(now, "monitoring_over", agent, call=call.id, details={"mode": monitor.mode.value})
