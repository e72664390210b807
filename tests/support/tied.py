"""Two Asterisks in memory with a tie between them: what is dialled at the one as a tie arrives at the other.

Each has a machine of its own, and they know nothing of each other but what the edge carries. `carries()` lets it carry
all that there is; until then a tie is on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ari_app.calls import commands as c
from ari_app.calls.model import Call, LegState, Outside
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import State
from tests.support.office import Office
from tests.support.world import World, Written

NAMES = ("a", "b")
ALICES = "1001"


@dataclass
class Edge:
    """What is between them. `ties`: channel at the one that dialled -> at the other, None where none arrived."""

    worlds: dict[str, Office]
    ties: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    """The Asterisks to which no INVITE comes just now."""
    numbers: int = 0

    def carries(self) -> bool:
        """All that can be carried; False: that was nothing."""
        done = False
        for name, world in self.worlds.items():
            for leg, channel in list(world.asterisk.world.channels.items()):
                if isinstance(channel.destination, Outside) and channel.destination.trunk == "tie":
                    done |= self._dialled(name, leg, channel.destination.number)
        for one, other in list(self.ties.items()):
            done |= self._dialogue(one, other)
        return done

    def _dialled(self, name: str, leg: str, number: str) -> bool:
        if (name, leg) in self.ties or self._state(name, leg) is not State.DIALLING:
            return False
        _, to, tie = number.split("+")
        if to in self.unreachable:
            return False
        self.numbers += 1
        there = f"tie{self.numbers}"
        self.worlds[to].asterisk.arrive(there, "tie", "tie", tie, up=False)
        self.ties[name, leg] = to, there
        return True

    def _dialogue(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        here, there = self._state(*one), self._state(*other)
        if here is None or there is None:
            for name, leg in (one, other):
                self.worlds[name].asterisk.hang_up(leg)
            del self.ties[one]
            return True
        if there is State.UP and here is not State.UP:
            self.worlds[one[0]].asterisk.answer(one[1])
            return True
        return False

    def _state(self, name: str, leg: str) -> State | None:
        return self.worlds[name].asterisk.world.state_of(leg)


class Tied:
    """Two offices of one call centre. Alice has a phone with a line at each."""

    def __init__(self, **settings: Any) -> None:
        self.a, self.b = Office("alice", **settings), Office("alice", **settings)
        self.worlds = {"a": self.a, "b": self.b}
        self.edge = Edge(self.worlds)
        self.numbers = 0

    def settle(self) -> None:
        """Everything happens that happens by itself."""
        for _ in range(200):
            for world in self.worlds.values():
                world.settle()
            if not self.edge.carries():
                return
        raise AssertionError("it never comes to rest")

    def two_calls(self) -> tuple[str, str]:
        """Alice's call with `in1` at the one, and with `out1` at the other."""
        here, there = self.a.served(leg="in1").id, self.b.served(leg="out1").id
        return here, there

    def awaited(self, here: str, there: str, **fields: object) -> str:
        """The call at the first awaits the contact of the one at the other; returns the tie's name."""
        self.numbers += 1
        name = f"name{self.numbers}"
        (who,) = [p for p in self.b.switch.calls[there].joined() if p.agent is None]
        more = {"user_data": self.b.switch.calls[there].user_data, "recording": self.b.switch.calls[there].recording}
        self.a.command(c.AwaitTie, "alice", call=here, tie=name, **{"who": who, "merge": "m", **more, **fields})
        return name

    def prepared(self, there: str, name: str) -> str:
        """The tie is noted where the contact is; returns the command."""
        self.b.asterisk.behaviour[Outside(f"tie+a+{name}", "tie")] = Behaviour.NEVER  # but by the edge
        return self.b.command(c.PrepareTie, "alice", call=there, tie=name, to="a")

    def handed_over(self, there: str, name: str) -> str:
        """The contact is to go there; returns the command."""
        self.prepared(there, name)
        return self.b.command(c.HandOver, "alice", call=there, tie=name)

    def merged(self) -> tuple[str, str]:
        """Both calls are one; the call, and the one at the other Asterisk by which its contact is in it."""
        here, there = self.two_calls()
        command = self.handed_over(there, self.awaited(here, there))
        self.settle()
        assert command in self.b.replies, self.b.refusals
        (tie,) = self.b.switch.calls
        return here, tie

    def written(self, where: str) -> Written:
        """All that Redis has of one of them now."""
        return self.worlds[where].kept()

    def dies(self, where: str, written: Written) -> None:
        """Who leads it is lost, and the next finds no more than that; what was requested since then has been done."""
        world = self.worlds[where]
        world.has_kept(written)
        world.commands.clear()
        world.restart()

    def hears(self) -> set[tuple[str, str]]:
        """Who hears whom, also over ties, agents by name."""
        heard = {
            (f"{name}:{one}", f"{name}:{other}")
            for name, world in self.worlds.items()
            for one, other in world.asterisk.hears()
        }
        for (name, leg), (to, there) in self.edge.ties.items():
            one, other = f"{name}:{leg}", f"{to}:{there}"
            for end, far in ((one, other), (other, one)):
                heard |= {(x, y) for x, mid in heard if mid == end for far_end, y in heard if far_end == far}
        ends = {f"{n}:{leg}" for pair in self.edge.ties.items() for n, leg in pair}
        return {(self._named(x), self._named(y)) for x, y in heard if not {x, y} & ends}

    def music(self) -> set[str]:
        """Who hears music, also over a tie."""
        music = {f"{name}:{leg}" for name, world in self.worlds.items() for leg in world.asterisk.music()}
        for one, other in self.edge.ties.items():
            if "{}:{}".format(*other) in music:
                name, leg = one
                music |= {f"{name}:{x}" for x, y in self.worlds[name].asterisk.hears() if y == leg}
        ends = {f"{n}:{leg}" for pair in self.edge.ties.items() for n, leg in pair}
        return {self._named(leg) for leg in music - ends}

    def _named(self, leg: str) -> str:
        name, _, leg_id = leg.partition(":")
        known = self.worlds[name].switch.legs.get(leg_id)
        return known.agent if known is not None and known.agent is not None else leg_id

    def tie_party(self, call: str) -> str:
        """The party who is in the call by a tie."""
        legs = self.a.switch.legs
        (party,) = [p for p in self.a.switch.calls[call].joined() if p.leg in legs and legs[p.leg].tie]
        return party.id

    def is_calm(self) -> None:
        """Nothing is left that should not be."""
        for world in self.worlds.values():
            assert not world.wrong()

    def contact_is_where_they_were(self, there: str) -> Call:
        """At the other Asterisk nothing has changed, and nothing is left of the tie."""
        assert set(self.b.switch.calls) == {there}
        assert not self.edge.ties
        return self.b.switch.calls[there]


def is_up(world: World, leg: str) -> bool:
    """Whether the machine has this leg as up."""
    known = world.switch.legs.get(leg)
    return known is not None and known.state is LegState.UP
