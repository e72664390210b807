"""Calls to numbers outside: how many an agent may have and make, and all agents together.

Counted under the name of the agent who dialled, also when they have left the call since: a transfer costs as much.
Nothing stands in the way of an emergency.
"""

from ari_app.calls.state import EVERYBODY
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused
from ari_app.routing.directory import OutsideNumber
from ari_app.routing.targets import Target


def is_emergency(step: Step, target: Target) -> bool:
    """Whether it is a number for emergencies."""
    entry = step.directory.entry(target)
    return isinstance(entry, OutsideNumber) and entry.emergency


def check(step: Step, agent: str, target: Target) -> None:
    """Whether this agent may dial the target now, which is one that they may dial at all.

    Raises:
        Refused: `not_allowed_now` while they are logged out, `too_many` for calls that go on, `rate_limited`.
    """
    entry = step.directory.entry(target, agent)
    if not isinstance(entry, OutsideNumber) or entry.emergency:
        return
    limits = step.directory.outside_limits(agent)
    if step.has_gone_home(agent) and not limits.dial_when_logged_out:
        raise Refused(Code.NOT_ALLOWED_NOW, "log in before you call numbers outside")
    for who, name, most in ((agent, "you have", limits.agent), (EVERYBODY, "there are", limits.everybody)):
        if step.outside_now(who) >= most.calls:
            raise Refused(Code.TOO_MANY, f"{name} {most.calls} calls to numbers outside, the most that may be")
        if len(step.outside_lately(who)) >= most.per_minute:
            raise Refused(Code.RATE_LIMITED, f"{name} {most.per_minute} calls to numbers outside in the last minute")


def room_for_all(step: Step) -> bool:
    """Whether one more may be dialled, as far as all together go."""
    most = step.directory.settings.outside.everybody
    lately = len(step.outside_lately(EVERYBODY))
    return step.outside_now(EVERYBODY) < most.calls and lately < most.per_minute


def note(step: Step, agent: str | None, target: Target) -> str | None:
    """The target is dialled for this agent, or for nobody in particular (EVERYBODY); under whose name it counts."""
    if agent is None or is_emergency(step, target):
        return None
    for who in {agent: None, EVERYBODY: None}:
        step.dialled_outside[who] = (*step.outside_lately(who), step.now)
    return agent
