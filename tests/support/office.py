"""The World with phones that do what a test says, and effects in a form that reads: `LeaveBridge in1`."""

from typing import Any

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, Outside, Party
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.world import World, to

NUMBER = "+33123456789"
AWAY = to(f"number:{NUMBER}")


class Office(World):
    """Every phone rings until the test says otherwise; `quick` ones answer by themselves."""

    def __init__(self, *quick: str, ready: tuple[str, ...] = ("alice", "bob", "carol", "dave"), **settings: Any):
        super().__init__(directory(**settings), ready)
        for agent in self.directory.agents:
            self.phone(agent, Behaviour.ANSWER if agent in quick else Behaviour.RING)
        self.outside(Behaviour.RING)

    def outside(self, behaviour: Behaviour) -> None:
        """What phones outside do from now on."""
        self.asterisk.behaviour[Outside(NUMBER, "carrier")] = behaviour

    def do(self, kind: type[c.BaseCommand], by: str, **fields: Any) -> list[str]:
        """Ask for something; what is requested of Asterisk at once, in order."""
        self.command(kind, by, **fields)
        return self.requests()

    def requests(self) -> list[str]:
        """What the last step requested of Asterisk, in order; what displays show is left out."""
        requested = [x for x in self.effects if isinstance(x, e.OnAsterisk) and not isinstance(x, e.ShowIdentity)]
        return [self.described(effect) for effect in requested]

    def described(self, effect: Any) -> str:
        """`LeaveBridge in1`, agents by name; what else the effect carries follows where it matters."""
        who = self._name(effect.leg) if hasattr(effect, "leg") else "bridge"
        said = f"{type(effect).__name__} {who}"
        match effect:
            case e.SetMute():
                heard = "unheard" if effect.nobody_hears else "heard"
                return f"{said} {heard} {'deaf' if effect.hears_nobody else 'hearing'}"
            case e.Announce() | e.PlayToBridge():
                return f"{said} {effect.prompt}"
            case e.PlayDtmf():
                return f"{said} {effect.digits}"
            case e.HangUp() if effect.answered_elsewhere:
                return f"{said} elsewhere"
        return said

    def happens(self, fact: s.Stimulus) -> list[str]:
        """A fact comes; what is requested of Asterisk at once, in order."""
        self.feed(fact)
        return self.requests()

    def served(self, agent: str = "alice", leg: str = "in1") -> Call:
        """A caller who talks to the agent."""
        self.arrives("agent", agent, leg=leg)
        self.settle()
        self.picks_up(agent)
        return next(call for call in self.switch.calls.values() if any(p.leg == leg for p in call.parties.values()))

    def picks_up(self, agent: str) -> None:
        """The agent's phone is answered, if it still rings."""
        for leg in [leg for leg in self.switch.legs.values() if leg.agent == agent]:
            self.asterisk.answer(leg.id)
        self.settle()

    def answers_outside(self) -> None:
        """Every phone outside that rings is answered."""
        self.settle()
        for leg in [leg for leg in self.switch.legs.values() if isinstance(leg.destination, Outside)]:
            self.asterisk.answer(leg.id)
        self.settle()

    def hangs_up(self, who: str, cause: int = 16) -> None:
        """The phone of an agent, or a leg, hangs up."""
        legs = [leg.id for leg in self.switch.legs.values() if who in (leg.agent, leg.id)]
        for leg in legs:
            self.asterisk.hang_up(leg, cause)
        self.settle()

    def outside_leg(self) -> str:
        """The one leg that goes out through the trunk."""
        (leg,) = [leg.id for leg in self.switch.legs.values() if isinstance(leg.destination, Outside)]
        return leg

    def is_calm(self) -> None:
        """Everything has happened, and nothing is wrong."""
        self.settle()
        assert not self.wrong()

    def party(self, call: Call, who: str) -> Party:
        """The party of an agent, or the one who speaks through a leg."""
        parties = self.switch.calls[call.id].parties.values()
        return next(p for p in parties if who in (p.agent, p.leg) and p.progress != "left")

    def actions(self, who: str, call: Call) -> tuple[str, ...]:
        """What the agent may do with the call."""
        return self.seen(who, call.id).actions


def hear_each_other(*who: str) -> set[tuple[str, str]]:
    """Everybody hears everybody."""
    return {(a, b) for a in who for b in who if a != b}
