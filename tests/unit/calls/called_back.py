"""An office whose queue calls back those who would not wait."""

from dataclasses import replace

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    Call,
    CallBack,
    CallId,
    Identity,
    Outside,
)
from ari_app.calls.views import CallBackView, callback_view
from ari_app.routing.directory import Queue
from ari_app.routing.ways_out import CallBackRules
from ari_app.testing.asterisk import Behaviour
from tests.support.office import Office
from tests.support.world import CALLER
from tests.unit.calls.keypad import presses

OUT = Outside(CALLER.number, "carrier")


class Queueing(Office):
    """An office with a queue in which callers wait as long as they like; nobody outside answers by themselves."""

    def __init__(self, *quick: str, ready: tuple[str, ...] = (), **settings: object) -> None:
        self.done: list[e.Effect] = []
        super().__init__(*quick, ready=ready, **settings)
        self.queue(max_length=None, max_wait=None, announce_every=None, callback=CallBackRules())
        self.asterisk.behaviour[OUT] = Behaviour.RING

    def _do(self, effect: e.Effect) -> None:
        self.done.append(effect)
        super()._do(effect)

    def plays(self, leg: str) -> bool:
        """Whether something is played to it."""
        return self.switch.legs[leg].playing is not None

    def queue(self, **changes: object) -> None:
        queue: Queue = replace(self.directory.queues["help"], **changes)  # type: ignore[arg-type]
        self.configure(replace(self.directory, queues={"help": queue}))

    def enters(self, leg: str, *more: str, caller: Identity = CALLER) -> CallId:
        self.now += 1.0
        self.asterisk.arrive(leg, "carrier", "queue", "help", *more, caller=caller)
        self.settle()
        return self.call_of(leg)

    def call_of(self, leg: str) -> CallId:
        return next(x.id for x in self.switch.calls.values() if any(p.leg == leg for p in x.parties.values()))

    def is_promised(self, leg: str = "in1", *more: str, caller: Identity = CALLER) -> CallId:
        call = self.enters(leg, *more, caller=caller)
        presses(self, "1", leg)
        return call

    def free(self, *agents: str) -> None:
        for agent in agents:
            self.agents.idle.append(agent)
            self.feed(s.AgentBecameAvailable(agent))
        self.settle()

    def back(self, call: CallId) -> CallBack:
        back = self.switch.calls[call].callback
        assert back is not None
        return back

    def shows(self, call: CallId) -> CallBackView:
        view = callback_view(self.switch.calls[call])
        assert view is not None
        return view

    def outside_rings(self) -> list[str]:
        """The numbers outside that ring."""
        legs = self.switch.legs.values()
        return [leg.destination.number for leg in legs if isinstance(leg.destination, Outside) and not leg.hanging_up]

    def outside_ends(self, cause: int) -> None:
        """Whoever is rung outside does not come to the phone."""
        for leg in [x.id for x in self.switch.legs.values() if isinstance(x.destination, Outside)]:
            self.asterisk.hang_up(leg, cause)
        self.settle()

    def over(self, call: CallId) -> Call:
        return self.switch._over[call]
