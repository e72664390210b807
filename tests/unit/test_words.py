"""Words that are not used here, in code, documents, tests and configuration, and what is said instead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROOMS = (".ci", "ari_app", "asterisk", "docker", "docs", "tests")
# What others wrote, and what is made of it.
_FOREIGN = frozenset({"node_modules", "dist"})
# What a controller of an earlier version wrote.
_RECORDED = ROOT / "tests" / "unit" / "engine" / "recorded_story.json"

# Names in code have words too: `a_call_of_their_own`. Quoted alone it is a name that something had before.
_BEGIN, _END = r"(?<![a-z])(?<!\")", r"(?![a-z])"
WORDS = {
    "people are they: whoever works here may be anybody": r"s?h[e]|hi[ms]|h[i]mself|h[e]rs?|h[e]rself",
    "an event is reported, somebody is notified, a prompt is heard": r"(?<!agents_)(?<!agents )tol[d]",
    "a request is requested; who does not answer cannot be reached": r"a[s]ked",
    "callers wait in a queue, at a position": r"(?:place|callers?) in (?:the|a) li[n]e|end of the li[n]e"
    r"|li[n]e of (?:waiting )?callers|li[n]e moves",
    "what there is is reconciled": r"t(?:ook|ake|akes|aken|aking) st[o]ck",
}


def _texts() -> Iterator[tuple[Path, str]]:
    """What people write here and read; LICENSE is others' words."""
    beside = (x for x in ROOT.iterdir() if x.is_file() and x.name != "LICENSE")
    inside = (file for room in _ROOMS for file in _written(ROOT / room))
    for path in (*beside, *inside):
        try:
            yield path, path.read_text()
        except UnicodeDecodeError:
            continue  # sounds and pictures


def _written(room: Path) -> Iterator[Path]:
    for folder, folders, files in room.walk():
        folders[:] = [name for name in folders if name not in _FOREIGN]
        yield from (folder / name for name in files if not name.endswith(".pyc") and folder / name != _RECORDED)


@pytest.mark.parametrize(("instead", "word"), WORDS.items(), ids=range(len(WORDS)))
def test_words_that_others_would_misread_are_not_used(instead: str, word: str) -> None:
    pattern = re.compile(f"{_BEGIN}(?:{word}){_END}", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, f"{instead}\n" + "\n".join(found)
