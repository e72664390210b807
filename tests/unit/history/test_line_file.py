"""Files of lines: each fact is added once, also by who was ended in between, and where the file was rotated."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from ari_app.errors import HistoryUnavailable
from ari_app.history import sinks
from ari_app.history.database import Database
from ari_app.history.sinks import LineFile, json_lines
from ari_app.store.port import KeptFact


def page(*numbers: int) -> list[tuple[str, KeptFact]]:
    return [(f"17000000000-{n}", KeptFact(f"call:c{n}", "call", b'{"id": "c%d"}' % n)) for n in numbers]


def keys(kept: KeptFact) -> Sequence[str]:
    return [kept.key]


def words(path: Path, *, whole: bool = False) -> list[str]:
    text = path.read_text()
    return text.splitlines() if whole else text.split()


def rotate(path: Path) -> None:
    path.rename(path.with_suffix(".1"))


def note_as_before(path: Path) -> None:
    place = path.with_name(f"{path.name}.place")
    place.write_text(json.dumps({k: v for k, v in json.loads(place.read_text()).items() if k != "lately"}))


def lose_place(path: Path) -> None:
    path.with_name(f"{path.name}.place").write_text("{")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.log"


async def test_each_is_added_once_whoever_reads_the_stream_anew(path: Path) -> None:
    file = LineFile("log", path, keys)
    await file.write(page(1, 2))
    await file.write(page(1, 2, 3))
    again = LineFile("log", path, keys)
    await again.write(page(1, 2, 3))
    await again.write(page(9, 10))  # by number, not by letter
    assert words(path) == ["call:c1", "call:c2", "call:c3", "call:c9", "call:c10"]


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def make_readable(path: Path) -> None:
    path.touch()
    path.chmod(0o644)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
async def test_nobody_else_on_the_machine_reads_what_it_tells_of_people(path: Path) -> None:
    file = LineFile("log", path, keys)
    await file.write(page(1))
    rotate(path)
    await file.write(page(2))
    database = Database(f"sqlite:///{path.parent}/history.db")
    await database.migrate()
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE x (y INTEGER)"))
        found = modes(path.parent)
    await database.close()
    assert found.keys() >= {"history.log", "history.1", "history.db", "history.db-wal"}
    assert {name for name, mode in found.items() if mode & 0o007} <= {"history.log.place"}


async def test_who_has_their_files_readable_keeps_them_so(path: Path) -> None:
    make_readable(path)
    await LineFile("log", path, keys).write(page(1))
    assert modes(path.parent)["history.log"] == 0o644


async def test_whoever_was_ended_before_noting_its_place_writes_nothing_twice(path: Path) -> None:
    await LineFile("log", path, keys).write(page(1))
    with path.open("a") as half:
        half.write("call:c2\ncall:c")
    await LineFile("log", path, keys).write(page(1, 2, 3))
    assert words(path) == ["call:c1", "call:c2", "call:c3"]


async def test_a_file_that_was_rotated_is_begun_anew(path: Path) -> None:
    file = LineFile("log", path, keys)
    await file.write(page(1, 2))
    rotate(path)
    await file.write(page(3))
    await LineFile("log", path, keys).write(page(1, 2, 3, 4))
    assert words(path) == ["call:c3", "call:c4"]


async def test_without_its_place_it_begins_with_what_the_stream_has(path: Path) -> None:
    await LineFile("log", path, keys).write(page(1))
    lose_place(path)
    await LineFile("log", path, keys).write(page(1, 2))
    assert words(path) == ["call:c1", "call:c1", "call:c2"]


def again(*numbers: int, at: int) -> list[tuple[str, KeptFact]]:
    """The stream has these once more, from there on: nobody knew whether Redis had them already."""
    return [(f"17000000000-{at + n}", kept) for n, (_, kept) in enumerate(page(*numbers))]


async def test_what_the_stream_has_twice_is_in_the_file_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "LATELY", 3)
    file = LineFile("log", path, keys)
    await file.write([*page(1, 2), *again(1, 3, at=10)])
    await file.write(again(2, 4, at=20))
    await LineFile("log", path, keys).write(again(3, 5, 5, at=30))
    assert words(path) == ["call:c1", "call:c2", "call:c3", "call:c4", "call:c5"]
    assert len(json.loads(path.with_name("history.log.place").read_text())["lately"]) == 3


async def test_a_place_that_an_earlier_version_has_noted_counts(path: Path) -> None:
    await LineFile("log", path, keys).write(page(1))
    note_as_before(path)
    await LineFile("log", path, keys).write(page(1, 2))
    assert words(path) == ["call:c1", "call:c2"]


async def test_a_file_that_cannot_be_written_is_to_be_tried_again(tmp_path: Path) -> None:
    file = LineFile("log", tmp_path / "nowhere" / "history.log", keys)
    with pytest.raises(HistoryUnavailable):
        await file.write(page(1))
    (tmp_path / "nowhere").mkdir()
    await file.write(page(1))
    assert words(tmp_path / "nowhere" / "history.log") == ["call:c1"]


async def test_a_line_of_json_says_which_fact_it_is(path: Path) -> None:
    await LineFile("json", path, json_lines).write(page(7))
    assert json.loads(words(path, whole=True)[0]) == {"key": "call:c7", "kind": "call", "fact": {"id": "c7"}}
