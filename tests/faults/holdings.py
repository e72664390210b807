"""What there is of calls in all parts of a cluster, and what of that should not be there. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Holdings:
    """`calls` and `channels` by id, `bridges` by how many there are at each Asterisk, `agents` by state.

    `redis` has how much there is of each thing that calls leave there.
    """

    calls: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    bridges: Mapping[str, int] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    redis: Mapping[str, int] = field(default_factory=dict)


def differences(found: Holdings, wanted: Holdings) -> Iterator[str]:
    """What is there and should not be, and what is not and should."""
    ids = (("call", found.calls, wanted.calls), ("channel", found.channels, wanted.channels))
    for what, here, there in ids:
        yield from (f"{what} {each} was left behind" for each in sorted(here - there))
        yield from (f"{what} {each} is lost" for each in sorted(there - here))
    for where in sorted({*found.bridges, *wanted.bridges}):
        yield from _amount(f"bridges at {where}", found.bridges.get(where, 0), wanted.bridges.get(where, 0))
    for kind in sorted({*found.redis, *wanted.redis}):
        yield from _amount(f"{kind} in Redis", found.redis.get(kind, 0), wanted.redis.get(kind, 0))
    for agent, state in sorted(wanted.agents.items()):
        if found.agents.get(agent) != state:
            yield f"{agent} is {found.agents.get(agent)} in place of {state}"


def _amount(what: str, here: int, there: int) -> Iterator[str]:
    if here != there:
        yield f"{what}: {here} in place of {there}"


def counted(snapshots: Iterable[str], others: Mapping[str, int]) -> dict[str, int]:
    """How much Redis has of calls, without what it has none of: `snapshots` are their fields there (`call:<id>`).

    Calls that are over are kept for a minute, for who repeats a command on them: they are not left behind. Nor is what
    each agent does now (`state:<agent>`), which is of no call.
    """
    up = (field for field in snapshots if not field.startswith(("over:", "state:")))
    kinds = Counter(f"snapshots of {field.partition(':')[0]}s" for field in up)
    return {what: number for what, number in {**kinds, **others}.items() if number}
