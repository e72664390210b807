"""Finding somebody by name or number as one types (S1): accents and case don't matter.

An index is made once for a directory; a search in it takes well under a millisecond at 10,000 agents. Who may see what
is the caller's to say (`permitted`), requested in order and only until enough are found.

Better matches come first: the whole name, number or id; its beginning; beginnings of words in it; one slip of the
keyboard. Within each, those that the caller ranks (recents, favourites), then by name.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ari_app.errors import Refused
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType, parse_target

_WORD = re.compile(r"[^\W_]+")
_DIALLED = re.compile(r"\+?[0-9]+")
_SEPARATORS = re.compile(r"[\s().-]+")
# Letters that Unicode does not take apart into a base and an accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"})
# A shorter word has too many others one slip away.
_LEAST_FUZZY = 4
_UNRANKED: Mapping[Target, int] = MappingProxyType({})


def fold(text: str) -> str:
    """The text without case and accents: `Lefèvre` and `LEFEVRE` are one."""
    # Taken apart first: mathematical and other letters in disguise have no lower case until then.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).translate(_LETTERS).strip()


@dataclass(frozen=True, slots=True)
class _Entry:
    target: Target
    whole: tuple[str, ...]  # what an exact match or a beginning is of: name, number, id
    words: tuple[str, ...]
    order: tuple[str, str]


class _Beginnings:
    """Texts, each with the number of an entry that has it, found by how they begin."""

    def __init__(self, having: Iterable[tuple[str, int]]) -> None:
        pairs = sorted(set(having))
        self._texts = [text for text, _ in pairs]
        self._numbers = [number for _, number in pairs]

    def exactly(self, text: str) -> set[int]:
        start = bisect_left(self._texts, text)
        return set(self._numbers[start : bisect_right(self._texts, text, lo=start)])

    def beginning(self, text: str) -> set[int]:
        # One letter may begin ten thousand: a slice of them is quick, a union of as many sets is not.
        start = bisect_left(self._texts, text)
        return set(self._numbers[start : bisect_right(self._texts, text, lo=start, key=lambda t: t[: len(text)])])


class SearchIndex:
    """All targets of a directory, ready to be searched. Takes half a second to make for 10,000 agents."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._entries = sorted(_entries(directory), key=lambda e: e.order)
        self._numbers = {entry.target: number for number, entry in enumerate(self._entries)}
        self._wholes = _Beginnings((w, n) for n, entry in enumerate(self._entries) for w in entry.whole)
        self._words = _Beginnings((w, n) for n, entry in enumerate(self._entries) for w in entry.words)
        self._slips: dict[str, set[str]] = defaultdict(set)
        for word in {w for entry in self._entries for w in entry.words if len(w) >= _LEAST_FUZZY}:
            for slip in _without_one(word):
                self._slips[slip].add(word)

    def search(
        self,
        text: str,
        types: frozenset[TargetType],
        limit: int,
        permitted: Callable[[Target], bool],
        ranks: Mapping[Target, int] = _UNRANKED,
    ) -> list[Target]:
        """At most `limit` targets of these types that `permitted` allows, best first. No text finds all, by name.

        Of those that match equally well the ones in `ranks` come first, the lowest number before all.
        """
        found: dict[Target, None] = {}
        for target in self._candidates(fold(text), text, ranks):
            if len(found) == limit:
                break
            if target.type in types and target not in found and permitted(target):
                found[target] = None
        return list(found)

    def _candidates(self, folded: str, text: str, ranks: Mapping[Target, int]) -> Iterator[Target]:
        first = [number for target in sorted(ranks, key=ranks.__getitem__) for number in self._number_of(target)]
        if not folded:
            yield from (self._entries[number].target for number in first)
            yield from (entry.target for entry in self._entries)  # whoever asks leaves out what they have had
            return
        if (named := self._named(text)) is not None:
            yield named
        seen: set[int] = set()
        for find in (self._wholes.exactly, self._wholes.beginning, self._by_words, self._by_close_words):
            equal = find(folded)  # requested only when what came before was not enough
            equal -= seen
            yield from (self._entries[number].target for number in first if number in equal)
            yield from (self._entries[number].target for number in sorted(equal))
            seen |= equal

    def _number_of(self, target: Target) -> Iterator[int]:
        if target in self._numbers:
            yield self._numbers[target]

    def _named(self, text: str) -> Target | None:
        """What is written as a target (`skill:french>=3`), or dialled: an extension, a number outside."""
        compact = _SEPARATORS.sub("", text)
        try:
            if _DIALLED.fullmatch(compact):
                target = self._directory.resolve(parse_target(f"number:{compact}"))
            else:
                target = self._directory.resolve(parse_target(text.strip()))
        except Refused:
            return None
        return target if self._directory.exists(target) else None

    def _by_words(self, folded: str) -> set[int]:
        """Entries that have, for each word typed, one that begins with it, in any order."""
        tokens = _WORD.findall(folded)
        return set.intersection(*(self._words.beginning(t) for t in tokens)) if tokens else set()

    def _by_close_words(self, folded: str) -> set[int]:
        """As `_by_words`, with one letter more, less, other or swapped in each word."""
        tokens = _WORD.findall(folded)
        return set.intersection(*(self._words.beginning(t) | self._close(t) for t in tokens)) if tokens else set()

    def _close(self, token: str) -> set[int]:
        if len(token) < _LEAST_FUZZY:
            return set()
        words = set().union(*(self._slips.get(slip, ()) for slip in _without_one(token)))
        return set().union(*(self._words.exactly(word) for word in words if _one_slip(token, word)))


def matches(text: str, target: Target, name: str, number: str | None) -> bool:
    """Whether the target is one that `text` finds, slips apart. No text finds all."""
    entry = _entry(target, name, number)
    folded = fold(text)
    compact = _SEPARATORS.sub("", folded)
    if any(whole.startswith((folded, compact or folded)) for whole in entry.whole) or str(target) == text.strip():
        return True
    tokens = _WORD.findall(folded)
    return bool(tokens) and all(any(word.startswith(token) for word in entry.words) for token in tokens)


def _entries(directory: Directory) -> Iterator[_Entry]:
    for kind in TargetType:
        if kind is TargetType.VOICEMAIL:
            continue  # nobody calls a box
        for name, entry in directory.listed(kind).items():
            yield _entry(Target(kind, name), entry.name, entry.number)


def _entry(target: Target, name: str, number: str | None) -> _Entry:
    folded = fold(name)
    whole = tuple(w for w in (folded, number, fold(target.id)) if w)
    return _Entry(target, whole, tuple(_WORD.findall(folded)), (folded, str(target)))


def _without_one(word: str) -> Iterable[str]:
    """The word, and the word without each of its letters: two words one slip apart share one of these."""
    yield word
    for position in range(len(word)):
        yield word[:position] + word[position + 1 :]


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter is inserted, left out, another, or swapped with its neighbour."""
    if len(one) > len(other):
        one, other = other, one
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    swapped = one[:start] + one[start + 1 : start + 2] + one[start : start + 1] + one[start + 2 :]
    return one[start + 1 :] == other[start + 1 :] or swapped == other
