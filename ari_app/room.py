"""Whether there is room for messages of callers, as the calls of one Asterisk are to know it."""

from collections.abc import Callable, Mapping

import structlog

from ari_app.api.metrics import Metrics
from ari_app.calls.effects import MessageRefused
from ari_app.calls.model import NO_ROOM, Full
from ari_app.calls.stimuli import MessagesCounted
from ari_app.disk import Disk

log = structlog.get_logger(__name__)


class Room:
    """`feed` gets what has changed of it."""

    def __init__(self, feed: Callable[[MessagesCounted], None], metrics: Metrics) -> None:
        self._feed = feed
        self._metrics = metrics
        self._counts: Mapping[str, int] = {}
        self._takes_messages = True

    def kept(self, counts: Mapping[str, int]) -> None:
        """There are so many messages, as `calls.model.counted` says where; elsewhere there are none."""
        before, self._counts = self._counts, counts
        now = {where: counts.get(where, 0) for where in counts.keys() | before.keys()}
        changed = {where: number for where, number in now.items() if number != before.get(where, 0)}
        if changed:
            self._feed(MessagesCounted(changed))

    def measured(self, disk: Disk) -> None:
        """Of the disk with messages and recordings there is so much."""
        self._metrics.recordings_left.set(disk.left)
        if disk.takes_messages is self._takes_messages:
            return
        self._takes_messages = disk.takes_messages
        self._feed(MessagesCounted({NO_ROOM: int(not disk.takes_messages)}))
        if disk.takes_messages:
            log.info("messages_taken_again", left=disk.left)
        else:
            log.warning("messages_refused", reason=Full.DISK.value, left=disk.left, size=disk.size)

    def refused(self, effect: MessageRefused) -> None:
        """A caller could leave none."""
        log.warning("message_refused", call_id=effect.call, box=effect.box, reason=effect.why.value)
        self._metrics.messages_refused.labels(effect.why.value).inc()
