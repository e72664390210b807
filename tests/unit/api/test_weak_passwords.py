"""Nobody may choose a password that is tried first."""

import pytest

from ari_app.api.passwords import weakness
from ari_app.routing.directory import Agent
from tests.unit.api.fakes import World

ALICE = Agent("alice", "Alice Martin", "1001")


@pytest.mark.parametrize(
    "password",
    [
        "alice1234", "AliceMartin", "martin-alice", "1001alice", "password", "Password123!", "P@ssw0rd1", "motdepasse1",
        "12345678", "987654321", "qwertzui", "azertyuiop1", "11111111", "abababab", "iloveyou", "welcome2026",
        "letmein!!", "abcdefgh", "alice-password", "call-control", "MARTIN!!",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused(password: str) -> None:
    assert weakness(password, ALICE) is not None


@pytest.mark.parametrize(
    "password", ["correct horse battery", "a new and longer one", "and yet another", "Tr8nq!vz", "passworte sind blau"]
)
def test_what_is_long_or_made_by_a_machine_is_taken(password: str) -> None:
    assert weakness(password, ALICE) is None


async def test_the_reason_is_said_and_nothing_is_changed(world: World, alice: str) -> None:
    body = {"current_password": "alice-demo", "new_password": "alice1234"}
    answer = await world.ask("PUT", "/v1/me/password", token=alice, json=body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"] == [
        {"field": "new_password", "message": "must not be made of your own name or number"}
    ]
    assert await world.store.password("alice") is None
