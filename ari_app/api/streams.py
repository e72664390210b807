"""A stream of numbered events, and the subscription that says which targets it has. Values; `publisher` fills them.

Each window begins a stream of its own; one that resumes goes on with that of the window which was lost. All streams of
an agent have their own numbers, so that a number alone says which stream is meant.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from ari_app.api.windows import News, Window
from ari_app.calls.hearing import Ear
from ari_app.calls.model import CallId
from ari_app.routing.directory import Directory, Role
from ari_app.routing.targets import Target

# Numbers that one stream has. A stream begins at the time in microseconds, or this far after the agent's last one.
SPAN = 2**26


@dataclass(slots=True, eq=False)
class Value:
    """How something is now: an event of this kind, with the JSON `rest`.

    `target` is what `target.updated` tells of, which subscriptions are about. `news` is the event as it was last sent,
    for the many streams that send it in the same moment.
    """

    kind: str
    rest: str
    target: Target | None = None
    news: News | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a window shows: these targets, or what this search finds."""

    targets: tuple[str, ...] | None = None
    q: str = ""
    types: tuple[str, ...] = ()
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Subscription:
    """What was selected, and the targets that it came to in this directory, in order."""

    selection: Selection
    targets: tuple[Target, ...]
    directory: Directory


@dataclass(slots=True, eq=False)
class Viewer:
    """All streams of one agent, and what was sent of each call last."""

    agent: str
    role: Role
    streams: list["Stream"] = field(default_factory=list)
    sent: dict[CallId, str] = field(default_factory=dict)
    sent_offers: dict[CallId, str] = field(default_factory=dict)
    sent_hearing: dict[CallId, tuple[Ear, ...]] = field(default_factory=dict)
    begin: int = 0


@dataclass(slots=True, eq=False)
class Stream:
    """Numbers after `begin`; `seq` is the last, and that of the last of `recent`.

    `changed` are values that are still to be sent, by what they tell of, oldest first.
    """

    viewer: Viewer
    begin: int
    seq: int
    recent: deque[News]
    windows: set[Window] = field(default_factory=set)
    subscription: Subscription | None = None
    changed: dict[str, Value] = field(default_factory=dict)
    due: bool = False

    def has(self, seq: int) -> bool:
        """Whether `seq` is a number of this stream after which all is still here."""
        return self.seq - len(self.recent) <= seq <= self.seq

    def after(self, seq: int) -> list[News]:
        """What followed `seq`, which it has."""
        return list(islice(self.recent, len(self.recent) - (self.seq - seq), None))
