"""`ari-app audit`: the record as people and programs read it."""

import json

import pytest

from ari_app.audit.chain import Entry
from ari_app.audit.trail import record
from ari_app.operations.audit import Choice, anchor, moment, shown
from ari_app.testing.audit import MemoryAudit

NOW = 1_800_000_000.0


async def kept() -> MemoryAudit:
    store = MemoryAudit(lambda: NOW)
    for entry in (
        Entry(NOW, "login", "alice", "192.0.2.7"),
        Entry(NOW + 1, "call_begun", "contact", call="c1", agents=("bob",), numbers={"contact": "+33612345678"}),
        Entry(NOW + 2, "get_recording", "erin", details={"of": "c1", "file": "x\x1b[2J"}),
        Entry(NOW + 3, "target_called", "bob", details={"target": "agent:alice"}),
    ):
        await record(store, entry)
    return store


async def read(choice: Choice, *, as_json: bool = False) -> tuple[int, list[str]]:
    written: list[str] = []
    return await shown(await kept(), choice, [], written.append, as_json=as_json), written


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (Choice(), [1, 2, 3, 4]),
        (Choice(agent="alice"), [1, 4]),
        (Choice(agent="bob"), [2, 4]),
        (Choice(number="+33 6 12 34 56 78"), [2]),
        (Choice(number="12345678"), []),
        (Choice(call="c1"), [2, 3]),
        (Choice(what="login"), [1]),
        (Choice(since=NOW + 1, until=NOW + 3), [2, 3]),
    ],
)
async def test_lines_are_chosen_by_who_number_call_kind_and_time(choice: Choice, numbers: list[int]) -> None:
    status, written = await read(choice, as_json=True)
    assert status == 0
    assert [json.loads(line)["number"] for line in written[:-1]] == numbers
    assert json.loads(written[-1])["lines"] == 4


async def test_people_see_one_line_each_and_no_terminal_obeys_what_is_in_it() -> None:
    status, written = await read(Choice())
    assert written[0].split()[1:] == ["2027-01-15", "08:00:00.000", "alice", "192.0.2.7", "login", "done"]
    assert "\x1b" not in "".join(written)
    assert status == 0
    assert written[-1].endswith("nothing is missing or changed")


async def test_a_line_that_is_missing_is_said_and_the_status_is_one() -> None:
    store = await kept()
    del store._lines[1]
    written: list[str] = []
    assert await shown(store, Choice(), [], written.append, as_json=False) == 1
    assert "! after line 1 comes line 3: some are missing" in written
    assert written[-1].endswith("faults")


async def test_a_line_that_the_log_knows_and_the_record_does_not_is_said() -> None:
    written: list[str] = []
    known = anchor(f"9:{'a' * 64}")
    assert await shown(await kept(), Choice(), [known], written.append, as_json=False) == 1
    assert "! there was a line 9, and the last that is kept is 4" in written


def test_times_without_a_zone_are_utc_and_rubbish_is_refused() -> None:
    assert moment("2027-01-15T08:00") == moment("2027-01-15T09:00+01:00") == NOW
    with pytest.raises(ValueError, match="Invalid"):
        moment("yesterday")
    with pytest.raises(ValueError, match="anchor"):
        anchor("9:xyz")
