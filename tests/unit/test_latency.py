"""What the browser's trace says of keys and clicks is read as it is meant."""

from __future__ import annotations

from tests.desk.latency import SHOWN, until_shown
from tests.desk.stage import Json


def noted(name: str, phase: str, at: int, which: str, kind: str = "") -> Json:
    """As in a trace: microseconds; a key and a click may have the same number in two processes."""
    latency = {"event_latency": {"event_type": kind}} if kind else {}
    return {"name": name, "ph": phase, "ts": at, "pid": 7, "id2": {"local": which}, "args": latency}


def shown(which: str, began: int, ended: int, kind: str) -> list[Json]:
    """One that is on a picture."""
    return [
        noted("EventLatency", "b", began, which, kind),
        noted(SHOWN, "b", ended - 1, which),
        noted(SHOWN, "e", ended, which),
        noted("EventLatency", "e", ended, which),
    ]


def test_presses_that_are_on_a_picture_count_each_with_its_time() -> None:
    events = [*shown("0x1", 1000, 17_500, "KEY_PRESSED"), *shown("0x2", 2000, 34_000, "MOUSE_RELEASED")]
    assert until_shown([*events[::-1], {"name": "else", "ph": "X", "ts": 1}]) == [16.5, 32.0]


def test_what_is_on_no_picture_or_no_press_counts_nothing() -> None:
    unseen = [noted("EventLatency", "b", 1000, "0x1", "KEY_PRESSED"), noted("EventLatency", "e", 1200, "0x1")]
    again = shown("0x1", 3000, 4000, "KEY_PRESSED")
    begun_before = [noted("EventLatency", "e", 500, "0x9")]
    assert until_shown([*begun_before, *unseen, *again, *shown("0x2", 1, 9000, "MOUSE_MOVED_EVENT")]) == [1.0]
