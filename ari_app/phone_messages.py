"""Which messages an agent may hear at their phone: from the store, as far as their files are at its own Asterisk."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from ari_app.api.messages import Kept, Known, all_kept
from ari_app.calls.effects import ListMessages
from ari_app.calls.model import MessageToHear
from ari_app.calls.stimuli import MessagesListed
from ari_app.errors import Unavailable

log = structlog.get_logger(__name__)

MOST = 99
"""Messages that are offered to a phone; of more those that nobody has heard, the newest of them."""


class Files(Protocol):
    """See `ari.stored_recordings`."""

    async def has(self, file: str) -> bool:
        """Raises: Unavailable."""


class PhoneMessages:
    """`feed` takes the answers; `zone` names the call centre's time zone."""

    def __init__(
        self, store: Kept, files: Files, zone: Callable[[], str], feed: Callable[[MessagesListed], None]
    ) -> None:
        self._store = store
        self._files = files
        self._zone = zone
        self._feed = feed

    async def answer(self, effect: ListMessages) -> None:
        """MessagesListed follows, whatever happens."""
        try:
            found = await self._found(effect.boxes)
        except Exception as error:
            self._feed(MessagesListed(effect.call, None))
            if not isinstance(error, Unavailable):
                raise
            log.warning("messages_not_listed", call_id=effect.call, reason=error.detail)
        else:
            self._feed(MessagesListed(effect.call, found))

    async def _found(self, boxes: Sequence[str]) -> tuple[MessageToHear, ...]:
        messages = await all_kept(self._store)
        found = [message for message in messages if message.box in boxes and message.state in ("new", "heard")]
        found.sort(key=lambda message: (message.state != "new", -message.begun_at))
        found = found[:MOST]
        here = await asyncio.gather(*(self._files.has(message.file) for message in found))
        zone = ZoneInfo(self._zone())
        return tuple(_to_hear(message, zone) for message, there in zip(found, here, strict=True) if there)


def _to_hear(message: Known, zone: ZoneInfo) -> MessageToHear:
    east = datetime.fromtimestamp(message.begun_at, UTC).astimezone(zone).utcoffset()
    return MessageToHear(
        message.id,
        message.file,
        message.begun_at,
        "" if message.anonymous else message.number,
        east.total_seconds() if east is not None else 0.0,
        message.state == "new",
    )
