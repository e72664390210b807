"""The tables of the history. Migrations make them (`migrations`); tests compare the two.

Times are seconds since the epoch, as doubles. What is in `agents` and `missed` of a call are rows of `call_agents`.
"""

from sqlalchemy import Boolean, Double, Index, Integer, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ID = String(128)


class Table(DeclarativeBase):
    """All of them."""

    metadata = MetaData(
        naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"},
    )


class CallRow(Table):
    """A call that is over. Of whoever withholds them, name and number are empty."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[float] = mapped_column(Double)
    answered_at: Mapped[float | None] = mapped_column(Double)
    ended_at: Mapped[float] = mapped_column(Double)
    ended_by: Mapped[str] = mapped_column(ID)
    end_reason: Mapped[str] = mapped_column(String(32))
    dialled: Mapped[str | None] = mapped_column(Text)
    queue: Mapped[str | None] = mapped_column(ID)
    queued_at: Mapped[float | None] = mapped_column(Double)
    contact: Mapped[bool] = mapped_column(Boolean)
    contact_name: Mapped[str] = mapped_column(Text)
    contact_number: Mapped[str] = mapped_column(Text)
    contact_anonymous: Mapped[bool] = mapped_column(Boolean)
    caller_id: Mapped[str | None] = mapped_column(ID)
    parent: Mapped[str | None] = mapped_column(ID)
    transfers: Mapped[int] = mapped_column(Integer)
    conferences: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        Index(None, "ended_at", "id", "started_at"),
        Index(None, "queue", "ended_at", "id"),
        Index(None, "outcome", "ended_at", "id"),
        # A part of a number is looked for here, without the rows themselves.
        Index("ix_calls_numbers", "ended_at", "id", "contact_number", "dialled"),
    )


class CallAgentRow(Table):
    """An agent who was in a call, or (`missed`) was rung for it and was not; `position` is their order."""

    __tablename__ = "call_agents"

    call_id: Mapped[str] = mapped_column(ID, primary_key=True)
    agent: Mapped[str] = mapped_column(ID, primary_key=True)
    missed: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    ended_at: Mapped[float] = mapped_column(Double)

    __table_args__ = (Index(None, "agent", "ended_at", "call_id"),)


class SegmentRow(Table):
    """What a party of a call did for a while, in the order in which they began (`position`)."""

    __tablename__ = "segments"

    call_id: Mapped[str] = mapped_column(ID, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    party: Mapped[str] = mapped_column(ID)
    role: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    begun_at: Mapped[float] = mapped_column(Double)
    ended_at: Mapped[float] = mapped_column(Double)
    ended: Mapped[str] = mapped_column(String(16))
    ended_by: Mapped[str | None] = mapped_column(ID)
    agent: Mapped[str | None] = mapped_column(ID)
    target: Mapped[str | None] = mapped_column(Text)
    offer: Mapped[str | None] = mapped_column(String(16))
    place: Mapped[int | None] = mapped_column(Integer)
    last_place: Mapped[int | None] = mapped_column(Integer)


class AgentStateRow(Table):
    """An agent was in a state, with a reason; `call_id` had them, or had had them."""

    __tablename__ = "agent_states"

    agent: Mapped[str] = mapped_column(ID, primary_key=True)
    begun_at: Mapped[float] = mapped_column(Double, primary_key=True)
    ended_at: Mapped[float] = mapped_column(Double)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    call_id: Mapped[str | None] = mapped_column(ID)

    __table_args__ = (Index(None, "ended_at", "agent", "begun_at"), Index(None, "call_id"))


class DispositionRow(Table):
    """What an agent noted of a call last."""

    __tablename__ = "dispositions"

    call_id: Mapped[str] = mapped_column(ID, primary_key=True)
    agent: Mapped[str] = mapped_column(ID, primary_key=True)
    code: Mapped[str | None] = mapped_column(ID)
    notes: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Double)

    __table_args__ = (Index(None, "at"),)


class SetAsideRow(Table):
    """A fact that could not be written for its own content, as it came (JSON), and why."""

    __tablename__ = "set_aside"

    key: Mapped[str] = mapped_column(String(512), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Double)
