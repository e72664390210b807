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
        "first-leg-reported-is-forgotten",
        "F1",
        "the transfer key is pressed, Asterisk tells of one leg before the other, and the two calls never meet",
        "ari_app/calls/handlers/transfer_key.py",
        "        step.put_party(call.id, here.me.id, away=True, joining=joining)\n        return",
        "        return",
        "leaked or lost channels",
    ),
    Fault(
        "any-two-calls-joined",
        "F2",
        "the transfer key joins a call that it did not name",
        "ari_app/calls/handlers/transfer_key.py",
        "return me.joining is not None and me.joining.local == joining.local",
        "return me.joining is not None",
        "which nobody requested",
    ),
    Fault(
        "withheld-number-in-the-story",
        "F3",
        "who withholds their number is found in the story of the call",
        "ari_app/calls/discretion.py",
        "            return replace(stimulus, withheld=None)",
        "            return stimulus",
        "the story tells who withholds it",
    ),
    Fault(
        "dead-phone-hangs-up",
        "F5",
        "an agent's phone dies, and their contact is hung up",
        "ari_app/calls/handlers/legs.py",
        "dead = cause == DEAD and leg.state is LegState.UP",
        "dead = False",
        "a contact was lost with an agent's phone",
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
    Fault(
        "log-out-not-heard",
        "F6",
        "a contact on hold waits for an agent who has gone home",
        "ari_app/calls/features/recalls.py",
        "waits = party.away and party.joining is None",
        "waits = False",
        "who went home",
    ),
    Fault(
        "hold-by-phone-not-derived",
        "F7",
        "the phone holds by its own key, and its contact hears nothing",
        "ari_app/calls/features/holding.py",
        "holds = held and leg is not None and leg.speaks_in(call.id) and me.progress is Progress.JOINED",
        "holds = False",
        "does not hear",
    ),
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
        "declined-and-rung-again",
        "F10",
        "an agent declines a caller, and is rung for them at once again",
        "ari_app/calls/features/offers.py",
        "until = step.now + (settings.declined_interval if declined else settings.retry_interval)",
        "until = step.now + settings.retry_interval",
        "has declined this caller, and is rung again",
    ),
    Fault(
        "refusals-not-counted",
        "F10",
        "a phone that refuses by itself is offered every call",
        "ari_app/calls/features/refusals.py",
        "if agent is not None and not talks:",
        "if agent is not None and not talks and outcome is OfferState.NO_ANSWER:",
        "and their phone refuses",
    ),
    Fault(
        "retrieve-answered-too-early",
        "F12",
        "the desktop says that the call is back while the phone only rings",
        "ari_app/calls/features/holding.py",
        'step.await_effects(command, call.id, until="answered", party=me.id)',
        'step.await_effects(command, call.id, until="done", party=me.id)',
        "is answered to have the call back, and is not there",
    ),
    Fault(
        "mutes-outlive-who-set-them",
        "F17",
        "a contact who was muted is not heard by the next agent",
        "ari_app/calls/features/parties.py",
        "muted, deaf = p.muted and p.muted_by in here, p.deaf and p.deaf_by in here",
        "muted, deaf = p.muted, p.deaf",
        "is still muted or deaf by",
    ),
)
