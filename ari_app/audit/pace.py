"""How fast one person, or program, may fill the record: pure. Beyond that their lines of one kind are one, with how
many they were, whom and which calls they concerned. So nobody has what was done before forgotten by doing much.

What takes something away for good has a line of its own always: there is only so much of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ari_app.audit.chain import LONGEST, TERMINAL, Entry
from ari_app.bucket import Bucket

FULL, A_SECOND = 600.0, 3.0
"""Lines of an agent after a pause, and from then on: more than anybody's work is."""
OF_PROGRAMS = 5.0
"""So many times that for a key, by which a program does what several people request."""
TOGETHER = 10.0
"""Seconds for which one line stands."""
NAMED = 20
"""Of the calls, agents and numbers in it."""
_OTHERS = frozenset({"", "contact", "system", TERMINAL})
"""Who is no person that is logged in: callers are bounded where they come in, refusals of nobody are counted."""
_KEY = "key:"
_ALWAYS = ("delete_", "forget")

type Kind = tuple[str, str, str]


@dataclass(slots=True)
class _Held:
    """Lines of one kind that wait to be one."""

    first: Entry
    times: int = 0
    last: float = 0.0
    calls: dict[str, None] = field(default_factory=dict)
    agents: dict[str, None] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        self.times += 1
        self.last = entry.at
        _some(self.calls, [entry.call] if entry.call else [])
        _some(self.agents, entry.agents)
        self.addresses.add(entry.address)
        for name, number in entry.numbers.items():
            if number not in self.numbers.values() and len(self.numbers) < NAMED:
                self.numbers[name if name not in self.numbers else f"{name}{len(self.numbers)}"] = number

    def line(self) -> Entry:
        if self.times == 1:
            return self.first
        details = {"times": str(self.times), "seconds": f"{self.last - self.first.at:.1f}"}
        if len(self.calls) > 1:
            details["calls"] = _whole(self.calls)
        return replace(
            self.first,
            address=self.first.address if len(self.addresses) == 1 else "",
            call=next(iter(self.calls), "") if len(self.calls) == 1 else "",
            agents=tuple(self.agents),
            details=details,
            numbers=self.numbers,
        )


def _whole(names: Iterable[str]) -> str:
    """As many as one value has room for."""
    found = ""
    for name in names:
        if len(found) + len(name) < LONGEST:
            found = f"{found} {name}".lstrip()
    return found


def _some(known: dict[str, None], more: Iterable[str]) -> None:
    for one in more:
        if len(known) < NAMED:
            known[one] = None


class Pace:
    """Give each entry to `take`, and write what that returns; what `due` returns as well, every so often. `clock` in
    seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._held: dict[Kind, _Held] = {}

    def take(self, entry: Entry) -> list[Entry]:
        """What is to be written now."""
        if entry.who in _OTHERS or entry.what.startswith(_ALWAYS) or self._has_room(entry.who):
            return [entry]
        kind = entry.who, entry.what, entry.outcome
        held = self._held.get(kind)
        if held is None:
            held = self._held[kind] = _Held(entry)
        held.add(entry)
        return []

    def _has_room(self, who: str) -> bool:
        now, bucket = self._clock(), self._buckets.get(who)
        if bucket is None:
            times = OF_PROGRAMS if who.startswith(_KEY) else 1.0
            bucket = self._buckets[who] = Bucket(A_SECOND * times, FULL * times, now)
        return bucket.take(now)

    def due(self, *, all_: bool = False) -> list[Entry]:
        """What has waited for long enough, or `all_` that waits."""
        now = self._clock()
        kinds = [kind for kind, held in self._held.items() if all_ or now - held.first.at >= TOGETHER]
        self._buckets = {who: bucket for who, bucket in self._buckets.items() if not bucket.is_full(now)}
        return [self._held.pop(kind).line() for kind in kinds]
