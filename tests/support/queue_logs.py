"""Two files of queue_log beside each other: what app_queue has written, and what ours is of the same calls. Pure.

Ids, times of day and who of several was rung first differ; what stands in which field, and for how long, does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NONE = "NONE"
MEMBERS = frozenset({"ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL"})
_IN_SECONDS: Mapping[str, tuple[int, ...]] = {
    "CONNECT": (0, 2),
    "COMPLETECALLER": (0, 1),
    "COMPLETEAGENT": (0, 1),
    "BLINDTRANSFER": (2, 3),
    "ATTENDEDTRANSFER": (2, 3),
    "ABANDON": (2,),
    "EXITWITHTIMEOUT": (2,),
    "EXITWITHKEY": (3,),
}
"""Which fields are times in whole seconds; both their ends are cut off, so that one more or less is the same."""
_IN_MILLISECONDS: Mapping[str, tuple[int, ...]] = {"RINGNOANSWER": (0,), "RINGCANCELED": (0,)}
_OTHERWISE: Mapping[str, tuple[int, ...]] = {
    "CONNECT": (1,),  # the id of the agent's channel there, of their party here
    "BLINDTRANSFER": (0, 1),  # extension and context there, name and kind of the target here
    "ATTENDEDTRANSFER": (0, 1),  # the bridge there, the call here
    "EXITWITHKEY": (0,),  # the key, which is not kept here
}
"""Which fields are said otherwise here, as `ari_app/records/queue_log.py` says."""
_SHIFT = {1: 1, 1000: 1000}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `agent`: the first, second … one of this call."""

    event: str
    agent: int
    data: tuple[str, ...]

    def says_the_same_as(self, other: Entry) -> bool:
        """Whether fields are as many, those that are times about as long, and all others equal."""
        if (self.event, self.agent, len(self.data)) != (other.event, other.agent, len(other.data)):
            return False
        return all(self._same(at, *pair) for at, pair in enumerate(zip(self.data, other.data, strict=True)))

    def _same(self, at: int, mine: str, theirs: str) -> bool:
        if at in _OTHERWISE.get(self.event, ()):
            return True
        if at in _IN_SECONDS.get(self.event, ()):
            return abs(int(mine) - int(theirs)) <= _SHIFT[1]
        if at in _IN_MILLISECONDS.get(self.event, ()):
            return abs(int(mine) - int(theirs)) <= _SHIFT[1000]
        return mine == theirs


def calls(lines: Iterable[str], queue: str) -> list[list[Entry]]:
    """What was written of each call in this queue, in the order in which they came: ours is written when it is over."""
    found: dict[str, list[Entry]] = {}
    agents: dict[str, list[str]] = {}
    for line in sorted(lines, key=lambda each: int(each.partition("|")[0])):
        _, call, name, agent, event, *data = line.split("|")
        if name != queue or event in MEMBERS:
            continue
        known = agents.setdefault(call, [])
        if agent != NONE and agent not in known:
            known.append(agent)
        who = 0 if agent == NONE else 1 + known.index(agent)
        found.setdefault(call, []).append(Entry(event, who, tuple(data)))
    return list(found.values())


def members(lines: Iterable[str], queue: str) -> list[str]:
    """What was written of its members, without when and by whom: `alice|PAUSE|lunch`."""
    found = (line.split("|", 4) for line in lines)
    return [f"{agent}|{rest}" for _, _, name, agent, rest in found if name == queue and rest.split("|")[0] in MEMBERS]


def unlike(theirs: list[list[Entry]], ours: list[list[Entry]]) -> list[str]:
    """Where one call is not as the same one there, a line each."""
    if len(theirs) != len(ours):
        return [f"{len(theirs)} calls there, and {len(ours)} here"]
    wrong = []
    for number, (there, here) in enumerate(zip(theirs, ours, strict=True), 1):
        alike = len(there) == len(here) and all(a.says_the_same_as(b) for a, b in zip(there, here, strict=True))
        if not alike:
            wrong.append(f"call {number}: there {_shown(there)}; here {_shown(here)}")
    return wrong


def _shown(entries: Iterable[Entry]) -> str:
    return ", ".join(f"{each.event} {each.agent} {'|'.join(each.data)}" for each in entries)
