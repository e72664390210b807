"""Which targets an agent finds, in which order, and which they may have at all (S1-S3)."""

import asyncio
from collections.abc import Collection, Iterable

from ari_app.api.documents import name_of
from ari_app.api.port import Control
from ari_app.api.preferences import Preferences
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.permissions import allowed_purposes
from ari_app.routing.search import SearchIndex, matches
from ari_app.routing.targets import Target, TargetType, parse_target


class Finder:
    """Searches the directory as it is now."""

    def __init__(self, control: Control, preferences: Preferences) -> None:
        self._control = control
        self._preferences = preferences
        self._index: tuple[Directory, asyncio.Task[SearchIndex]] | None = None

    async def search(self, viewer: str, q: str, types: Collection[str], limit: int) -> tuple[Directory, list[Target]]:
        """What `viewer` finds, best first, in the directory that is returned with it."""
        ranks = await self._preferences.ranks(viewer)
        directory, index = await self._searchable()

        def permitted(target: Target) -> bool:
            return bool(allowed_purposes(directory, viewer, target))

        return directory, index.search(q, frozenset(map(TargetType, types)), limit, permitted, ranks)

    async def remembered(
        self, viewer: str, q: str, types: Collection[str], limit: int, *, recent: bool, favourite: bool
    ) -> tuple[Directory, list[Target]]:
        """Of their recents (newest first), their favourites, or what is both, those that match and may be had now.

        Raises:
            StoreUnavailable: they can't be read.
        """
        recents = await self._preferences.recents(viewer) if recent else []
        favourites = await self._preferences.favourites(viewer) if favourite else []
        listed = [t for t in recents if t in favourites] if recent and favourite else recents or favourites
        directory = self._control.directory()
        found = (t for t in listed if t.type in types and allowed_purposes(directory, viewer, t))
        return directory, [t for t in found if matches(q, t, name_of(directory, t), _number(directory, t))][:limit]

    def named(self, viewer: str, text: str) -> Target:
        """The target of this name, a number of ours as what it stands for.

        Raises:
            Refused: `unknown_target` for one that does not exist, or that they may do nothing with (S2, S3).
        """
        directory = self._control.directory()
        target = directory.resolve(parse_target(text))
        myself = target == Target(TargetType.AGENT, viewer)
        if not directory.exists(target) or not (myself or allowed_purposes(directory, viewer, target)):
            raise Refused(Code.UNKNOWN_TARGET, f"{target} is not a target of this call centre")
        return target

    def still(self, viewer: str, texts: Iterable[str]) -> list[Target]:
        """Of these names, each once, those that they may have now."""
        found: dict[Target, None] = {}
        for text in texts:
            try:
                found[self.named(viewer, text)] = None
            except Refused:
                continue
        return list(found)

    async def _searchable(self) -> tuple[Directory, SearchIndex]:
        """The index of this directory; making it takes a while for a large one, and calls must not wait for that."""
        directory = self._control.directory()
        if self._index is None or self._index[0] is not directory:
            self._index = (directory, asyncio.create_task(asyncio.to_thread(SearchIndex, directory)))
        return directory, await asyncio.shield(self._index[1])


def _number(directory: Directory, target: Target) -> str | None:
    entry = directory.entry(target)
    return entry.number if entry is not None else None
