"""Which of an agent's two phones rings: one stands for the other, and calls know of one alone."""

import pytest

from ari_app.ari.devices import Devices, page_of, user_of


class Bench:
    def __init__(self) -> None:
        self.phones: list[tuple[str, bool | None]] = []
        self.uses: list[tuple[str, bool]] = []
        self.changes: list[str] = []
        self.devices = Devices(
            lambda user, can: self.phones.append((user, can)),
            lambda user, used: self.uses.append((user, used)),
            self.changes.append,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_names_of_the_accounts() -> None:
    assert page_of("1001") == "1001-page"
    assert [user_of(name) for name in ("1001-page", "1001", "carrier")] == ["1001", "1001", "carrier"]


def test_the_desk_phone_rings_until_another_is_chosen(bench: Bench) -> None:
    assert (bench.devices.device("1001"), bench.devices.endpoint("1001")) == ("desk", "1001")
    bench.devices.update("1001", True)
    bench.devices.update("1001-page", False)
    assert bench.phones == [("1001", True)]
    bench.devices.choose("1001", "page")
    assert (bench.devices.device("1001"), bench.devices.endpoint("1001")) == ("page", "1001-page")
    assert bench.phones == [("1001", True), ("1001", False)]
    bench.devices.update("1001-page", True)
    bench.devices.update("1001", False)
    assert bench.phones == [("1001", True), ("1001", False), ("1001", True)]
    assert bench.changes == ["1001"] * 4
    bench.devices.choose("1001", "desk")
    assert bench.phones[-1] == ("1001", False)
    bench.devices.choose("1001", "desk")
    assert len(bench.phones) == 4


def test_a_page_of_which_nothing_was_reported_is_not_there_and_a_desk_phone_may_be(bench: Bench) -> None:
    assert (bench.devices.can_ring("1001"), bench.devices.can_ring("1001-page")) == (None, False)
    bench.devices.choose("1001", "page")
    bench.devices.choose("1001", "desk")
    assert bench.phones == [("1001", False)]


def test_what_was_chosen_before_is_taken_over(bench: Bench) -> None:
    bench.devices.restore({"1001": "page", "1002": "desk"})
    assert [bench.devices.device(user) for user in ("1001", "1002", "1003")] == ["page", "desk", "desk"]
    assert bench.devices.chosen() == {"1001": "page"}


def test_whoever_talks_at_one_phone_is_not_rung_at_the_other(bench: Bench) -> None:
    bench.devices.update_in_use("1001", True)
    bench.devices.update_in_use("1001-page", True)
    bench.devices.update_in_use("1001", False)
    assert (bench.devices.in_use("1001"), bench.devices.in_use("1001-page")) == (False, True)
    bench.devices.update_in_use("1001-page", False)
    assert bench.uses == [("1001", True), ("1001", True), ("1001", True), ("1001", False)]


def test_where_pages_are_not_registered_nobody_knows_whether_one_is_there() -> None:
    phones: list[tuple[str, bool | None]] = []
    devices = Devices(
        lambda user, can_ring: phones.append((user, can_ring)),
        lambda user, in_use: None,
        lambda user: None,
        pages=False,
    )
    devices.update("1001", True)
    devices.choose("1001", "page")
    devices.update("1001", False)
    devices.choose("1001", "desk")
    assert phones == [("1001", True), ("1001", None), ("1001", False)]
