"""People are *they*, in code, documents, tests and configuration: whoever works here may be anybody."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ROOMS = (".ci", "ari_app", "asterisk", "docker", "docs", "tests")
# What others wrote, and what is made of it.
_FOREIGN = frozenset({"node_modules", "dist"})
# Names in code have words too: `a_call_of_their_own`.
_ONE_SEX = re.compile(r"(?<![a-z])(?:s?h[e]|hi[ms]|h[i]mself|h[e]rs?|h[e]rself)(?![a-z])", re.IGNORECASE)


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
        yield from (folder / name for name in files if not name.endswith(".pyc"))


def test_people_are_they() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _ONE_SEX.search(line))
    ]
    assert not found, "\n".join(found)
