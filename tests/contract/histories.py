"""Histories to write to and to read in tests: records of calls that were, and the kinds of databases there are."""

import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.history import writing
from ari_app.history.database import Database
from ari_app.history.port import Wanted
from ari_app.history.reading import HistoryReader
from ari_app.records import wire
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    Fact,
    Outsider,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.store.port import KeptFact
from ari_app.testing.history import MemoryHistory
from tests.contract.databases import PostgreSQL

NOW = 1_800_000_000.0


def address(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/history.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.make(f"h{uuid.uuid4().hex}")


class Kept:
    """A history in one of three, to write to and to read."""

    def __init__(self, history: HistoryReader | MemoryHistory, database: Database | None) -> None:
        self.history = history
        self._database = database

    async def write(self, *facts: Fact) -> None:
        if self._database is not None:
            await writing.write(self._database, facts)
        elif isinstance(self.history, MemoryHistory):
            self.history.write(facts)

    async def ids(self, limit: int = 10, after: str | None = None, **wanted: Any) -> list[str]:
        return [noted.call.id for noted in await self.history.calls(Wanted(**wanted), after, limit)]


def call(name: str, ended: float = 0.0, **more: Any) -> CallRecord:
    whole = CallRecord(
        name, CallType.INBOUND, "answered", NOW + ended - 60, NOW + ended - 50, NOW + ended, "contact",
        EndReason.HANGUP, "2000", "sales", NOW + ended - 55, Outsider("Zoé", "+33612345678", anonymous=False),
        ("alice", "carol"), ("bob",), "main", "p", 1, 2, segments(ended),
    )  # fmt: skip
    return replace(whole, **more)


def segments(ended: float) -> tuple[Segment, ...]:
    return (
        Segment("p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW + ended - 55, NOW + ended - 50, SegmentEnd.ANSWERED,
                "agent:alice", None, "queue:sales", None, 3, 1),
        Segment("p2", PartyRole.AGENT, SegmentKind.RING, NOW + ended - 54.5, NOW + ended - 50, SegmentEnd.ANSWERED,
                None, "alice", "queue:sales", OfferKind.CALL),
        Segment("p2", PartyRole.AGENT, SegmentKind.TALK, NOW + ended - 50, NOW + ended, SegmentEnd.OVER, "contact",
                "alice"),
    )  # fmt: skip


def rest(agent: str = "alice", begun: float = 0.0, ended: float = 10.0, of: str | None = "c1") -> AgentStateRecord:
    return AgentStateRecord(agent, "wrap_up", "tired", NOW + begun, NOW + ended, of)


# -- what is written can be read --------------------------------------------------------------------------------------


def kept_fact(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))
