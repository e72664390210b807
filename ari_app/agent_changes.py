"""What follows where an agent's state has changed: desktops see it, lamps show it, waiting calls go on."""

from collections.abc import Callable

import structlog

from ari_app.api.call_metrics import CallMetrics
from ari_app.api.events import EventHub
from ari_app.api.live import Board
from ari_app.api.notices import Notices
from ari_app.ari.lamps import Lamps, lamp_of
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentChanged, AgentRecord, AgentState, Change, CountChanged, Resync
from ari_app.calls.stimuli import AgentBecameAvailable, AgentLoggedIn, AgentLoggedOut, Stimulus
from ari_app.engine.followed import Followed
from ari_app.routing.directory import Directory
from ari_app.routing.targets import TargetType

log = structlog.get_logger(__name__)


def numbers_with_lamps(directory: Directory) -> dict[str, str]:
    """What is dialled inside, each with the agent, or the target, that it reaches: whose lamp is that of the number."""
    found = directory.numbers.items()
    return {number: target.id if target.type is TargetType.AGENT else str(target) for number, target in found}


class AgentsShown:
    """What desktops see of it. Called with each change that the mirror has taken in."""

    def __init__(self, hub: EventHub, board: Board, metrics: CallMetrics) -> None:
        self._hub = hub
        self._board = board
        self._metrics = metrics

    def __call__(self, change: Change) -> None:
        match change:
            case AgentChanged():
                self._hub.agent_changed(change.record)
                self._board.agent_changed(change.record.agent)
                self._metrics.agent_changed(change.record)
            case CountChanged():
                self._hub.target_changed(change.target, change.available, change.as_of)
            case Resync():
                self._board.recount()
            case _:
                pass


class AgentsFollowed:
    """What is recorded of it, by the controller that leads the first Asterisk. Called in the same way."""

    def __init__(self, followed: Followed, mirror: Mirror, clock: Callable[[], float]) -> None:
        self._followed = followed
        self._mirror = mirror
        self._clock = clock

    def __call__(self, change: Change) -> None:
        match change:
            case AgentChanged():
                self._followed.agent_changed(change.record)
            case Resync():
                self._followed.agents_are(self._mirror.records, self._clock())
            case _:
                pass


class AgentsNoticed:
    """What receivers of webhooks are notified of it, in the same way."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def __call__(self, change: Change) -> None:
        match change:
            case AgentChanged():
                self._notices.agent_changed(change.record)
            case Resync():
                self._notices.agents_read_again()
            case _:
                pass


class AgentChanges:
    """What lamps show, and calls make of it, at one Asterisk. Called with each change that the mirror has taken in."""

    def __init__(self, lamps: Lamps, mirror: Mirror, feed: Callable[[Stimulus], None]) -> None:
        self._lamps = lamps
        self._mirror = mirror
        self._feed = feed
        self._logged_out: set[str] = set()

    def __call__(self, change: Change) -> None:
        match change:
            case AgentChanged():
                self._show_lamp(change.record)
                self._feed_calls(change.record, became_available=change.became_available)
            case CountChanged():
                pass
            case Resync():
                for record in self._mirror.records.values():
                    self._show_lamp(record)
                    self._feed_calls(record, became_available=record.available)
            case _:
                log.warning("store_lost")

    def _feed_calls(self, record: AgentRecord, *, became_available: bool) -> None:
        if became_available:
            self._feed(AgentBecameAvailable(record.agent))
        out = record.choice is AgentState.LOGGED_OUT
        if out is not (record.agent in self._logged_out):
            self._logged_out ^= {record.agent}
            self._feed(AgentLoggedOut(record.agent) if out else AgentLoggedIn(record.agent))

    def _show_lamp(self, record: AgentRecord) -> None:
        lamp = lamp_of(record.state.value, reachable=record.reachable, in_use=record.in_use)
        self._lamps.show(record.agent, lamp)
