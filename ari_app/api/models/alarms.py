"""Bodies about alarms, for those who oversee."""

from typing import Literal, get_args

from ari_app.api.models.common import Answer, Timestamp

type AlarmName = Literal[
    "oldest_wait",
    "service_level",
    "nobody_logged_in",
    "trunk_down",
    "held_too_long",
    "agent_gone",
    "not_called_back",
    "emergency_dialled",
    "unheard_message",
]
ALARMS: tuple[AlarmName, ...] = get_args(AlarmName.__value__)


class AlarmDocument(Answer):
    """Something is wrong, and somebody should look. `id` is that of this alarm, and of its end.

    `subject` is what it is about: `queue:…`, `group:…`, `voicemail:…`, `trunk:…`, `call:…`, `agent:…` or `phone:…`.
    `value` is what was found when it was raised, against `limit`: seconds, or a share from 0 to 1; null where there is
    none. `detail`: the number that was dialled in an emergency.
    """

    id: str
    alarm: AlarmName
    subject: str
    raised_at: Timestamp
    cleared_at: Timestamp | None = None
    value: float | None = None
    limit: float | None = None
    detail: str | None = None


class Alarms(Answer):
    """Those that are raised now, the first first."""

    alarms: list[AlarmDocument]
