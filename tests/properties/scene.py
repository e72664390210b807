"""Where random walks begin, and whom and what they name."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from ari_app.calls.model import LegState
from ari_app.routing.directory import CallerId
from ari_app.routing.priorities import PriorityList
from tests.properties import walk
from tests.support.callcentre import directory
from tests.support.world import CALLER, World, to

AGENTS = ("alice", "bob", "carol", "dave")
TARGETS = tuple(
    to(text)
    for text in (
        "agent:alice",
        "agent:bob",
        "agent:carol",
        "agent:erin",
        "group:support",
        "group:sales",
        "group:front",
        "skill:french>=3",
        "number:+33123456789",
        "number:1002",
        "routing_point:billing",
        "group:nowhere",
    )
)
SUPERVISORS = ("erin", "oscar")
SELDOM = st.integers(0, 7).map(lambda n: n == 0)
# Once as it mostly is, once with all that the administrator may switch on.
EVERYTHING: dict[str, Any] = {
    "max_hold": 20.0,
    "transfer_progress": True,
    "call_waiting": AGENTS,
    "company": CallerId("company", "Company", "+33100000000"),
    "agents_see_withheld": True,
}
GOLD = PriorityList("gold", 4, frozenset({CALLER.number}), queues=frozenset({"help"}))
"""Whoever does not withhold their number goes before the others."""
BEGINNINGS = (*walk.beginnings(), *walk.beginnings(withholding=True, **EVERYTHING))


class Scene(RuleBasedStateMachine):
    """One call centre."""

    def __init__(self) -> None:
        super().__init__()
        described = directory(feature_codes=walk.CODES, talk_detection=True)
        settings = replace(described.settings, disposition_required=True)
        self.world = World(replace(described, priorities=(GOLD,), settings=settings))

    @initialize(index=st.integers(-3, len(BEGINNINGS) - 1))
    def it_has_come_so_far(self, index: int) -> None:
        """Nobody yet, or one of the situations that calls come to."""
        if index >= 0:
            self.world = walk.fork(BEGINNINGS[index])

    def _snoops(self, leg: str) -> str | None:
        return self.world.asterisk.world.channels[leg].snoops

    def _pairs(self) -> list[tuple[str, str]]:
        """Any two legs that agents talk through."""
        up = [leg.id for leg in self.world.switch.legs.values() if leg.agent is not None and leg.state is LegState.UP]
        here = [leg for leg in up if leg in self.world.asterisk.world.channels and self._snoops(leg) is None]
        return [(one, two) for one in here for two in here if one != two]

    def _agent_of(self, leg: str) -> str | None:
        known = self.world.switch.legs.get(leg)
        return known.agent if known is not None else None

    def _call(self, index: int) -> str:
        calls = list(self.world.switch.calls)
        return calls[index % len(calls)]

    def _channel(self, index: int) -> str:
        channels = list(self.world.asterisk.world.channels)
        return channels[index % len(channels)]
