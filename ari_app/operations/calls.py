"""`ari-app calls`: the calls that are up, as Redis keeps them. So no login is needed, and they are seen while the
controller is down; whoever reads them has the password of Redis already. Nobody who withholds their identity is named.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from ari_app.calls.actions import CallState, PartyState, call_state, party_state
from ari_app.calls.model import Call, CallType, Party, PartyRole, Progress
from ari_app.calls.views import timestamp
from ari_app.config.settings import ProcessSettings
from ari_app.configured import opened_store
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import StoreUnavailable
from ari_app.operations.text import lasting, plain, table

_NOBODY = ""
_NAME = 1  # which cell of a party's line gives way, where lines are too long
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class PartyLine:
    """Somebody in a call. `held_by`, `muted_by`, `deaf_by`: who did that, by name; empty where nobody did, or where it
    is not kept. Times in seconds since the epoch, here and below."""

    name: str
    number: str
    withheld: bool
    role: PartyRole
    agent: str | None
    state: PartyState
    muted: bool
    deaf: bool
    held_by: tuple[str, ...] = ()
    muted_by: str | None = None
    deaf_by: str | None = None
    away: bool = False
    held_since: float | None = None


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call. `since`: of its state, as far as that is known, else of the call."""

    id: str
    type: CallType
    state: CallState
    since: float
    started_at: float
    owner: str | None
    queue: str | None
    target: str | None
    recording: str | None
    monitors: tuple[str, ...]
    parties: tuple[PartyLine, ...]


def run(settings: ProcessSettings, *, as_json: bool, columns: int) -> int:
    """Print them. The exit status: 1 where Redis cannot be read."""
    try:
        calls, drained = asyncio.run(_kept(settings))
    except StoreUnavailable as unavailable:
        print(f"calls cannot be read: {unavailable.detail}", file=sys.stderr)
        return 1
    found = listed(calls)
    print(document(found, drained) if as_json else "\n".join(lines(found, time.time(), columns, drained)))
    return 0


async def _kept(settings: ProcessSettings) -> tuple[tuple[Call, ...], tuple[str, ...]]:
    """The calls, and the Asterisks that take no new ones."""
    calls: list[Call] = []
    for asterisk in settings.kept_apart:
        async with opened_store(settings, asterisk) as store:
            calls += (await Snapshots(store).restore()).calls
            drained = await store.drained()
    return tuple(calls), tuple(place.name for place in settings.places if drained.get(place.name))


def listed(calls: Iterable[Call]) -> list[CallLine]:
    """Oldest first."""
    return [_line(call) for call in sorted(calls, key=lambda call: call.started_at)]


def _line(call: Call) -> CallLine:
    state = call_state(call, _NOBODY)
    offer = call.offering()
    return CallLine(
        id=call.id,
        type=call.type,
        state=state,
        since=_since(call, state),
        started_at=call.started_at,
        owner=call.owner,
        queue=call.queue,
        target=str(offer.target) if offer is not None else None,
        recording=_recording(call),
        monitors=tuple(f"{monitor.agent} ({monitor.mode.value})" for monitor in call.monitors.values()),
        parties=tuple(
            _party(call, party)
            for party in sorted(call.parties.values(), key=lambda party: party.order)
            if party.progress is not Progress.LEFT
        ),
    )


def _recording(call: Call) -> str | None:
    if call.recording is None:
        return None
    return "paused" if call.recording.paused else "recording"


def _since(call: Call, state: CallState) -> float:
    by_state: Mapping[CallState, float | None] = {
        "queued": call.queued_at,
        "established": call.answered_at,
        "held": call.held_since,
    }
    return by_state.get(state) or call.started_at


def _party(call: Call, party: Party) -> PartyLine:
    hidden = party.identity.anonymous
    return PartyLine(
        name="" if hidden else party.identity.name,
        number="" if hidden else party.identity.number,
        withheld=hidden,
        role=party.role,
        agent=party.agent,
        state=party_state(call, party),
        muted=party.muted,
        deaf=party.deaf,
        held_by=tuple(_who(call, holder) for holder in sorted(party.held_by)),
        muted_by=party.muted_by,
        deaf_by=party.deaf_by,
        away=party.turned_away,
        held_since=party.held_since,
    )


def _who(call: Call, holder: str) -> str:
    """An agent by their id, as elsewhere; else what is shown of them."""
    party = call.parties.get(holder)
    if party is None:
        return "somebody who left"
    return party.agent or (WITHHELD if party.identity.anonymous else party.identity.name or party.identity.number)


def document(calls: Sequence[CallLine], drained: Sequence[str] = ()) -> str:
    """The same as JSON, with times in RFC 3339."""
    times = {"since", "started_at", "held_since"}

    def written(value: object) -> object:
        if isinstance(value, dict):
            return {key: timestamp(inner) if key in times else written(inner) for key, inner in value.items()}
        return [written(inner) for inner in value] if isinstance(value, list | tuple) else value

    found = {"calls": [written(asdict(call)) for call in calls], "drained": list(drained)}
    return json.dumps(found, ensure_ascii=False, indent=2)


def lines(calls: Sequence[CallLine], now: float, columns: int, drained: Sequence[str] = ()) -> list[str]:
    """For a terminal: calls aligned below each other, with the parties of each below it."""
    heads = table([("CALL", "STATE", "FOR", "TYPE", "OWNER", "MORE"), *(_head(call, now) for call in calls)], columns)
    parties = table([_row(party, now) for call in calls for party in call.parties], columns, "    ", _NAME)
    printed = heads[:1] if calls else []
    for call, head in zip(calls, heads[1:], strict=True):
        printed.append(head)
        printed += parties[: len(call.parties)]
        parties = parties[len(call.parties) :]
    printed.append("1 call is up" if len(calls) == 1 else f"{len(calls) or 'no'} calls are up")
    return [*printed, *(f"{asterisk} takes no new calls (ari-app drain)" for asterisk in drained)]


def _head(call: CallLine, now: float) -> tuple[str, ...]:
    more = [
        f"queue:{call.queue}" if call.queue else "",
        f"rings {call.target}" if call.target and call.target != f"queue:{call.queue}" else "",
        call.recording or "",
        f"with {', '.join(call.monitors)}" if call.monitors else "",
    ]
    cells = (call.id, call.state, lasting(now - call.since), call.type.value, call.owner or "-")
    return tuple(plain(cell) for cell in (*cells, ", ".join(part for part in more if part)))


def _row(party: PartyLine, now: float) -> tuple[str, ...]:
    held = f" {lasting(now - party.held_since)}" if party.held_since is not None else ""
    marks = [
        f"{party.state}{held}" + (f" by {', '.join(party.held_by)}" if party.held_by else ""),
        _mark("muted", on=party.muted, by=party.muted_by),
        _mark("deaf", on=party.deaf, by=party.deaf_by),
        "away" if party.away else "",
    ]
    name, number = (WITHHELD, "") if party.withheld else (party.name or "-", party.number)
    return tuple(plain(cell) for cell in (party.role.value, name, number, ", ".join(mark for mark in marks if mark)))


def _mark(what: str, *, on: bool, by: str | None) -> str:
    return (f"{what} by {by}" if by else what) if on else ""
