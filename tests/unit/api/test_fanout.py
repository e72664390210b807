"""Values on their way to many streams: each has the newest in the end, whatever changes meanwhile."""

from collections import deque
from collections.abc import Callable

import pytest

from ari_app.api import fanout
from ari_app.api.fanout import LOOK, Fanout
from ari_app.api.streams import Selection, Stream, Subscription, Value, Viewer
from ari_app.api.windows import Outgoing, Window
from ari_app.routing.directory import Directory, Role
from ari_app.routing.targets import parse_target

SUPPORT, SALES = parse_target("group:support"), parse_target("group:sales")
CROWD = 5 * LOOK


class Loop:
    """Slices are done when they are let, and each is over after its first look at the clock."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}
        self.deferred: list[Callable[[], None]] = []
        self.outgoing = Outgoing()
        self.sends: Callable[[], None] = lambda: None
        self.fanout = Fanout(self._tell, self.deferred.append, self.outgoing)

    def _tell(self, stream: Stream, values: list[Value]) -> None:
        self.sends()
        self.sent.setdefault(stream.viewer.agent, []).extend(value.rest for value in values)

    def slice(self) -> None:
        self.deferred.pop(0)()

    def all(self) -> None:
        while self.deferred:
            self.slice()

    def stream(self, number: int, *, ready: bool = True) -> Stream:
        """One that shows `group:support`."""
        stream = Stream(Viewer(f"agent{number}", Role.AGENT), 0, 0, deque(maxlen=9))
        window = Window(stream.viewer.agent, "", 9)
        window._taking = ready
        stream.windows.add(window)
        stream.subscription = Subscription(Selection(), (SUPPORT,), Directory())
        self.fanout.add(stream)
        return stream


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "SLICE", 0.0)


async def test_what_changes_on_its_way_is_sent_to_those_before_it_once_more_and_to_those_behind_it_once() -> None:
    loop = Loop()
    for number in range(CROWD):
        loop.stream(number)
    loop.fanout.changed(SUPPORT, "1")
    loop.slice()
    assert list(loop.sent) == [f"agent{n}" for n in range(LOOK)]
    loop.fanout.changed(SUPPORT, "2")
    loop.slice()
    assert list(loop.sent)[LOOK:] == [f"agent{n}" for n in range(LOOK, 2 * LOOK)], "those behind come first"
    loop.all()
    assert [loop.sent[f"agent{n}"] for n in range(CROWD)] == [["1", "2"]] * LOOK + [["2"]] * (CROWD - LOOK)


async def test_what_never_stands_still_reaches_everybody() -> None:
    loop = Loop()
    for number in range(CROWD):
        loop.stream(number)
    for value in range(3 * CROWD // LOOK):
        loop.fanout.changed(SUPPORT, str(value))
        loop.slice()
    assert len(loop.sent) == CROWD
    loop.all()
    assert {sent[-1] for sent in loop.sent.values()} == {str(3 * CROWD // LOOK - 1)}
    assert all(sent == sorted(set(sent), key=int) for sent in loop.sent.values())


async def test_a_stream_that_is_not_there_when_it_is_come_to_has_it_wait() -> None:
    loop = Loop()
    streams = [loop.stream(number, ready=number != 3) for number in range(CROWD)]
    loop.fanout.changed(SUPPORT, "1")
    loop.all()
    assert len(loop.sent) == CROWD - 1
    (window,) = streams[3].windows
    window._taking = True
    loop.fanout.drained(streams[3])
    assert loop.sent["agent3"] == ["1"]


async def test_whoever_has_others_waiting_is_sent_all_in_order() -> None:
    loop = Loop()
    streams = [loop.stream(number) for number in range(CROWD)]
    loop.fanout.replace_waiting(streams[:1], "day", Value("day.updated", "day"))
    loop.fanout.changed(SUPPORT, "1")
    loop.all()
    assert loop.sent["agent0"] == ["day", "1"]


async def test_who_shows_something_else_meanwhile_is_not_notified_of_what_they_showed() -> None:
    loop = Loop()
    streams = [loop.stream(number) for number in range(CROWD)]
    last = streams[-1]
    loop.fanout.changed(SUPPORT, "1")
    loop.fanout.replace_waiting(streams, "queue", Value("queue.updated", "queue"))
    loop.slice()
    loop.fanout.remove(last)
    last.subscription = Subscription(Selection(), (SALES,), Directory())
    loop.fanout.add(last)
    loop.fanout.changed(SALES, "2")
    loop.fanout.changed(SUPPORT, "3")
    loop.all()
    assert sorted(loop.sent[last.viewer.agent]) == ["2", "queue"]
    others = [loop.sent[stream.viewer.agent] for stream in streams[:-1]]
    assert {tuple(sent) for sent in others} == {("1", "3", "queue"), ("3", "queue")}
    assert not loop.fanout._rounds


def test_frames_are_written_in_their_order_when_all_of_them_are_made() -> None:
    outgoing, written = Outgoing(), list[bytes]()
    outgoing.send(written.append, b"1")
    outgoing.hold()
    outgoing.send(written.append, b"2")
    outgoing.send(written.append, b"3")
    assert written == [b"1"]
    outgoing.release()
    outgoing.send(written.append, b"4")
    assert written == [b"1", b"2", b"3", b"4"]


async def test_nothing_is_held_when_a_slice_is_over() -> None:
    loop = Loop()
    loop.stream(1)
    written: list[bytes] = []
    loop.sends = lambda: loop.outgoing.send(written.append, b"frame")
    loop.fanout.changed(SUPPORT, "1")
    loop.slice()
    assert written == [b"frame"]
