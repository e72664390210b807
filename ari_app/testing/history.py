"""The history in memory, for tests: the same answers as those of the database."""

from collections.abc import AsyncIterator, Sequence
from typing import assert_never

from ari_app.history.port import Noted, Wanted, Written
from ari_app.records import wire
from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact
from ari_app.store.port import FactStream


class MemoryHistory:
    """`stream`: where facts come from, which are read when somebody wants to see them."""

    def __init__(self, stream: FactStream | None = None) -> None:
        self._stream = stream
        self._calls: dict[str, CallRecord] = {}
        self._states: dict[str, AgentStateRecord] = {}
        self._notes: dict[tuple[str, str], DispositionRecord] = {}
        self._listeners: list[Written] = []

    def listen(self, written: Written) -> None:
        self._listeners.append(written)

    def write(self, facts: Sequence[Fact]) -> None:
        """Keep each once."""
        for fact in facts:
            match fact:
                case CallRecord():
                    self._calls.setdefault(fact.key, fact)
                case AgentStateRecord():
                    self._states.setdefault(fact.key, fact)
                case DispositionRecord():
                    of = (fact.call, fact.agent)
                    if of not in self._notes or self._notes[of].at < fact.at:
                        self._notes[of] = fact
                case _:
                    assert_never(fact)
        for listener in self._listeners:
            listener(facts)

    async def forget(self, before: float) -> None:
        old = {call.id for call in self._calls.values() if call.ended_at < before}
        self._calls = {key: call for key, call in self._calls.items() if call.id not in old}
        self._notes = {key: note for key, note in self._notes.items() if note.call not in old}
        self._states = {key: state for key, state in self._states.items() if state.ended_at >= before}

    async def settle(self) -> bool:
        while self._stream is not None and (page := await self._stream.facts("", 100)):
            self.write([wire.read(kept.kind, kept.data) for _, kept in page])
            await self._stream.forget_facts([position for position, _ in page])
        return True

    async def calls(self, wanted: Wanted, after: str | None, limit: int) -> list[Noted]:
        ordered = sorted(self._calls.values(), key=lambda call: (call.ended_at, call.id), reverse=True)
        if wanted.of is not None:
            ordered = [call for call in ordered if wanted.of in (*call.agents, *call.missed_by)]
        if after is not None:
            names = [call.id for call in ordered]
            ordered = ordered[names.index(after) + 1 :] if after in names else []
        return [self._noted(call) for call in ordered if _is_wanted(call, wanted)][:limit]

    async def between(
        self, begin: float, end: float, agent: str | None = None
    ) -> AsyncIterator[list[tuple[CallRecord, list[AgentStateRecord]]]]:
        ordered = sorted(self._calls.values(), key=lambda call: (call.ended_at, call.id))
        found = [c for c in ordered if c.ended_at > begin and c.started_at < end]
        found = [c for c in found if agent is None or agent in (*c.agents, *c.missed_by)]
        yield [(c, [s for s in self._states.values() if s.call == c.id and s.state == "wrap_up"]) for c in found]

    async def states(self, begin: float, end: float, agent: str | None = None) -> AsyncIterator[list[AgentStateRecord]]:
        found = [s for s in self._states.values() if s.ended_at > begin and s.begun_at < end]
        found = [s for s in found if agent in (None, s.agent)]
        yield sorted(found, key=lambda state: (state.ended_at, state.agent, state.begun_at))

    def _noted(self, call: CallRecord) -> Noted:
        notes = sorted((n for n in self._notes.values() if n.call == call.id), key=lambda note: note.at)
        return Noted(call, tuple(notes))


def _is_wanted(call: CallRecord, wanted: Wanted) -> bool:
    missed = wanted.of is not None and wanted.of in call.missed_by
    numbers = (call.contact.number if call.contact is not None else "", call.dialled or "")
    return (
        (wanted.of is None or wanted.of in (*call.agents, *call.missed_by))
        and (wanted.begin is None or call.ended_at >= wanted.begin)
        and (wanted.end is None or call.ended_at < wanted.end)
        and (wanted.queue is None or call.queue == wanted.queue)
        and (wanted.outcome is None or wanted.outcome == ("missed" if missed else call.outcome))
        and (not wanted.number or any(wanted.number in number for number in numbers))
    )
