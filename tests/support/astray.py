"""What must not happen where two calls become one, by an account of what was requested: see `account`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.calls.commands import Alternate, BaseCommand, CompleteConference, CompleteTransfer, Merge, Reconnect
from ari_app.calls.effects import CallChanged, Effect, Refuse
from ari_app.calls.model import Call, CallId, LegId, LegState, PartyRole, Progress
from ari_app.calls.stimuli import ChannelArrived, TransferRequested

if TYPE_CHECKING:
    from tests.support.world import World


_BETWEEN_TWO = (CompleteTransfer, CompleteConference, Alternate, Reconnect, Merge)


class Named:
    """Which calls the transfer keys of phones have named: two of one agent, by two legs of theirs."""

    def __init__(self) -> None:
        self.pairs: set[frozenset[CallId]] = set()
        self._first: dict[str, LegId] = {}
        self._served: dict[LegId, set[tuple[str, CallId]]] = {}

    def note(self, world: World, stimulus: object) -> None:
        """Before the machine knows: Asterisk tells of both legs at once, or of each by itself under one name."""
        match stimulus:
            case TransferRequested(leg, replaces=True, other=str(other)):
                self._together(world, leg, other)
            case ChannelArrived(entry_verb="replaced", args=(leg, local)):
                self._together(world, leg, self._first.setdefault(local, leg))

    def _together(self, world: World, leg: LegId, other: LegId) -> None:
        for agent, call in self._calls(world, leg):
            self.pairs |= {frozenset((call, theirs)) for who, theirs in self._calls(world, other) if who == agent}

    def _calls(self, world: World, leg: LegId) -> set[tuple[str, CallId]]:
        """The calls that an agent has through a leg, and who it is; as they were while there was such a leg."""
        calls = (world.switch.calls[call] for call in world.switch.state.calls_of_leg.get(leg, ()))
        served = {(p.agent, call.id) for call in calls for p in call.parties.values() if p.leg == leg and p.agent}
        return self._served.setdefault(leg, served)


def strayed(world: World, stimulus: object, effects: list[Effect]) -> list[str]:
    """What went wrong where this step made one call of two: somebody is with strangers, or attached data is lost.

    Commands name the calls; a phone names two of its dialogs, and those two alone may become one. And nobody outside
    is hung up because an agent pressed the transfer key.
    """
    changed = [(x.before, x.call) for x in effects if isinstance(x, CallChanged) and x.before is not None]
    found = _without_a_phone(world, stimulus, effects)
    for before, after in changed:
        known = {p.agent for p in before.parties.values() if p.agent}
        new = [p for key, p in after.parties.items() if key not in before.parties and p.agent not in known]
        come, rung = ({p.leg for p in new if (p.progress is Progress.JOINED) is there} for there in (True, False))
        for was, now in changed:
            stays = set() if now.ended else {p.leg for p in now.parties.values() if p.progress is not Progress.LEFT}
            gone = {
                p.leg for p in was.parties.values() if p.leg
            } - stays  # one line of an agent may be in several calls
            if was.id == after.id or not (come | rung) & gone:
                continue
            tied = after.tie is not None and after.tie.of == was.id
            named = tied or frozenset((was.id, after.id)) in world.named.pairs
            if not isinstance(stimulus, BaseCommand) and not named:
                found.append(f"{was.id} was joined to {after.id}, which nobody requested")
            if come and after.offering() is not None:
                found.append(f"{was.id} was joined to {after.id}, for which somebody is rung")
            if now.ended and not tied and not was.user_data.keys() | before.user_data.keys() <= after.user_data.keys():
                found.append(f"data attached to {was.id} is lost in {after.id}")
    if isinstance(stimulus, ChannelArrived) and stimulus.entry_verb == "replaced":
        found += _hung_up(changed, stimulus.args[:1])
    return found


def _without_a_phone(world: World, stimulus: object, effects: list[Effect]) -> list[str]:
    """A step between two calls is its agent's: nobody takes it whose phone is not up."""
    if not isinstance(stimulus, _BETWEEN_TWO) or any(isinstance(effect, Refuse) for effect in effects):
        return []
    mine = [leg for leg in world.switch.legs.values() if leg.agent == stimulus.by]
    return [] if any(leg.state is LegState.UP for leg in mine) else [f"{stimulus} was done without a phone"]


def awaited(world: World) -> set[LegId]:
    """The halves of attended transfers of which one leg was reported, and the other may yet be."""
    parties = [party for call in world.switch.calls.values() for party in call.parties.values()]
    local = {party.joining.local for party in parties if party.joining is not None}
    arrived = [c.arrived for c in world.asterisk.world.channels.values() if c.arrived is not None]
    return {fact.leg for fact in arrived if fact.entry_verb == "replaced" and local & set(fact.args)}


def _hung_up(changed: list[tuple[Call, Call]], pressed: tuple[LegId, ...]) -> list[str]:
    """Contacts who were in a call before this step and are in none after it. One who has gone by their own key leaves
    whoever they talked to behind, as if they had hung up: of another contact that is the end of the call.
    """
    contacts = [p.leg for was, _ in changed for p in was.joined() if p.role is PartyRole.CONTACT]
    if set(pressed) & set(contacts):
        return []
    before = set(contacts)
    after = {p.leg for _, now in changed if not now.ended for p in now.joined()}
    return [f"the transfer key hung {leg} up" for leg in before - after]
