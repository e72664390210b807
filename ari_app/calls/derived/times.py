"""Since when: who joined, who is on hold, who waits to be served; and who was rung.

Derived after each step; nobody notes it by hand.
"""

from ari_app.calls.model import Call, Party, Progress
from ari_app.calls.step import Step
from ari_app.routing.targets import TargetType

_QUEUED = frozenset({TargetType.QUEUE, TargetType.GROUP, TargetType.SKILL})


def settle(step: Step) -> None:
    """Note what began or ended with this step, in the calls that it has touched."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        if call is None:
            continue
        for party in call.parties.values():
            _note(step, call, party)
        _note_waiting(step, call)
        _note_rung(step, call)


def _note(step: Step, call: Call, party: Party) -> None:
    joined = party.progress is Progress.JOINED
    joined_at = step.now if joined and party.joined_at is None else party.joined_at
    held = joined and call.on_hold(party)
    held_since = (party.held_since or step.now) if held else None
    if (joined_at, held_since) != (party.joined_at, party.held_since):
        step.put_party(call.id, party.id, joined_at=joined_at, held_since=held_since)


def _note_rung(step: Step, call: Call) -> None:
    """Who was rung is known also when they did not answer, and are no party any more."""
    offer = call.offering()
    agents = [a.agent for a in offer.attempts if a.agent is not None] if offer is not None else []
    rung = tuple(dict.fromkeys((*call.rung, *agents)))
    if rung != call.rung:
        step.put_call(call.id, rung=rung)


def _note_waiting(step: Step, call: Call) -> None:
    """A caller waits for a queue, a group or a skill from the moment in which they came to the first of them."""
    offer = call.offering()
    if offer is None or offer.by is not None or call.answered_at is not None or offer.target.type not in _QUEUED:
        return
    queue = offer.target.id if offer.target.type is TargetType.QUEUE else call.queue
    queued_at = step.now if call.queued_at is None else call.queued_at
    if (queue, queued_at) != (call.queue, call.queued_at):
        step.put_call(call.id, queue=queue, queued_at=queued_at)
