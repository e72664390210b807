"""The faults: what stands in the core, what is put there instead, and what the property test then says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`row`: of the table "Situations" in tests/SCENARIOS.md; `lines` stand once in `file`; `says`: of the failure."""

    name: str
    row: str
    people: str
    file: str
    lines: str
    instead: str
    says: str


FAULTS = (
    Fault(
        "attached-data-lost",
        "F9",
        "what was attached in a consultation is gone after the transfer key",
        "ari_app/calls/handlers/transfer_key.py",
        "user_data=consult.attach(earlier, later.user_data)",
        "user_data=earlier.user_data",
        "is lost in",
    ),
    Fault(
        "recalls-not-counted",
        "F6",
        "a contact on hold waits for ever for a phone that nobody answers",
        "ari_app/calls/features/recalls.py",
        "recalls=call.recalls + 1",
        "recalls=call.recalls",
        "somebody waits for ever",
    ),
)
