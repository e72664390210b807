"""No recording is begun where there is no room for it."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ari_app.disk import ROOM, Disk, check_room, keep_looking
from ari_app.errors import Refused


def _disk(monkeypatch: pytest.MonkeyPatch, **left: int) -> None:
    found = SimpleNamespace(**{"f_bavail": ROOM, "f_blocks": ROOM, "f_frsize": 1, "f_files": 10, "f_favail": 1, **left})
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


@pytest.mark.parametrize(("left", "takes"), [(32, True), (31, False)])
def test_messages_end_before_recordings_do(left: int, takes: bool) -> None:
    assert Disk(left * 2**20, 64 * 2**20).takes_messages is takes
    assert not Disk(ROOM, 10 * ROOM * 2).takes_messages


async def test_it_is_looked_at_again_and_again_also_where_the_directory_is_not_seen_for_a_while(tmp_path: Path) -> None:
    place, found = tmp_path / "recordings", asyncio.Event()
    seen: list[Disk] = []

    def measured(disk: Disk) -> None:
        seen.append(disk)
        found.set()

    looking = asyncio.create_task(keep_looking(place, measured, every=0.001))
    await asyncio.sleep(0)
    assert seen == []
    place.mkdir()
    async with asyncio.timeout(5):
        await found.wait()
    looking.cancel()
    assert 0 < seen[0].left <= seen[0].size


async def test_where_no_directory_is_named_nobody_looks() -> None:
    async with asyncio.timeout(5):
        await keep_looking(None, lambda disk: None)
