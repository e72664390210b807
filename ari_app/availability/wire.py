"""How records and changes are written by the scripts: JSON arrays in a fixed order, times in milliseconds.

    record   [agent, state, reason, since, call, reachable, missed, wrap_up_until, choice, revision, choice_reason]
    message  {"s": number, "t": now, "a": [[...record, became_available]...], "c": [[target, available]...]}
             or {"s": number, "t": now, "resync": true}

An empty string or 0 stands for "none". `reachable` is true, false, or "in_use": it can't ring for that reason.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.json import decode

from ari_app.availability.port import AgentChanged, AgentRecord, AgentState, Change, CountChanged, Resync


def read_record(answer: bytes) -> AgentRecord:
    """One record."""
    return _record(decode(answer))


def _record(item: Sequence[Any]) -> AgentRecord:
    agent, state, reason, since, call, reachable, missed, wrap_up_until, choice, revision, choice_reason = item[:11]
    return AgentRecord(
        agent=agent,
        state=AgentState(state),
        reason=reason or None,
        since=since / 1000,
        call=call or None,
        reachable=reachable is True,
        missed=int(missed),
        wrap_up_until=wrap_up_until / 1000 if wrap_up_until else None,
        choice=AgentState(choice),
        revision=int(revision),
        in_use=reachable == "in_use",
        choice_reason=choice_reason or None,
    )


def read_records(answer: bytes) -> list[AgentRecord]:
    """Many records."""
    return [_record(item) for item in decode(answer)]


def read_counts(answer: bytes, as_of: float) -> list[CountChanged]:
    """What `counts.lua` answers."""
    revision, counts = decode(answer)
    return [CountChanged(target, int(count), as_of, int(revision)) for target, count in counts]


def read_message(data: bytes) -> tuple[int, list[Change]]:
    """A published message: its number and the changes that it tells."""
    message = decode(data)
    number = int(message["s"])
    if message.get("resync"):
        return number, [Resync()]
    changes: list[Change] = [AgentChanged(_record(item), bool(item[11])) for item in message["a"]]
    as_of = message["t"] / 1000
    changes += [CountChanged(target, int(count), as_of, number) for target, count in message["c"]]
    return number, changes
