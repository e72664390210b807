"""Keys that a caller presses while they wait in a queue: out of it, or the number that they are called back at.

Owns the reading of these keys. What a key stands for goes into the story, the key itself does not (`discretion`).
"""

from dataclasses import replace

from ari_app.calls.derived import announcing
from ari_app.calls.features import callbacks, parties, waiting
from ari_app.calls.model import Call, CallId, Identity, KeyedNumber, LegId, Offer, OfferKind, Party, PartyRole, Progress
from ari_app.calls.step import Step
from ari_app.routing.directory import Queue
from ari_app.routing.ways_out import WayOut

_FIRST_KEY, _NEXT_KEY = 30.0, 10.0
"""Seconds: they hear the prompt first, and may have to look the number up."""
_END, _ANEW = "#", "*"
_LONGEST = 32
_MEANING = "="  # before what stands for a key in a story


def digit(step: Step, leg_id: LegId, key: str) -> None:
    """A key was pressed: by a caller in a queue it may lead out of that."""
    leg = step.leg(leg_id)
    here = next(((c, p) for c, p in step.party_by_leg(leg_id) if _listens(p)), None)
    if here is None or leg is None or leg.agent is not None or leg.farewell or leg.hanging_up:
        return
    call, caller = here
    waits = waiting.waits_in(step, call)
    if waits is None:
        return
    offer, queue = waits
    if caller.keyed is not None:
        _number(step, call, caller, caller.keyed, key)
    elif (way := _way(queue, key)) is not None:
        step.key_stands_for = f"{_MEANING}{way}"
        _leave(step, call, caller, (offer, queue), way)


def _listens(party: Party) -> bool:
    return party.role is PartyRole.CONTACT and party.progress is Progress.JOINED


def _way(queue: Queue, key: str) -> WayOut | None:
    """Where the key leads, or what stands for it in a story."""
    by_name = {f"{_MEANING}{way}": way for way in queue.keys.values()}
    return queue.keys.get(key) or by_name.get(key)


def _leave(step: Step, call: Call, caller: Party, waits: tuple[Offer, Queue], way: WayOut) -> None:
    offer, queue = waits
    if way == "hang_up":
        parties.end(step, call.id)
    elif way == "callback":
        announcing.be_quiet(step, call.id, caller.leg)
        if not callbacks.has_room(step, queue):
            _say(step, call, caller, "callback_refused")
        elif not caller.identity.anonymous and callbacks.can_be_called(step, caller.identity.number):
            callbacks.promise(step, call, caller, offer, queue, caller.identity)
        else:
            _ask_for_number(step, call, caller)
    elif step.directory.exists(way):
        announcing.be_quiet(step, call.id, caller.leg)
        waiting.go_elsewhere(step, step.call(call.id), offer, way)


# -- a number ---------------------------------------------------------------------------------------------------------


def _ask_for_number(step: Step, call: Call, caller: Party) -> None:
    """Where the administrator has a prompt for that."""
    if not step.directory.settings.announcements.get("callback_number"):
        _say(step, call, caller, "callback_refused")
        return
    step.put_party(call.id, caller.id, keyed=KeyedNumber(OfferKind.CALL, step.now + _FIRST_KEY))
    _say(step, call, caller, "callback_number")


def _say(step: Step, call: Call, caller: Party, prompt: str) -> None:
    announcing.guide(step, call, caller, prompt)


def _number(step: Step, call: Call, caller: Party, keyed: KeyedNumber, key: str) -> None:
    announcing.be_quiet(step, call.id, caller.leg)
    if key == _END:
        step.key_stands_for = _END
        _dialled(step, step.call(call.id), caller, keyed.digits)
        return
    digits = "" if key == _ANEW else (keyed.digits + key)[:_LONGEST]
    step.key_stands_for = _ANEW if key == _ANEW else None
    step.put_party(call.id, caller.id, keyed=replace(keyed, digits=digits, until=step.now + _NEXT_KEY))


def due(step: Step, call_id: CallId) -> None:
    """No key for a while: the number is what was dialled until now."""
    call = step.find_call(call_id)
    for caller in call.joined() if call is not None else ():
        if caller.agent is None and caller.keyed is not None and caller.keyed.until <= step.now:
            _dialled(step, step.call(call_id), caller, caller.keyed.digits)


def _dialled(step: Step, call: Call, caller: Party, number: str) -> None:
    call = step.put_party(call.id, caller.id, keyed=None)
    waits = waiting.waits_in(step, call)
    if waits is not None and callbacks.can_be_called(step, number) and callbacks.has_room(step, waits[1]):
        offer, queue = waits
        callbacks.promise(step, call, caller, offer, queue, Identity(number=number))
    elif number:
        _say(step, call, caller, "callback_refused")


def settle(step: Step) -> None:
    """Who has been answered, or waits in a queue no longer, dials nothing there."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        for party in call.joined() if call is not None else ():
            if call is not None and party.agent is None and party.keyed and waiting.waits_in(step, call) is None:
                step.put_party(call_id, party.id, keyed=None)
                announcing.be_quiet(step, call_id, party.leg)
