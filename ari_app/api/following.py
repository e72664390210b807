"""What of a change each receiver of webhooks is notified of: pure. To a receiver a call is what it is to a window of a
supervisor: created when it first concerns it, then updated, then ended, each once."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from ari_app.webhooks.model import Followed


class Notice(Enum):
    """What it is to a receiver."""

    BEGINS = auto()
    CHANGED = auto()
    OVER = auto()


def follow(
    before: Followed | None, text: str, concerned: Iterable[str], listed: Iterable[str], *, over: bool = False
) -> tuple[Mapping[Notice, tuple[str, ...]], Followed | None]:
    """Who is notified of what of something that is now as `text` says, and what is known then.

    `concerned` are the receivers whom it concerns now, `listed` all that there are. Who has begun to follow something
    follows it to its end, whatever becomes of it: else a transferred call would never end for them.
    """
    followers = tuple(name for name in before.receivers if name in listed) if before is not None else ()
    if over:
        return ({Notice.OVER: followers} if followers else {}), None
    begin = tuple(name for name in concerned if name not in followers)
    said: dict[Notice, tuple[str, ...]] = {}
    if begin:
        said[Notice.BEGINS] = begin
    if followers and before is not None and before.text != text:
        said[Notice.CHANGED] = followers
    known = (*followers, *begin)
    return said, Followed(text, known) if known else None
