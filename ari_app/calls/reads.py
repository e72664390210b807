"""What a step reads of the machine's state: with that alone it would run the same again (see `replay`)."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Reads:
    """Filled by one step as it goes.

    `counter` numbers ids and effects, `linked` says whether Asterisk was there. `values` has what was looked up, by
    table of the state and key (None: nothing was there); `lists` has which keys there were, in order, by table or by
    index of the state and its key.
    """

    prefix: str
    counter: int
    linked: bool
    values: dict[tuple[str, Hashable], object] = field(default_factory=dict)
    lists: dict[tuple[str, str], tuple[Hashable, ...]] = field(default_factory=dict)

    def one[K: Hashable, V](self, table: str, kept: Mapping[K, V], key: K) -> V | None:
        """Look one value up."""
        value = kept.get(key)
        self.values[table, key] = value
        return value

    def all[K: Hashable](self, table: str, kept: Iterable[K], key: str = "") -> tuple[K, ...]:
        """Which keys there are."""
        keys = tuple(kept)
        self.lists[table, key] = keys
        return keys
