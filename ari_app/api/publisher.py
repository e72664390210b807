"""Numbers events and sends them: the streams of all agents, and the windows that read them.

It never waits for anybody: what a window can't take yet waits in `windows` (calls, the agent's own state, errors) or,
the newest value only, in `fanout` (targets; agents and queues that are overseen).

Every window begins a stream of its own (`streams`), whose numbers begin at the time in microseconds and at
least `SPAN` after those of the agent's last stream, and after the one that the client says it knows: an earlier
incarnation may have got ahead of the time. So they grow over restarts, a number belongs to one stream, and one of an
earlier incarnation is recognised as too old. A window that resumes `?since=n` goes on with the stream that has n:
with its numbers, its subscription, and what changed meanwhile. Events are kept for that (`recent`), but a value of
`fanout` gets its number only when a window takes it. Many changes of one target while a client is slow, or gone, are
one event in the end, and leave no gap; and they push nothing out that can't be sent anew.

It must not know what an event says.
"""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache, partial
from itertools import takewhile

from ari_app.api.fanout import Fanout
from ari_app.api.metrics import Metrics
from ari_app.api.streams import SPAN, Stream, Viewer
from ari_app.api.windows import GOING_AWAY, RESTART, SESSION_ENDED, TOO_SLOW, News, Window
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.views import timestamp

# Streams of one agent that are kept for windows which may come back, beside those that are read.
ALONE = 4
# The largest number that a client may say it knows: what follows it is still a whole number in JavaScript.
LARGEST = 2**52


class Publisher:
    """All streams. `recent` events are kept for resuming, for `keep` seconds after the last window left.

    `queue`: events that may wait for one window.
    """

    def __init__(
        self,
        metrics: Metrics,
        fanout: Fanout,
        *,
        recent: int,
        queue: int,
        keep: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.overseers: set[str] = set()
        self._metrics = metrics
        self._fanout = fanout
        self._recent = recent
        self._queue = queue
        self._keep = keep
        self._clock = clock
        self._viewers: dict[str, Viewer] = {}
        self._streams: dict[Window, Stream] = {}
        self._alone: dict[Stream, float] = {}  # without a window since then, oldest first

    # -- who has streams ----------------------------------------------------------------------------------------------

    def viewer(self, agent: str) -> Viewer | None:
        """The agent, if they have a stream."""
        self._prune()
        return self._viewers.get(agent)

    def viewers(self) -> list[Viewer]:
        """All who have a stream."""
        return list(self._viewers.values())

    def live(self, agents: Iterable[str]) -> list[Viewer]:
        """Those of these agents who have a stream, by id."""
        self._prune()
        return [viewer for agent in sorted(agents) if (viewer := self._viewers.get(agent)) is not None]

    def windows_of(self, agent: str) -> int:
        """How many windows the agent has open."""
        viewer = self._viewers.get(agent)
        return sum(len(stream.windows) for stream in viewer.streams) if viewer is not None else 0

    def overseeing(self, but: str | None = None) -> list[Stream]:
        """The streams of all who oversee, but of this agent."""
        return [stream for viewer in self.live(self.overseers - {but}) for stream in viewer.streams]

    def add(self, viewer: Viewer) -> Viewer:
        """An agent whose first window is about to open."""
        self._viewers[viewer.agent] = viewer
        if viewer.role in OVERSEERS:
            self.overseers.add(viewer.agent)
        return viewer

    def end(self, viewer: Viewer, code: int, reason: str) -> None:
        """Close all that the agent has open, and keep nothing to resume."""
        for stream in tuple(viewer.streams):
            self._close(stream.windows, code, reason)
            self._forget(stream)

    # -- windows ------------------------------------------------------------------------------------------------------

    def open(self, viewer: Viewer, digest: str, since: int | None) -> tuple[Window, Stream, bool]:
        """A new window, its stream, and whether it resumes after event `since`: those that follow wait in it then."""
        stream = next((s for s in viewer.streams if since is not None and s.has(since)), None)
        resumed = stream is not None
        if stream is None:
            known = since if since is not None and since <= LARGEST else 0
            viewer.begin = max(int(self._clock() * 1e6), viewer.begin + SPAN, known + SPAN)
            stream = Stream(viewer, viewer.begin, viewer.begin, deque(maxlen=self._recent))
            viewer.streams.append(stream)
            self._fanout.add(stream)
        window = Window(viewer.agent, digest, self._queue, partial(self._fanout.drained, stream))
        if since is not None and resumed:
            window.put(since + 1, stream.after(since))
        self._streams[window] = stream
        self._metrics.windows.inc()
        stream.windows.add(window)
        self._alone.pop(stream, None)
        return window, stream, resumed

    def stream(self, window: Window) -> Stream | None:
        """What the window reads; None once it has ended."""
        return self._streams.get(window)

    def closed(self, window: Window) -> None:
        """The window's connection is gone."""
        window.close(GOING_AWAY, "")
        self._metrics.windows.dec()
        if window.closed is not None and window.closed[0] == TOO_SLOW:
            self._metrics.slow_windows.inc()
        stream = self._streams.pop(window, None)
        if stream is None:
            return
        stream.windows.discard(window)
        if not stream.windows and stream in stream.viewer.streams:
            self._alone[stream] = self._clock()
            alone = [s for s in stream.viewer.streams if not s.windows]
            for old in sorted(alone, key=lambda s: self._alone[s])[:-ALONE]:
                self._forget(old)

    def sessions(self) -> Collection[str]:
        """The sessions that have a window, each by the digest of its token."""
        return {window.digest for window in self._streams}

    def end_session(self, digest: str) -> None:
        """Close the windows that were opened with this token."""
        self._close((w for w in self._streams if w.digest == digest), SESSION_ENDED, "logged out")

    def close_all(self) -> None:
        """The server stops."""
        self._close(self._streams, GOING_AWAY, "the server stops")

    # -- events -------------------------------------------------------------------------------------------------------

    def publish(self, viewer: Viewer, kind: str, rest: str) -> None:
        """An event for all windows of the agent. `rest` is JSON: its fields, without braces."""
        news = [News(kind, self.now(), rest)]
        for stream in tuple(viewer.streams):
            self.number(stream, news)

    def number(self, stream: Stream, news: Sequence[News]) -> None:
        """Events for one stream: they get its next numbers."""
        first = stream.seq + 1
        stream.seq += len(news)
        stream.recent.extend(news)
        self._metrics.events += len(news)
        for window in stream.windows:
            window.put(first, news)
        if stream.seq >= stream.begin + SPAN:  # the next number may be another stream's
            self._close(stream.windows, RESTART, "begin anew")
            self._forget(stream)

    def now(self) -> str:
        """The time that stands in events."""
        return stamp(self._clock())

    # -- inside -------------------------------------------------------------------------------------------------------

    def _prune(self) -> None:
        """Forget the streams that nobody may read any more."""
        limit = self._clock() - self._keep
        for stream in [s for s, since in takewhile(lambda alone: alone[1] < limit, self._alone.items())]:
            self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        viewer = stream.viewer
        self._alone.pop(stream, None)
        self._fanout.remove(stream)
        stream.changed.clear()
        viewer.streams.remove(stream)
        if not viewer.streams and self._viewers.get(viewer.agent) is viewer:
            del self._viewers[viewer.agent]
            self.overseers.discard(viewer.agent)

    def _close(self, windows: Iterable[Window], code: int, reason: str) -> None:
        for window in tuple(windows):
            window.close(code, reason)


def stamp(seconds: float) -> str:
    """A time, in seconds since the epoch, as events have it."""
    return _stamp(round(seconds * 1000))


@lru_cache(64)
def _stamp(milliseconds: int) -> str:
    """Made once a millisecond: a thousand windows are notified in some."""
    return timestamp(milliseconds / 1000) or ""
