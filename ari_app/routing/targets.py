"""What can be reached, as one string: `agent:alice`, `skill:french>=3`, `number:+33123456789`.

Owns the syntax of targets (docs/api.md, "Targets"). Whether one exists or may be reached is not decided here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ari_app.errors import Code, Refused


class TargetType(StrEnum):
    """The kinds of target."""

    AGENT = "agent"
    GROUP = "group"
    QUEUE = "queue"
    SKILL = "skill"
    ROUTING_POINT = "routing_point"
    NUMBER = "number"
    VOICEMAIL = "voicemail"

    @property
    def of_agents(self) -> bool:
        """Whether one of some agents is reserved and rung for it; else it is dialled at once, or answers by itself."""
        match self:
            case TargetType.AGENT | TargetType.GROUP | TargetType.QUEUE | TargetType.SKILL:
                return True
            case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
                return False
            case _:
                assert_never(self)


_NAMED = [kind for kind in TargetType if kind not in (TargetType.SKILL, TargetType.NUMBER)]
_TARGET = re.compile(
    rf"(?P<type>{'|'.join(_NAMED)}):(?P<id>[A-Za-z0-9_.-]{{1,64}})"
    r"|skill:(?P<skill>[A-Za-z0-9_.-]{1,64}?)(?:>=(?P<level>[0-9]{1,3}))?"
    r"|number:(?P<number>\+?[0-9]{1,32})"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that can be reached. `level` is for skills only: the least level requested."""

    type: TargetType
    id: str
    level: int = 1

    def __str__(self) -> str:
        suffix = f">={self.level}" if self.type is TargetType.SKILL and self.level > 1 else ""
        return f"{self.type.value}:{self.id}{suffix}"


def parse_target(text: str) -> Target:
    """Read a target.

    Raises:
        Refused: `unknown_target`, where the text is no target at all.
    """
    match = _TARGET.fullmatch(text)
    if match is None:
        raise Refused(Code.UNKNOWN_TARGET, f"{text[:100]!r} is not a target such as agent:alice or group:support")
    if (number := match["number"]) is not None:
        return Target(TargetType.NUMBER, number)
    if (skill := match["skill"]) is not None:
        return Target(TargetType.SKILL, skill, max(1, int(match["level"] or 1)))
    return Target(TargetType(match["type"]), match["id"])
