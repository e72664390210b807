"""Tones by which a conference hears that somebody joins or leaves, where the administrator lists them.

Derived from who was in the call before a step and who is after it. A call of two has none, and who only listens is no
party.
"""

from ari_app.calls.derived import announcing
from ari_app.calls.model import Call
from ari_app.calls.step import Step

_CONFERENCE = 3


def settle(step: Step) -> None:
    """Announce who has come and who has gone by this step."""
    for call_id in list(step.calls):
        call, before = step.find_call(call_id), step.before(call_id)
        if call is None or before is None:
            continue
        were, are = _present(before), _present(call)
        if are - were and len(are) >= _CONFERENCE:
            announcing.to_all(step, call, "conference_join")
        elif were - are and len(were) >= _CONFERENCE:
            announcing.to_all(step, call, "conference_leave")


def _present(call: Call) -> set[str]:
    return {party.id for party in call.joined()}
