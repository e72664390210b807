"""Two calls of one agent at different Asterisks become one: the contact of the one joins the other by a tie, a leg that
the one Asterisk dials and the other takes (docs/decisions/0010-calls-of-two-asterisks-become-one.md).

Owns both ends. Where they go to, `await_tie` notes the name, and who arrives with it is a party like any other. Where
they come from, `prepare` and `hand_over` dial the tie as a call of its own, beside the one that they are in, which
nobody notices; its answer takes them out of that. So until the answer nothing has changed, and after it all has: either
leader may be lost at any moment, for what is noted has its time, and what was dialled or answered Asterisk tells the
next one.
"""

from dataclasses import replace

from ari_app.calls.actions import may_be_joined, may_leave
from ari_app.calls.commands import AwaitTie, HandOver, PrepareTie
from ari_app.calls.derived import channels
from ari_app.calls.effects import AnswerLeg, ArrivalRefused, HangUp
from ari_app.calls.features import consult, parties, recording
from ari_app.calls.model import (
    Awaited,
    Call,
    DialplanEntry,
    EndReason,
    Leg,
    LegState,
    Outside,
    Party,
    PartyRole,
    Progress,
    Tie,
)
from ari_app.calls.step import Step
from ari_app.calls.stimuli import ChannelArrived
from ari_app.errors import AsteriskUnavailable, Code, Refused
from ari_app.routing.entries import TIE, Fault

DIAL_WITHIN = 3.0
AWAITED_FOR = 10.0
"""Longer than a tie is dialled: its name must be good until it is given up at the other end."""

# -- where they go to -------------------------------------------------------------------------------------------------


def await_tie(step: Step, cmd: AwaitTie, call: Call) -> None:
    """From now on the tie of that name is awaited, once. Raises: Refused `not_allowed_now`."""
    if not _may_be_joined(step, call, cmd.by):
        raise Refused(Code.NOT_ALLOWED_NOW, "nobody from another Asterisk can join this call now; see its actions")
    until = step.now + AWAITED_FOR
    awaits = Awaited(cmd.tie, cmd.merge, cmd.by, until, cmd.who, dict(cmd.user_data), cmd.recording)
    step.await_effects(cmd.id, call.id)
    step.put_call(call.id, awaits=awaits)


def arrived(step: Step, fact: ChannelArrived) -> None:
    """Somebody comes by a tie: who is awaited is in the call. Answered here, for that ends where they come from."""
    call = step.awaiting(fact.args[0] if fact.args else "")
    awaits = call.awaits if call is not None else None
    if call is None or awaits is None or not _may_be_joined(step, call, awaits.by):
        step.emit(ArrivalRefused(fact.entry, fact.entry_verb, "", Fault.UNKNOWN_TIE))
        step.ask(HangUp, fact.leg)
        return
    step.add_leg(Leg(fact.leg, LegState.UP, focus=call.id, tie=True))
    step.ask(AnswerLeg, fact.leg)
    parties.turn_to(step, call, awaits.by)
    party = _as_they_were(awaits, step.new_id("p"), fact.leg)
    data = {**awaits.user_data, **call.user_data}
    step.put_call(call.id, awaits=replace(awaits, party=party.id), user_data=data, recall_at=None)
    call = step.add_party(call.id, party)
    call = parties.retrieve_all(step, call, step.mine(call, awaits.by))
    recording.go_on(step, call, awaits.recording)


def _as_they_were(awaits: Awaited, party_id: str, leg: str) -> Party:
    """With the mutes that the agent who merges has set, and knows of."""
    who = awaits.who
    muted, deaf = who.muted and who.muted_by == awaits.by, who.deaf and who.deaf_by == awaits.by
    return Party(
        party_id,
        PartyRole.CONTACT,
        who.identity,
        leg=leg,
        progress=Progress.JOINED,
        muted=muted,
        deaf=deaf,
        muted_by=who.muted_by if muted else None,
        deaf_by=who.deaf_by if deaf else None,
        withheld=who.withheld,
    )


def _may_be_joined(step: Step, call: Call, agent: str) -> bool:
    return may_be_joined(call, agent, step.directory) and _is_up(step, call.party_of(agent))


def _is_up(step: Step, party: Party | None) -> bool:
    leg = step.leg(party.leg) if party is not None else None
    return leg is not None and leg.state is LegState.UP and not leg.hanging_up


# -- where they come from ---------------------------------------------------------------------------------------------


def prepare(step: Step, cmd: PrepareTie, call: Call) -> None:
    """Note the tie that will be dialled. Raises: Refused `not_allowed_now`.

    Not dialled before that is written: who leads next must know what an answer means, for it may come within
    milliseconds, and the agent's phone is hung up then.
    """
    if _leaves(step, call, cmd.by) is None or step.find_call(call.tied_by) is not None:
        raise Refused(Code.NOT_ALLOWED_NOW, "this call cannot be merged into one at another Asterisk now")
    made = step.new_id("c")
    tie = Tie(call.id, cmd.by, step.now + DIAL_WITHIN)
    destination = Outside(f"{TIE}+{cmd.to}+{cmd.tie}", TIE)
    leg = step.add_leg(Leg(step.new_id("l"), LegState.CREATING, destination=destination, focus=made, tie=True))
    party = Party(step.new_id("p"), PartyRole.CONTACT, leg=leg.id)
    music = step.directory.settings.music_class
    step.add_call(Call(made, call.type, f"{made}-b", step.now, music_class=music, tie=tie))
    step.add_party(made, party)
    step.put_call(call.id, tied_by=made)
    step.await_effects(cmd.id, call.id)


def hand_over(step: Step, cmd: HandOver, call: Call) -> None:
    """Dial the tie. Raises: Refused `not_allowed_now`, where it was given up."""
    made = step.find_call(call.tied_by)
    leg = next((step.leg(p.leg) for p in made.parties.values()), None) if made is not None else None
    if made is None or made.tie is None or made.tie.dialled or leg is None or leg.destination is None:
        raise Refused(Code.NOT_ALLOWED_NOW, "this call is not about to be merged into one at another Asterisk")
    party = next(p for p in made.parties.values() if p.leg == leg.id)
    step.put_call(made.id, tie=replace(made.tie, dialled=True, until=step.now + DIAL_WITHIN))
    step.await_effects(cmd.id, made.id, until="answered", party=party.id)
    channels.create(step, leg, made.id)


def answered(step: Step, call: Call, tie: Tie, party: Party) -> None:
    """They are in the other call: their own one is over, and they are alone with the tie."""
    step.causes.update(pending.command for pending in step.all_pending() if pending.call == call.id)
    before = step.find_call(tie.of)
    contact = _leaves(step, before, tie.by) if before is not None else None
    if before is None or contact is None:
        give_up(step, call, tie)
        return
    step.put_call(call.id, tie=replace(tie, until=None))
    step.put_party(call.id, party.id, progress=Progress.JOINED)
    # What they hear, and who hears them, is the other call's to say.
    contact = replace(contact, muted=False, deaf=False, muted_by=None, deaf_by=None)
    consult.move(step, before, call, contact)
    step.put_call(before.id, ended_at=step.now, ended_by=f"agent:{tie.by}", end_reason=EndReason.MERGED)
    parties.end(step, before.id)


def _leaves(step: Step, call: Call, agent: str) -> Party | None:
    """Whom the agent may have go, if both are there: not a menu of the dialplan, which may hand its caller back."""
    contact, me = may_leave(call, agent), call.party_of(agent)
    leg = step.leg(contact.leg) if contact is not None else None
    menu = leg is not None and isinstance(leg.destination, DialplanEntry)
    return contact if _is_up(step, contact) and _is_up(step, me) and not menu else None


def settle(step: Step) -> None:
    """A tie is given up with the call whose contact it was dialled for; and who waits for one that is over is notified:
    nothing has changed.
    """
    for call in list(step.calls.values()):
        dialled = step.find_call(call.tied_by) if call.ended else None
        if dialled is not None and dialled.tie is not None and dialled.tie.until is not None:
            give_up(step, dialled, dialled.tie)
    for call in [c for c in step.calls.values() if c.ended and c.tie is not None and c.tie.until is not None]:
        for pending in [p for p in step.all_pending() if p.call == call.id]:
            step.refuse(pending.command, AsteriskUnavailable("the other Asterisk did not take this call; try again"))


def give_up(step: Step, call: Call, tie: Tie) -> None:
    """Nobody comes by it, or nobody is there any more."""
    legs = [party.leg for party in call.parties.values() if party.leg is not None]
    parties.end(step, call.id)
    for leg in legs if not tie.dialled else ():
        step.drop_leg(leg)  # nobody would ever tell its end


# -- both ends --------------------------------------------------------------------------------------------------------


def due_at(call: Call) -> float | None:
    """When the tie is given up that was dialled or is awaited."""
    if call.tie is not None:
        return call.tie.until
    return call.awaits.until if call.awaits is not None and call.awaits.party is None else None


def overdue(step: Step, call: Call) -> bool:
    """Give up what is due; True: the call was nothing but that tie."""
    at = due_at(call)
    if at is None or at > step.now:
        return False
    if call.tie is None:
        step.put_call(call.id, awaits=None)
        return False
    give_up(step, call, call.tie)
    return True
