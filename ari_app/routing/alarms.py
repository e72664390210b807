"""When those who oversee are alarmed of a queue or group: limits, as the administrator lists them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """None: no limit. `oldest_wait` in seconds; `service_level`: a share from 0 to 1; `nobody_logged_in`: whether
    callers who wait while none of its agents is logged in are an alarm."""

    oldest_wait: float | None = None
    service_level: float | None = None
    nobody_logged_in: bool | None = None

    def over(self, usual: "AlarmLimits") -> "AlarmLimits":
        """These, and what they do not say as usual."""
        return AlarmLimits(
            self.oldest_wait if self.oldest_wait is not None else usual.oldest_wait,
            self.service_level if self.service_level is not None else usual.service_level,
            self.nobody_logged_in if self.nobody_logged_in is not None else usual.nobody_logged_in,
        )
