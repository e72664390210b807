"""The documents of the repository as tests see them: links, headings, citations, commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FOREIGN = frozenset(
    {".git", ".venv", "reports", "mutants", "build", "dist", "node_modules", "__pycache__", ".hypothesis"}
)
_KINDS = frozenset({".py", ".md", ".yaml", ".yml", ".conf", ".toml", ".lua", ".sh", ".json", ".xml", ""})
_URL = re.compile(r"\b[a-z]+://\S+")
_CITED = re.compile(r"(?<![\w/.-])((?:[\w-]+/|\.\./)*[\w.-]*\w\.md)\b(?:, \"([^\"]+)\")?")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Citation:
    """A document that a file names, and the heading in it where one is named (`docs/api.md, "Calls"`)."""

    by: Path
    name: str
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.by.relative_to(ROOT)}: {self.name}" + (f', "{self.heading}"' if self.heading else "")

    @property
    def file(self) -> Path | None:
        """The document: beside the file that names it, in any directory above, or in docs/."""
        above = [folder for folder in self.by.parents if folder.is_relative_to(ROOT)]
        places = (folder / self.name for folder in (*above, ROOT / "docs"))
        return next((place.resolve() for place in places if place.is_file()), None)


@cache
def texts() -> dict[Path, str]:
    """All files of the repository that a person may have written, with their text."""
    found = {}
    for folder, folders, files in ROOT.walk():
        folders[:] = [name for name in folders if name not in _FOREIGN and not name.endswith(("_cache", ".egg-info"))]
        for name in files:
            path = folder / name
            if path.suffix in _KINDS and not name.startswith(".coverage"):
                found[path] = path.read_text(errors="replace")
    return found


def documents() -> dict[Path, str]:
    """The documents among them."""
    return {path: text for path, text in texts().items() if path.suffix == ".md"}


def citations(path: Path, text: str) -> Iterator[Citation]:
    """Every document that a text names."""
    for match in _CITED.finditer(_URL.sub("", text)):
        yield Citation(path, match[1], " ".join((match[2] or "").split()))


def links(text: str) -> list[str]:
    """Where the links of a document lead, but for those that leave the repository."""
    return [
        link for link in _LINK.findall(_FENCE.sub("", text)) if "://" not in link and not link.startswith("mailto:")
    ]


def headings(text: str) -> list[str]:
    """The headings of a document, as they are read."""
    return [heading.replace("`", "") for heading in _HEADING.findall(_FENCE.sub("", text))]


def anchors(text: str) -> set[str]:
    """What a link may have after `#`: the headings, as GitHub makes anchors of them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return [body for found, body in _FENCE.findall(text) if found == language]
