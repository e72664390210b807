"""Facts as they are written: a JSON document each, beside its kind and its key. For who adds and for who reads them."""

from typing import Literal, assert_never

from pydantic import TypeAdapter

from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact

type FactKind = Literal["call", "agent", "disposition"]

_CALL = TypeAdapter(CallRecord)
_AGENT = TypeAdapter(AgentStateRecord)
_DISPOSITION = TypeAdapter(DispositionRecord)


def kind_of(fact: Fact) -> FactKind:
    """What `read` has to be given to read it."""
    match fact:
        case CallRecord():
            return "call"
        case AgentStateRecord():
            return "agent"
        case DispositionRecord():
            return "disposition"
        case _:
            assert_never(fact)


def written(fact: Fact) -> bytes:
    """Its JSON document."""
    match fact:
        case CallRecord():
            return _CALL.dump_json(fact)
        case AgentStateRecord():
            return _AGENT.dump_json(fact)
        case DispositionRecord():
            return _DISPOSITION.dump_json(fact)
        case _:
            assert_never(fact)


def read(kind: str, data: bytes) -> Fact:
    """The fact again; fields that an earlier version did not write have their defaults.

    Raises:
        ValueError: a kind that this version does not know, or no such document.
    """
    match kind:
        case "call":
            return _CALL.validate_json(data)
        case "agent":
            return _AGENT.validate_json(data)
        case "disposition":
            return _DISPOSITION.validate_json(data)
        case _:
            raise ValueError(f"facts of the kind {kind} are not known")
