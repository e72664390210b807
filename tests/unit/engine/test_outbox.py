"""Facts wait here for the store: none is lost while there is room, and what is lost is counted."""

import pytest
from structlog.testing import capture_logs

from ari_app.engine import outbox
from ari_app.engine.outbox import Outbox
from ari_app.records.model import AgentStateRecord
from ari_app.records.wire import read


def fact(number: int) -> AgentStateRecord:
    return AgentStateRecord("alice", "ready", None, float(number), number + 1.0)


class Waiting:
    """An outbox, what it has lost, and its clock."""

    def __init__(self) -> None:
        self.lost = 0
        self.now = 0.0
        self.outbox = Outbox(self._lost, lambda: self.now)

    def _lost(self, how_many: int) -> None:
        self.lost += how_many

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.outbox.put(fact(number))

    def page(self) -> tuple[list[int], int]:
        facts, up_to = self.outbox.page()
        return [int(read(x.kind, x.data).begun_at) for x in facts], up_to  # type: ignore[union-attr]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    monkeypatch.setattr(outbox, "MOST", 3)
    monkeypatch.setattr(outbox, "PAGE", 2)
    return Waiting()


def test_what_the_store_has_goes_and_what_came_meanwhile_stays(small: Waiting) -> None:
    small.put(1)
    facts, up_to = small.page()
    small.put(2)
    small.outbox.kept(up_to, 0)
    assert facts == [1]
    assert small.page()[0] == [2]
    assert small.lost == 0


def test_no_more_than_a_page_is_added_at_once(small: Waiting) -> None:
    small.put(1, 2, 3)
    assert small.page()[0] == [1, 2]
    assert len(small.outbox) == 3


def test_where_there_is_no_room_the_oldest_are_lost_also_while_they_are_being_written(small: Waiting) -> None:
    small.put(1, 2, 3)
    _, up_to = small.page()
    with capture_logs() as logs:
        small.put(4, 5)
    assert [x["event"] for x in logs] == ["facts_lost"]  # once
    assert logs[0]["where"] == "memory"
    small.outbox.kept(up_to, 0)  # 1 and 2, which are lost here, were written all the same
    assert small.page()[0] == [3, 4]
    assert small.lost == 2


def test_what_the_stream_has_no_room_for_is_lost_too(small: Waiting) -> None:
    small.put(1)
    with capture_logs() as logs:
        small.outbox.kept(small.page()[1], 7)
    assert (small.lost, logs[0]["where"], logs[0]["lost"]) == (7, "stream", 7)


def test_another_primary_gets_once_more_what_was_written_last(small: Waiting) -> None:
    small.put(1)
    small.outbox.kept(small.page()[1], 0)
    small.now += outbox.AGAIN_WITHIN + 1
    small.put(2)
    small.outbox.kept(small.page()[1], 0)
    _, up_to = small.page()
    small.put(3)
    small.outbox.again()
    small.outbox.kept(up_to, 0)
    assert small.page()[0] == [3, 2]


def test_what_was_written_long_ago_is_not_written_again(small: Waiting) -> None:
    small.put(1)
    small.outbox.kept(small.page()[1], 0)
    small.now += outbox.AGAIN_WITHIN + 1
    small.outbox.again()
    assert len(small.outbox) == 0
