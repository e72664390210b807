"""Whose phone can ring, as availability gets to know it: not before Asterisk's channels are known."""

from dataclasses import replace

import pytest

from ari_app.calls.stimuli import PhoneReachable, Stimulus
from ari_app.engine.reachability import Reachability
from tests.support.callcentre import directory


class Scene:
    """A call centre whose availability and machine keep what reaches them."""

    def __init__(self) -> None:
        self.directory = directory()
        self.facts: list[Stimulus] = []
        self.booked: list[tuple[str, bool | None, bool]] = []
        self.reachability = Reachability(lambda: self.directory, self.facts.append, self._book)

    def _book(self, agent: str, reachable: bool | None, *, in_use: bool) -> None:
        self.booked.append((agent, reachable, in_use))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_phone_is_known_to_the_machine_at_once_and_to_availability_after_reconciliation(scene: Scene) -> None:
    scene.reachability.registered("1001", True)
    scene.reachability.registered("1002", False)
    assert scene.facts == [PhoneReachable("1001", True), PhoneReachable("1002", False)]
    assert scene.booked == []
    scene.reachability.reconciled()
    assert scene.booked == [("alice", True, False), ("bob", False, False)]
    scene.reachability.reconciled()  # at every connection to Asterisk
    assert len(scene.booked) == 2


def test_a_phone_that_is_in_use_cannot_ring_until_it_is_free(scene: Scene) -> None:
    scene.reachability.reconciled()
    scene.reachability.registered("1001", True)
    scene.reachability.in_use("1001", True)
    scene.reachability.in_use("1001", False)
    assert scene.booked == [("alice", True, False), ("alice", False, True), ("alice", True, False)]


def test_a_phone_that_is_not_there_is_not_in_use_and_one_of_which_nothing_is_known_is_not_reported(
    scene: Scene,
) -> None:
    scene.reachability.reconciled()
    scene.reachability.in_use("1001", True)
    scene.reachability.registered("1001", False)
    assert scene.booked == [("alice", False, False)]


def test_a_phone_of_nobody_is_reported_once_an_agent_has_it(scene: Scene) -> None:
    scene.reachability.reconciled()
    scene.reachability.registered("1999", True)
    assert scene.booked == []
    alice = replace(scene.directory.agents["alice"], phone="1999")
    scene.directory = replace(scene.directory, agents={"alice": alice})
    scene.reachability.report()
    assert scene.booked == [("alice", True, False)]


def test_an_asterisk_that_is_gone_knows_nothing_of_phones_until_it_is_back(scene: Scene) -> None:
    scene.reachability.reconciled()
    scene.reachability.registered("1001", True)
    scene.reachability.registered("1999", True)
    scene.reachability.gone()
    scene.reachability.report()
    assert scene.booked == [("alice", True, False), ("alice", None, False)]
    scene.reachability.registered("1001", False)
    scene.reachability.registered("1001", None)
    assert scene.booked[2:] == [("alice", False, False), ("alice", None, False)]
