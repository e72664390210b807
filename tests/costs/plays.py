"""What is counted: some days' work of a small call centre, each play from a caller who comes to nobody being left.

A play is played in the call centre of the pure tests, and what the machine was given is kept. Whoever counts gives the
same to a machine of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.effects import Effect
from ari_app.calls.model import Call, Leg, MonitorMode
from ari_app.routing.directory import Directory, Role
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.world import World, to

type Given = tuple[s.Stimulus, float]
"""A stimulus, and when the machine had it."""


@dataclass(frozen=True, slots=True)
class Played:
    """`before` is what brings the machine to where the play begins; `given` is the play."""

    directory: Directory
    before: Sequence[Given]
    given: Sequence[Given]


class _Watched(World):
    """A call centre that keeps what its machine is given."""

    def __init__(self, listed: Directory, ready: Sequence[str]) -> None:
        self.given: list[Given] = []
        super().__init__(listed, ready)

    def feed(self, stimulus: s.Stimulus) -> list[Effect]:
        self.given.append((stimulus, self.now))
        return super().feed(stimulus)

    def comes(self, *to_whom: str) -> str:
        """A caller comes, and what can happen happens; their leg."""
        leg = self.arrives(*to_whom)
        self.settle()
        return leg

    def call_of(self, agent: str) -> str:
        """The call that the agent came to last."""
        return next(call.id for call in reversed(self.switch.calls.values()) if call.party_of(agent) is not None)

    def over(self, *legs: str) -> None:
        """These hang up, and whatever is left is cleared."""
        self.now += 1.0
        for leg in legs:
            self.asterisk.hang_up(leg)
            self.settle()


def _held_and_moved(world: _Watched) -> None:
    """Answered, held, retrieved, transferred to somebody who answers after it has rung."""
    world.phone("bob", Behaviour.NEVER)
    caller = world.comes("agent", "alice")
    call = world.call_of("alice")
    world.ask(c.Hold, "alice", call=call)
    world.ask(c.Retrieve, "alice", call=call)
    world.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    world.settle()
    bob = world.leg_of("bob", call)
    for happens in (world.asterisk.ring, world.asterisk.answer):
        happens(bob)
        world.settle()
    world.over(caller)


def _declined(world: _Watched) -> None:
    """A transfer that is declined; the agent goes on with the contact, and hangs up."""
    caller = world.comes("agent", "alice")
    call = world.call_of("alice")
    world.phone("bob", Behaviour.DECLINE)
    world.command(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    world.settle()
    world.ask(c.Retrieve, "alice", call=call)
    world.ask(c.Release, "alice", call=call)
    world.over(caller)


def _consulted(world: _Watched) -> None:
    """A consultation, which becomes a transfer."""
    caller = world.comes("agent", "alice")
    call = world.call_of("alice")
    world.ask(c.InitiateTransfer, "alice", call=call, target=to("agent:bob"))
    world.ask(c.CompleteTransfer, "alice", call=world.call_of("alice"))
    world.over(caller)


def _conferred(world: _Watched) -> None:
    """A conference with a supervisor beside it and a recording: muted, deafened, digits."""
    caller = world.comes("agent", "alice")
    call = world.call_of("alice")
    world.ask(c.StartRecording, "alice", call=call)
    world.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    world.ask(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call, mode=MonitorMode.LISTEN)
    contact = next(p.id for p in world.switch.calls[call].parties.values() if p.leg == caller)
    for verb in (c.MuteParty, c.UnmuteParty, c.DeafenParty, c.UndeafenParty):
        world.ask(verb, "alice", call=call, party=contact)
    world.ask(c.Release, "bob", call=call)
    world.ask(c.Clear, "alice", call=call)
    world.over(caller)


def _queued(world: _Watched) -> None:
    """Two wait in a queue, one gives up, the other is answered."""
    resting, world.agents.idle = world.agents.idle, []
    first, second = world.comes("queue", "help"), world.comes("queue", "help")
    world.pass_time()
    world.settle()
    world.over(first)
    world.agents.idle = resting
    world.feed(s.AgentBecameAvailable("alice"))
    world.settle()
    world.over(second)


PLAYS: Mapping[str, Callable[[_Watched], None]] = {
    "held and moved": _held_and_moved,
    "declined": _declined,
    "consulted": _consulted,
    "conferred": _conferred,
    "queued": _queued,
}


def play(name: str) -> Played:
    """The play of that name."""
    world = _Watched(directory(), ("alice", "bob", "carol", "dave"))
    before, world.given = world.given, []
    PLAYS[name](world)
    assert not world.switch.calls, f"{name} leaves calls behind"
    return Played(world.directory, before, world.given)


def crowd(size: int) -> tuple[list[Call], list[Leg]]:
    """So many other calls that are up, each of an agent of its own, and their legs."""
    world = _Watched(directory(), ("carol",))
    world.comes("agent", "carol")
    call, legs = world.only_call(), list(world.switch.legs.values())
    calls_of_crowd, legs_of_crowd = [], []
    for number in range(size):
        mine = f"-other{number}"
        parties = {
            key: replace(p, leg=f"{p.leg}{mine}", agent=f"{p.agent}{mine}" if p.agent else None)
            for key, p in call.parties.items()
        }
        calls_of_crowd.append(replace(call, id=f"{call.id}{mine}", bridge=f"{call.bridge}{mine}", parties=parties))
        for leg in legs:
            agent = f"{leg.agent}{mine}" if leg.agent else None
            legs_of_crowd.append(replace(leg, id=f"{leg.id}{mine}", agent=agent, focus=f"{call.id}{mine}"))
    return calls_of_crowd, legs_of_crowd
