"""Every verb is known wherever verbs are known: what mypy does not find of a new one is found here."""

from collections.abc import Iterable

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions, party_actions
from ari_app.calls.verbs import CallAction, PartyAction
from tests.properties import walk
from tests.support.world import World


def test_every_verb_has_a_command_of_its_own() -> None:
    assert set(c.ON_CALL) == set(CallAction)
    assert set(c.ON_PARTY) == set(PartyAction)
    assert (
        len({*c.ON_CALL.values(), *c.ON_PARTY.values()}) == len(CallAction) + len(PartyAction) - 1
    )  # digits to either


def _listed(world: World) -> Iterable[CallAction | PartyAction]:
    for call in world.switch.calls.values():
        for agent, role in walk.VIEWERS:
            yield from call_actions(call, agent, world.directory, role, engaged=world.engaged(agent, call))
            for party in call.parties.values():
                yield from party_actions(call, party, agent, role)


def _worlds() -> Iterable[World]:
    """Where calls begin, and one step on where what is undone must first be done."""
    for world in walk.beginnings():
        yield world
        for possible in walk.commands(world):
            if possible.listed and possible.kind in (c.MuteParty, c.DeafenParty, c.PauseRecording):
                after = walk.fork(world)
                after.command(possible.kind, possible.by, role=possible.role, **possible.fields)
                after.settle()
                yield after


def test_every_verb_is_allowed_at_some_time() -> None:
    listed = {(type(verb), verb) for world in _worlds() for verb in _listed(world)}
    assert listed == {(type(verb), verb) for kind in (CallAction, PartyAction) for verb in kind}
