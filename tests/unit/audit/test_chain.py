"""A record in which nothing can be changed or left out unseen, and in which people can be forgotten."""

import json
from dataclasses import replace

import pytest

from ari_app.audit.chain import ERASED, Entry, Kept, Line, Link, Verifier, lines_of, read

NOW = 1_800_000_000.0
CALLED = Entry(
    NOW, "call_begun", "alice", "192.0.2.7", call="c1", agents=("alice",), details={"type": "outbound"},
    numbers={"contact": "+33612345678"},
)  # fmt: skip
ENTRIES = [Entry(NOW, "login", "alice"), CALLED, Entry(NOW, "call_over", "contact", call="c1"), Entry(NOW, "logout")]


def written(*entries: Entry) -> list[Line]:
    return list(lines_of(Link(), [(entry, f"salt{n}") for n, entry in enumerate(entries or ENTRIES)]))


def faults(lines: list[Line], kept: Kept | None = None, *anchors: Link) -> list[str]:
    verifier = Verifier(kept or Kept(Link(), written()[-1].link), anchors)
    for line in lines:
        verifier.feed(line)
    verifier.end()
    return verifier.faults


def test_what_is_written_is_read_as_it_was_and_nothing_is_wrong_with_it() -> None:
    assert [read(line) for line in written()] == ENTRIES
    assert faults(written()) == []


@pytest.mark.parametrize("gone", range(4))
def test_a_line_that_is_taken_out_shows_wherever_it_was(gone: int) -> None:
    lines = written()
    del lines[gone]
    assert faults(lines) != []


@pytest.mark.parametrize("changed", range(4))
def test_a_line_that_is_changed_shows_wherever_it_is(changed: int) -> None:
    lines = written()
    lines[changed] = replace(lines[changed], text=lines[changed].text.replace("alice", "bob").replace("c1", "c2") + " ")
    assert f"line {changed + 1} was changed" in faults(lines)


def test_a_line_that_is_written_anew_with_its_hash_shows_by_the_one_after_it() -> None:
    lines = written()
    lines[1] = lines_of(lines[0].link, [(replace(CALLED, who="bob"), "x")])[0]
    assert faults(lines) == ["line 3 does not follow the one before"]


def test_a_record_that_is_written_anew_from_there_on_shows_by_a_line_that_the_log_has() -> None:
    known = written()[2].link
    forged = written(*ENTRIES[:1], replace(CALLED, who="bob"), *ENTRIES[2:])
    assert faults(forged, Kept(Link(), forged[-1].link)) == []
    assert faults(forged, Kept(Link(), forged[-1].link), known) == ["line 3 is not the one that was known"]
    assert "there was a line 3" in faults(forged[:2], Kept(Link(), forged[1].link), known)[0]


def test_what_was_too_old_is_not_missed() -> None:
    lines = written()
    assert faults(lines[2:], Kept(lines[1].link, lines[-1].link)) == []


def test_numbers_are_beside_the_line_so_that_they_can_be_forgotten() -> None:
    lines = written()
    assert "612345678" not in lines[1].text
    lines[1] = replace(lines[1], opened="")
    assert read(lines[1]).numbers == {}
    assert faults(lines) == ["the numbers of 1 lines are gone, and 0 were to be forgotten"]
    lines += lines_of(lines[-1].link, [(Entry(NOW, "forget", "terminal", details={ERASED: "1"}), "")])
    assert faults(lines, Kept(Link(), lines[-1].link)) == []


def test_numbers_cannot_be_exchanged_for_others() -> None:
    lines = written()
    opened = json.loads(lines[1].opened)
    lines[1] = replace(lines[1], opened=json.dumps({**opened, "contact": "+33999999999"}))
    assert faults(lines) == ["the numbers of line 2 were changed"]


def test_nobody_can_guess_a_number_by_its_seal() -> None:
    one, two = (lines_of(Link(), [(CALLED, salt)])[0] for salt in ("a", "b"))
    assert json.loads(one.text)["sealed"] != json.loads(two.text)["sealed"]


def test_no_line_is_as_long_as_somebody_would_have_it() -> None:
    line = written(Entry(NOW, "reload", "x" * 5000, call="y" * 5000, details={"z": "z" * 5000}))[0]
    assert len(line.text) < 1000


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at":1}', '{"details":"x"}'])
def test_rubbish_in_the_place_of_a_line_is_a_fault_and_no_crash(text: str) -> None:
    line = Line(Link(1, "0" * 64), text, "rubbish")
    assert faults([line], Kept(Link(), line.link)) != []
    with pytest.raises(ValueError, match=r"line|Expecting"):
        read(line)
