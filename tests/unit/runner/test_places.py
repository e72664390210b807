"""Addresses for the call centres that are tested: each has one of its own."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.runner.places import choose, is_free


def anywhere(_: str) -> bool:
    """Nobody listens."""
    return True


def test_each_gets_another_and_what_is_left_is_taken_again(tmp_path: Path) -> None:
    first, second = choose(tmp_path, free=anywhere), choose(tmp_path, free=anywhere)
    assert (first.project, first.address, first.carrier) == ("cctest-64", "127.0.64.1", "127.0.64.2:5080")
    assert second.address == "127.0.65.1"
    first.leave()
    third = choose(tmp_path, free=anywhere)
    assert third.address == "127.0.64.1"
    second.leave()
    third.leave()
    assert list(tmp_path.iterdir()) == []


def test_an_address_at_which_somebody_listens_is_passed_over(tmp_path: Path) -> None:
    place = choose(tmp_path, free=lambda address: address != "127.0.64.1")
    assert place.address == "127.0.65.1"
    place.leave()


def test_there_is_an_end_to_them(tmp_path: Path) -> None:
    only = choose(tmp_path, [64], anywhere)
    with pytest.raises(LookupError, match="no free address"):
        choose(tmp_path, [64], anywhere)
    only.leave()


def test_a_lock_that_may_not_be_opened_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "callcontrol-test-64.lock").mkdir()
    place = choose(tmp_path, free=anywhere)
    assert place.number == 65
    place.leave()


def test_a_lock_that_its_owner_removes_at_that_moment_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def too_late(file: Path, flags: int, mode: int) -> int:
        lock = opened(file, flags, mode)
        if file.name.endswith("-64.lock"):
            file.unlink()
        return lock

    monkeypatch.setattr(os, "open", too_late)
    place = choose(tmp_path, free=anywhere)
    assert place.number == 65
    place.leave()


@pytest.mark.parametrize(("kind", "port"), [(socket.SOCK_STREAM, 6379), (socket.SOCK_DGRAM, 5060)])
def test_it_is_seen_where_somebody_listens(kind: socket.SocketKind, port: int) -> None:
    address = "127.0.99.1"
    assert is_free(address)
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((address, port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        assert not is_free(address)
    assert is_free(address)
