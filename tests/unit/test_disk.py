"""No recording is begun where there is no room for it."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ari_app.disk import ROOM, check_room
from ari_app.errors import Refused


def _disk(monkeypatch: pytest.MonkeyPatch, **left: int) -> None:
    found = SimpleNamespace(**{"f_bavail": ROOM, "f_frsize": 1, "f_files": 10, "f_favail": 1, **left})
    monkeypatch.setattr(os, "statvfs", lambda path: found)


async def test_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    _disk(monkeypatch)
    await check_room(Path("/recordings"))


@pytest.mark.parametrize("left", [{"f_bavail": ROOM - 1}, {"f_favail": 0}], ids=["bytes", "files"])
async def test_a_full_disk_is_refused(monkeypatch: pytest.MonkeyPatch, left: dict[str, int]) -> None:
    _disk(monkeypatch, **left)
    with pytest.raises(Refused) as refused:
        await check_room(Path("/recordings"))
    assert refused.value.code == "disk_full"


async def test_a_disk_that_counts_no_files_is_not_full_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    _disk(monkeypatch, f_files=0, f_favail=0)
    await check_room(Path("/recordings"))


@pytest.mark.parametrize("place", [None, Path("/nowhere/at/all")], ids=["not given", "not there"])
async def test_where_nobody_can_look_recordings_are_begun(place: Path | None) -> None:
    await check_room(place)
