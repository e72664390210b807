"""Commands that come again, because the controller that had them died before it answered.

A call keeps the last commands that were carried out on it, so that the next controller answers the repeat of one as the
first would have been answered, and nothing happens twice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from ari_app.calls import commands as c
from ari_app.calls.model import Call, CallId, Pending
from ari_app.calls.state import State
from ari_app.calls.step import Step

_KEPT = 8
"""Of each call: whoever repeats does so within seconds."""


def settle(step: Step) -> None:
    """Note what this step began to carry out, and no longer what will not come to its end."""
    for command, now in step.pending.items():
        before = step.read.one("pending", step.state.pending, command)
        pending = now or before
        if pending is None or (now is not None and before is not None):
            continue
        call = step.calls.get(pending.call) or step.before(pending.call)
        if call is None:
            continue  # over, with what was to be done with it
        others = tuple(done for done in call.carried_out if done.command != command)
        kept = others if now is None else (*others, replace(now, effects=frozenset()))[-_KEPT:]
        step.put_call(call.id, carried_out=kept)


def known(state: State, over: Mapping[CallId, Call], command: c.BaseCommand) -> Pending | None:
    """What the repeat of a command waits for that was carried out; None: it was not, as far as is known.

    That digits were to be sent was written before they were, and nothing tells whether they were heard.
    """
    if not command.again or not state.linked or isinstance(command, c.SendDtmf):
        return None
    calls = chain(state.calls.values(), over.values())
    return _carried_out(calls, command.id) or _left(state, over, command)


def _carried_out(calls: Iterable[Call], command: str) -> Pending | None:
    return next((done for call in calls for done in call.carried_out if done.command == command), None)


def _left(state: State, over: Mapping[CallId, Call], command: c.BaseCommand) -> Pending | None:
    """Who wanted to leave, and is in the call no longer, has left: it was requested before it could be noted."""
    if not isinstance(command, c.Release | c.Clear):
        return None
    call = state.calls.get(command.call) or over.get(command.call)
    if call is None or (isinstance(command, c.Clear) and not call.ended):
        return None
    had = any(party.agent == command.by for party in call.parties.values())
    return Pending(command.id, call.id) if had and (call.ended or call.party_of(command.by) is None) else None
