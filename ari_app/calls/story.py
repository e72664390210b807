"""The story of each call: its stimuli and effects, in order, with times. What support reads and errors carry.

A stimulus carries what its step read of the machine's state, as far as the story does not have that already: so that
any stretch of it that begins with a `whole` entry can be run again (see `replay`).

Effects stand in the order in which they were requested. They are sent in another: `engine` has those go last who are to
go.
"""

from collections import OrderedDict, deque
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ari_app.calls.discretion import without_digits
from ari_app.calls.effects import OperationFailed, Refuse
from ari_app.calls.model import CallId
from ari_app.calls.reads import Reads
from ari_app.errors import CallControlError
from ari_app.routing.directory import Directory

_LENGTH = 400
_KEPT = 500
# Stimuli after which all that is read is kept anew: a story that lost its beginning is replayed from there.
_WHOLE_EVERY = 50
# A step that looked at more calls than these is not kept: the story of one call must not hold all others.
_MOST_CALLS = 50
# What changes little from step to step, and is large: kept where it is not what the story knows.
_LARGE = frozenset({"calls", "legs"})

type Table = str
type Found = Mapping[tuple[Table, Hashable], object]


@dataclass(frozen=True, slots=True)
class Before:
    """What a step read (see `Reads`); with `whole` all of it, else what the steps before it do not tell."""

    whole: bool
    prefix: str
    counter: int
    linked: bool
    directory: Directory
    values: Found
    lists: Mapping[tuple[Table, str], tuple[Hashable, ...]]


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """At `at` (seconds since the epoch) this happened (`stimulus`) or was requested (`effect`), without digits.

    `before` is what the stimulus found; None where that was too much to keep.
    """

    at: float
    kind: str
    detail: object
    before: Before | None = field(default=None, repr=False, compare=False)

    @property
    def what(self) -> str:
        return type(self.detail).__name__


class _Story:
    """The entries of one call, and what somebody who has read them knows of calls and legs."""

    def __init__(self) -> None:
        self.entries: deque[StoryEntry] = deque(maxlen=_LENGTH)
        self._known: dict[tuple[Table, Hashable], object] = {}
        self._since_whole = _WHOLE_EVERY

    def before(self, reads: Reads, directory: Directory) -> Before | None:
        if any(len(reads.lists.get((table, ""), ())) > _MOST_CALLS for table in ("calls", "unreached")):
            self._since_whole = _WHOLE_EVERY
            return None
        whole = self._since_whole >= _WHOLE_EVERY
        if whole:
            self._known.clear()
            self._since_whole = 0
        self._since_whole += 1
        news = {key: without_digits(value) for key, value in reads.values.items() if self._is_news(key, value)}
        self._known.update((key, value) for key, value in news.items() if key[0] in _LARGE)
        return Before(whole, reads.prefix, reads.counter, reads.linked, directory, news, dict(reads.lists))

    def _is_news(self, key: tuple[Table, Hashable], value: object) -> bool:
        return key[0] not in _LARGE or key not in self._known or self._known[key] is not value

    def learn(self, results: Found, *, over: bool) -> None:
        """What the step has left behind; a call that is over needs no more."""
        if over:
            self._known.clear()
        else:
            self._known.update(results)


def _kept(effect: object) -> object:
    """An effect with what its error says alone: one that was raised holds on to all that it passed through."""
    match effect:
        case Refuse(error=error) | OperationFailed(error=error):
            return replace(effect, error=CallControlError(error.code, error.detail, error.fields))
        case _:
            return effect


class Stories:
    """Bounded twice: so many entries a call, so many calls. `known` are calls that have a story already."""

    def __init__(self, *known: CallId) -> None:
        self._stories = OrderedDict((call, _Story()) for call in known)

    def add(
        self,
        calls: Mapping[CallId, bool],
        at: float,
        stimulus: object,
        effects: Sequence[object],
        reads: Reads,
        directory: Directory,
        results: Found,
    ) -> None:
        """One step of these calls (each with whether it is over now), with what it read and left of calls and legs."""
        requested = [StoryEntry(at, "effect", without_digits(_kept(effect))) for effect in effects]
        for call, over in calls.items():
            story = self._stories.get(call)
            if story is None:
                story = self._stories[call] = _Story()
                while len(self._stories) > _KEPT:
                    self._stories.popitem(last=False)
            story.entries.append(StoryEntry(at, "stimulus", without_digits(stimulus), story.before(reads, directory)))
            story.entries.extend(requested)
            story.learn(results, over=over)

    def has(self, call: CallId) -> bool:
        """Whether the call has a story, be it over or not."""
        return call in self._stories

    def of(self, call: CallId) -> tuple[StoryEntry, ...] | None:
        """The call's story, oldest first; None for a call nobody remembers."""
        story = self._stories.get(call)
        return None if story is None else tuple(story.entries)

    def forget(self, before: float, up: Container[CallId]) -> None:
        """Forget the stories of calls in which nothing has happened since that time, but of those that are `up`."""
        for call, story in tuple(self._stories.items()):
            if call not in up and story.entries and story.entries[-1].at < before:
                del self._stories[call]

    def calls(self) -> Iterable[CallId]:
        """The calls that have a story."""
        return self._stories.keys()
