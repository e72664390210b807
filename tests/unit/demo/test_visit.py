"""When colleagues of the demonstration hang up by themselves."""

from typing import Any

import pytest

from tests.demo.visit import left_to_themselves

BOTS = ("bob", "carol")


def _call(*parties: tuple[str | None, str], state: str = "established") -> dict[str, Any]:
    return {"state": state, "parties": [{"agent": agent, "state": is_now} for agent, is_now in parties]}


@pytest.mark.parametrize(
    ("call", "left"),
    [
        (_call(("bob", "connected"), ("carol", "connected"), (None, "left"), ("alice", "left")), True),
        (_call(("bob", "held"), ("carol", "connected")), True),
        (_call(("bob", "connected"), (None, "connected")), False),
        (_call(("bob", "connected"), ("alice", "held")), False),
        (_call(("bob", "connected"), ("dave", "connected")), False),  # a real phone
        (_call(("bob", "left"), ("carol", "left"), state="released"), False),
    ],
)
def test_colleagues_hang_up_when_nobody_is_left_but_they(call: dict[str, Any], left: bool) -> None:
    assert left_to_themselves(call, BOTS) is left
