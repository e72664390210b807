"""What is noted of the calls of a world, and what should be: an account of who was when in a call, kept apart."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from pydantic import TypeAdapter

from ari_app.calls.effects import CallChanged
from ari_app.calls.model import Call, CallId, CallType, PartyRole, Progress
from ari_app.records.missed import wanted_alone
from ari_app.records.model import CallRecord, Segment, SegmentEnd, SegmentKind
from ari_app.records.projector import Kept, Projector
from tests.support import wellformed
from tests.support.discretion import SECRET

KEPT: TypeAdapter[Kept] = TypeAdapter(Kept)
_PRECISE = 1e-6


class Recorded:
    """Follows each change twice: as it goes on, and by one who begins anew with each change, from what was kept."""

    def __init__(self) -> None:
        self.projector = Projector()
        self.changes: list[CallChanged] = []
        self.records: dict[CallId, CallRecord] = {}
        self.kept: dict[CallId, bytes] = {}
        self.calls: dict[CallId, Call] = {}
        self.spent: dict[CallId, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.seen: dict[CallId, float] = {}
        self.wrong: list[str] = []

    def __deepcopy__(self, memo: object) -> Recorded:
        made = copy.copy(self)
        made.projector = Projector()
        made.projector.restore(filter(None, map(self.projector.kept, self.kept)), self.calls)
        made.changes = list(self.changes)
        made.records, made.kept = dict(self.records), dict(self.kept)
        made.calls, made.seen = dict(self.calls), dict(self.seen)
        made.spent = defaultdict(lambda: defaultdict(float))
        for call, spent in self.spent.items():
            made.spent[call].update(spent)
        made.wrong = list(self.wrong)
        return made

    def restored(self) -> Recorded:
        """Another controller goes on with what was kept."""
        self.projector = self._anew()
        return self

    def _anew(self) -> Projector:
        projector = Projector()
        projector.restore((KEPT.validate_json(data) for data in self.kept.values()), self.calls)
        return projector

    def changed(self, change: CallChanged) -> None:
        self.changes.append(change)
        self._count(change)
        again = self._anew().changed(change)
        followed = self.projector.changed(change)
        if again != followed:
            self.wrong.append(f"{change.call.id}: from what was kept {again} follows, and not {followed}")
        if followed is None:
            return
        if followed.kept is not None:
            self.kept[change.call.id], self.calls[change.call.id] = wellformed.written(KEPT, followed.kept), change.call
        else:
            self.kept.pop(change.call.id, None)
            self.calls.pop(change.call.id, None)
        if followed.record is not None:
            if change.call.id in self.records:
                self.wrong.append(f"{change.call.id} is recorded twice")
            self.records[change.call.id] = followed.record
            self.wrong += [f"{change.call.id}: {what}" for what in self._faults(followed.record)]

    def _count(self, change: CallChanged) -> None:
        before = change.before
        at = max(change.at, self.seen.get(change.call.id, change.at))  # a clock may be late
        passed = at - self.seen.get(change.call.id, at)
        for who in _there(before) if before is not None else ():
            self.spent[change.call.id][who] += passed
        self.seen[change.call.id] = at

    def replayed_otherwise(self) -> bool:
        """Whether the same changes give other records."""
        projector, found = Projector(), dict[CallId, CallRecord]()
        for change in self.changes:
            followed = projector.changed(change)
            if followed is not None and followed.record is not None:
                found[change.call.id] = followed.record
        return found != self.records

    def _faults(self, record: CallRecord) -> Iterator[str]:
        by_party, by_who = defaultdict[str, list[Segment]](list), defaultdict[str, list[Segment]](list)
        for segment in record.segments:
            by_party[segment.party].append(segment)
            by_who[segment.agent or segment.party].append(segment)
        for who, segments in [*by_party.items(), *by_who.items()]:
            for one, following in pairwise(segments):
                if following.begun_at < one.ended_at:
                    yield f"of {who}, {one} and {following} overlap"
                if one.end is SegmentEnd.NEXT and following.begun_at != one.ended_at:
                    yield f"{who} goes on in the next, and there is a gap after {one}"
        for segment in record.segments:
            if not record.started_at <= segment.begun_at <= segment.ended_at <= record.ended_at:
                yield f"{segment} is not within the call"
        for who in self.spent[record.id].keys() | by_who.keys():
            total = sum(s.ended_at - s.begun_at for s in by_who[who])
            if abs(total - self.spent[record.id][who]) > _PRECISE:
                yield f"{who} was there for {self.spent[record.id][who]} seconds, and has {total}"
        yield from _outcome(record)
        if SECRET.number in repr(record) or SECRET.name in repr(record):
            yield "it has what somebody withholds"


def _there(call: Call) -> set[str]:
    """Who is in the call, or is being rung for it; but for one who is alone, and for whom nothing is done any more."""
    joined = [p for p in call.parties.values() if p.progress is Progress.JOINED]
    helped = len(joined) > 1 or call.offering() is not None or any(p.held_by or p.turned_away for p in joined)
    rung = [p for p in call.parties.values() if p.progress in (Progress.DIALING, Progress.RINGING)]
    return {p.agent or p.id for p in [*(joined if helped else ()), *rung]}


def _is_menu(ring: Segment) -> bool:
    return (ring.target or "").startswith("routing_point:")


def _outcome(record: CallRecord) -> Iterator[str]:
    rings = [segment for segment in record.segments if segment.kind is SegmentKind.RING and segment.offer]
    back = any(segment.end is SegmentEnd.CALLBACK for segment in record.segments)
    if back:  # agents answer before whom it is for, who may then have to wait for another one
        rings = [segment for segment in rings if segment.role is PartyRole.CONTACT]
    menus = [s for s in rings if s.end is SegmentEnd.ANSWERED]
    if menus and record.type is CallType.INBOUND and not record.agents and all(map(_is_menu, menus)):
        if record.outcome == "answered":
            yield "its caller heard menus alone, and it is answered"
        return
    ends, answered = {segment.end for segment in rings}, record.outcome == "answered"
    if answered > (SegmentEnd.ANSWERED in ends) or (not back and answered is not (SegmentEnd.ANSWERED in ends)):
        yield f"it is {record.outcome}, and rings have ended so: {ends}"
    abandoned = any(segment.end is SegmentEnd.ABANDONED for segment in record.segments)
    if record.outcome != "answered" and abandoned is not (record.outcome == "abandoned"):
        yield f"it is {record.outcome}, and somebody gave up: {abandoned}"
    with_segments = {segment.agent for segment in record.segments} | set(wanted_alone(record.segments))
    for agent in (*record.agents, *record.missed_by):
        if agent not in with_segments:
            yield f"nothing is said of {agent}"
