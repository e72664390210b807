"""The administrator's file: when those who oversee are alarmed of a queue or group."""

from typing import Annotated

from pydantic import Field

from ari_app.config.entry import Entry
from ari_app.routing.alarms import AlarmLimits


class AlarmsEntry(Entry):
    """When supervisors, administrators and `webhooks` are alarmed of a queue or group. What a queue or group does not
    say is as `settings.alarms` says."""

    oldest_wait: Annotated[float, Field(ge=1, le=86_400)] | None = None
    """Seconds that the caller may wait who has waited longest. The alarm is over when it is less than half as many."""
    service_level: Annotated[float, Field(gt=0, le=1)] | None = None
    """The part of today's callers who are answered in time (`settings.service_level`) below which it is an alarm, such
    as 0.8: from the tenth caller on, and until it is 0.05 better."""
    nobody_logged_in: bool | None = None
    """Whether it is one that callers have waited for 10 seconds while none of its agents is logged in. It is unless
    this is `false`."""

    def limits(self) -> AlarmLimits:
        """As they are applied."""
        return AlarmLimits(self.oldest_wait, self.service_level, self.nobody_logged_in)
