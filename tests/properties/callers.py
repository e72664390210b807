"""What callers in a queue do, and customers who are called back."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ari_app.calls import effects as e
from ari_app.calls.model import Identity, Outside
from ari_app.testing.asterisk import Behaviour
from tests.properties.scene import AGENTS, Scene
from tests.support.world import ANONYMOUS

_CALLERS = (*(Identity(f"Caller {n}", f"+3361234567{n}") for n in range(3)), ANONYMOUS, Identity("Inside", "1002"))
_NUMBERS = (*(caller.number for caller in _CALLERS[:3]), "0612345678")
_KEYS = ("1", "2", "0", "9", "7", "7#", "5", "#", "0612345678#", "10612345678#")


class Callers(Scene):
    """They may press what they like, at any time; phones outside ring until somebody does something."""

    def __init__(self) -> None:
        super().__init__()
        for number in _NUMBERS:
            self.world.asterisk.behaviour[Outside(number, "carrier")] = Behaviour.RING

    @rule(caller=st.sampled_from(_CALLERS), priority=st.sampled_from(("0", "3")))
    def a_caller_comes_to_the_queue(self, caller: Identity, priority: str) -> None:
        if len(self.world.switch.calls) < 5:
            self.world.numbers += 1
            leg = f"in{self.world.numbers}"
            self.world.asterisk.arrive(leg, "carrier", "queue", "help", priority, caller=caller)

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_is_ready(self, agent: str) -> None:
        """They say so at their desktop: what was counted against their phone until now counts no more."""
        agents = self.world.agents
        if agent not in agents.idle and agent in self.world.directory.agents:
            del self.world.refusing[agent]
            for free in agents.do(e.SetAgentState(agent, "ready")):
                self.world.feed(free)

    @precondition(lambda self: self.world.asterisk.world.channels)
    @rule(index=st.integers(0, 9), keys=st.sampled_from(_KEYS), gone=st.booleans())
    def who_waits_presses_keys(self, index: int, keys: str, gone: bool) -> None:
        """With `gone` they have hung up before anything else happens."""
        waiting = [leg for leg in self.world.asterisk.world.channels if self._agent_of(leg) is None]
        if not waiting:
            return
        leg = waiting[index % len(waiting)]
        for key in keys:
            self.world.asterisk.press_key(leg, key)
        if gone and leg in self.world.asterisk.world.channels:
            self.world.asterisk.hang_up(leg)

    @rule(index=st.integers(0, 9), seconds=st.sampled_from((0.0, 1.0, 30.0)))
    def somebody_has_said_what_they_had_to_say(self, index: int, seconds: float) -> None:
        tapes = [tape.of for tape in self.world.asterisk.world.tapes.values() if tape.of is not None]
        if tapes:
            self.world.asterisk.end_message(tapes[index % len(tapes)], seconds)

    @rule(number=st.sampled_from(_NUMBERS), behaviour=st.sampled_from(Behaviour))
    def a_phone_outside_will(self, number: str, behaviour: Behaviour) -> None:
        self.world.asterisk.behaviour[Outside(number, "carrier")] = behaviour

    @rule(index=st.integers(0, 9), cause=st.sampled_from((None, 16, 17, 19, 21, 38)))
    def somebody_outside_answers_or_does_not(self, index: int, cause: int | None) -> None:
        rung = [leg.id for leg in self.world.switch.legs.values() if isinstance(leg.destination, Outside)]
        there = [leg for leg in rung if leg in self.world.asterisk.world.channels]
        if there and cause is None:
            self.world.asterisk.answer(there[index % len(there)])
        elif there and cause is not None:
            self.world.asterisk.hang_up(there[index % len(there)], cause)
