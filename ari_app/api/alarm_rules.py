"""When an alarm is raised, and when it is over: pure. What is read may say that something is wrong, that it is fine, or
neither: between the two an alarm stays as it is, so that it does not come and go with each call."""

from dataclasses import dataclass, replace

from ari_app.api.models.supervision import LiveTarget, Share
from ari_app.routing.alarms import AlarmLimits

NOBODY_AFTER = 10.0
"""Seconds for which callers wait and nobody is logged in before that is an alarm: agents change places."""
TRUNK_AFTER = 5.0
"""Seconds for which a trunk is away, or back, before that counts."""
EMERGENCY_LASTS = 600.0
"""Seconds."""
FEWEST = 10
"""Callers of today below which their share says nothing."""
BETTER = 0.05
"""By so much a share must be better than its limit for the alarm to be over."""
_ROUNDING = 1e-9
PART_OF_WAIT = 0.5
"""The part of its limit below which the oldest wait must be."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is found of one thing. `wrong`, and `since` when, where that is known (seconds since the epoch); `fine`, so
    that an alarm may end. It must have been so for some seconds. `value` and `limit`, as an alarm shows them."""

    wrong: bool
    fine: bool
    since: float | None = None
    raise_after: float = 0.0
    clear_after: float = 0.0
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing as it was judged last. `raised_at`: None where there is no alarm."""

    raised_at: float | None = None
    wrong_since: float | None = None
    fine_since: float | None = None


def judge(before: Watched, reading: Reading, now: float) -> tuple[Watched, float | None]:
    """How it is now, and when it is to be judged again though nothing changes; None: need not be."""
    if before.raised_at is None:
        if not reading.wrong:
            return Watched(), None
        since = reading.since if reading.since is not None else before.wrong_since
        since = now if since is None else since
        due = since + reading.raise_after
        return (Watched(raised_at=now), None) if now >= due else (Watched(wrong_since=since), due)
    if not reading.fine:
        return replace(before, wrong_since=None, fine_since=None), None
    since = before.fine_since if before.fine_since is not None else now
    due = since + reading.clear_after
    return judge(Watched(), reading, now) if now >= due else (replace(before, fine_since=since), due)


def oldest_wait(oldest: float | None, limit: float, now: float) -> Reading:
    """Of who has waited longest, since `oldest`; None where nobody waits."""
    waited = now - oldest if oldest is not None else 0.0
    return Reading(
        oldest is not None,
        waited < limit * PART_OF_WAIT,
        oldest,
        raise_after=limit,
        value=round(waited, 1),
        limit=limit,
    )


def unheard_message(oldest: float | None, limit: float, now: float) -> Reading:
    """Of a box whose oldest message that nobody has heard was left at `oldest`; None where there is none."""
    age = now - oldest if oldest is not None else 0.0
    return Reading(oldest is not None, age < limit, oldest, raise_after=limit, value=round(age, 1), limit=limit)


def service_level(share: Share, limit: float) -> Reading:
    """Of today's callers, how many were answered in time."""
    if share.denominator < FEWEST:
        return Reading(wrong=False, fine=True)
    is_now = share.numerator / share.denominator
    better = min(1.0, limit + BETTER) - _ROUNDING
    return Reading(is_now < limit, is_now >= better, value=round(is_now, 3), limit=limit)


def nobody_logged_in(shown: LiveTarget) -> Reading:
    """Of callers who wait for nobody."""
    there = sum(count for state, count in shown.agents.items() if state != "logged_out")
    wrong = shown.waiting > 0 and not there
    return Reading(wrong, not wrong, raise_after=NOBODY_AFTER)


def trunk_down(*, reached: bool) -> Reading:
    """Of a trunk."""
    return Reading(not reached, reached, raise_after=TRUNK_AFTER, clear_after=TRUNK_AFTER)


def of_target(shown: LiveTarget, oldest: float | None, limits: AlarmLimits, now: float) -> dict[str, Reading | None]:
    """All that is read of a queue or group, by name; None where the administrator has set no limit."""
    return {
        "oldest_wait": oldest_wait(oldest, limits.oldest_wait, now) if limits.oldest_wait is not None else None,
        "service_level": service_level(shown.service_level, limits.service_level)
        if limits.service_level is not None
        else None,
        "nobody_logged_in": nobody_logged_in(shown) if limits.nobody_logged_in is not False else None,
    }
