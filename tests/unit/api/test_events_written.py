"""A call is written the same in an event as in an answer, by whatever writes it."""

from dataclasses import replace

import pytest
from pydantic_core import to_json

from ari_app.api import events
from ari_app.calls import commands as c
from ari_app.calls.effects import CallChanged, Effect
from ari_app.calls.model import MonitorMode
from ari_app.calls.stimuli import Stimulus
from ari_app.routing.directory import Role
from tests.support.world import World, to

STRANGE = {"note": 'a "quote", \\ and / \x00\x1f\x7f\u2028 é 😀', "é": ""}


class _Shown(World):
    """Whose calls are compared as each of these sees them."""

    compared = 0

    def feed(self, stimulus: Stimulus) -> list[Effect]:
        effects = super().feed(stimulus)
        for change in (x for x in effects if isinstance(x, CallChanged)):
            for agent in ("alice", "bob", "erin"):
                shown = self.shown(replace(change.call, user_data=STRANGE), agent)
                assert events._view_json(shown) == to_json(shown).decode()
                assert events._view_json(shown.offer) == to_json(shown.offer).decode()
                self.compared += 1
        return effects


@pytest.mark.parametrize("withholding", [False, True])
def test_a_call_in_an_event_is_that_of_an_answer(withholding: bool) -> None:
    world = _Shown()
    world.withholding = withholding
    world.arrives("agent", "alice")
    world.settle()
    call = world.only_call()
    world.ask(c.Hold, "alice", call=call.id)
    world.ask(c.Retrieve, "alice", call=call.id)
    world.ask(c.StartRecording, "alice", call=call.id)
    world.ask(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
    world.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    world.ask(c.Clear, "alice", call=call.id)
    assert world.compared > 20
