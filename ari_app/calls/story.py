"""The story of each call: its stimuli and effects, in order, with times. What support reads and errors carry."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ari_app.calls.model import CallId

_LENGTH = 400
_KEPT = 500


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """At `at` (seconds since the epoch) this happened (`stimulus`) or was asked for (`effect`)."""

    at: float
    kind: str
    detail: object

    @property
    def what(self) -> str:
        return type(self.detail).__name__


class Stories:
    """Bounded twice: so many entries a call, so many calls."""

    def __init__(self) -> None:
        self._stories: OrderedDict[CallId, deque[StoryEntry]] = OrderedDict()

    def add(self, calls: Iterable[CallId], entries: Sequence[StoryEntry]) -> None:
        for call in calls:
            story = self._stories.get(call)
            if story is None:
                story = self._stories[call] = deque(maxlen=_LENGTH)
                while len(self._stories) > _KEPT:
                    self._stories.popitem(last=False)
            story.extend(entries)

    def of(self, call: CallId) -> tuple[StoryEntry, ...] | None:
        """The call's story, oldest first; None for a call nobody remembers."""
        story = self._stories.get(call)
        return None if story is None else tuple(story)
