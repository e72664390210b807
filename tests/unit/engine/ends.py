"""An engine whose outlets end in memory."""

import asyncio
from collections.abc import Callable

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call
from ari_app.calls.switch import Switch
from ari_app.engine.engine import Engine
from ari_app.testing.asterisk import FakeAsterisk
from tests.support.callcentre import directory


class Ends:
    """All outlets: Asterisk in memory, and an agent for every reservation."""

    def __init__(self) -> None:
        self.asterisks = FakeAsterisk("cc-")
        self.requested: list[e.AvailabilityEffect] = []
        self.changes: list[tuple[Call | None, Call]] = []
        self.legs: list[e.LegChanged] = []
        self.talks: list[Call] = []
        self.chosen: list[tuple[str, str]] = []
        self.alarms: list[str] = []
        self.failed: list[e.OperationFailed] = []
        self.turned_away: list[e.ArrivalRefused] = []
        self.emergencies: list[e.EmergencyDialled] = []
        self.refused_messages: list[e.MessageRefused] = []
        self.feed: Callable[[s.Stimulus], None] = lambda fact: None
        self.deaf = False
        self.openings: list[e.OpeningChosen] = []
        self.doubts = 0
        self.changed = asyncio.Event()

    def asterisk(self, effect: e.AsteriskEffect) -> None:
        assert isinstance(effect, e.OnAsterisk)
        self.asterisks.execute(effect)
        if not self.deaf:
            self.pump()

    def pump(self) -> None:
        for fact in self.asterisks.deliver_all():
            self.feed(fact)

    def availability(self, effect: e.AvailabilityEffect) -> None:
        self.requested.append(effect)
        if isinstance(effect, e.ReserveAgent):
            self.feed(s.AgentReserved(effect.request, "bob"))

    def call_changed(self, change: e.CallChanged) -> None:
        self.changes.append((change.before, change.call))
        self.changed.set()

    def talk_changed(self, call: Call) -> None:
        self.talks.append(call)

    def leg_changed(self, effect: e.LegChanged) -> None:
        self.legs.append(effect)

    def opening_chosen(self, effect: e.OpeningChosen) -> None:
        self.openings.append(effect)

    def list_messages(self, effect: e.ListMessages) -> None:
        self.feed(s.MessagesListed(effect.call, None))

    def check_outcome(self, effect: e.CheckOutcome) -> None:
        self.feed(s.OutcomeChecked(effect.leg, effect.agent, effect.feature, missing=False))

    def caller_id_chosen(self, agent: str, caller_id: str) -> None:
        self.chosen.append((agent, caller_id))

    def call_alarm(self, effect: e.CallAlarm) -> None:
        self.alarms.append(effect.call.id)

    def operation_failed(self, effect: e.OperationFailed) -> None:
        self.failed.append(effect)

    def emergency_dialled(self, effect: e.EmergencyDialled) -> None:
        self.emergencies.append(effect)

    def arrival_refused(self, effect: e.ArrivalRefused) -> None:
        self.turned_away.append(effect)

    def message_refused(self, effect: e.MessageRefused) -> None:
        self.refused_messages.append(effect)

    def beat(self, late: float) -> None:
        pass

    def stood_still(self) -> None:
        self.doubts += 1


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def started() -> tuple[Engine, Ends, Clock]:
    ends, clock = Ends(), Clock()
    engine = Engine(Switch(directory(), "cc-1"), ends, clock)
    ends.feed = engine.feed
    ends.asterisks.restore_link()
    ends.pump()
    await turn()
    return engine, ends, clock


async def turn(times: int = 20) -> None:
    """Let the loop go round: what was fed is handled, and what came of it."""
    for _ in range(times):
        turned = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turned.set_result, None)
        await turned
